/**
 * Table entries as people read and write them: names for ids, natural text for values. The one form
 * in which the controller plans, the API answers and the CLI prints.
 */
import {
  ActionProfileActionSet,
  TableEntry as TableEntryMessage,
  type Action,
  type FieldMatch,
  type TableEntry,
} from '../proto/index.js';
import { UmbraError } from '../base/errors.js';
import { formatMatch, parseMatch } from './matchText.js';
import type { ActionSchema, Schema, TableSchema } from './schema.js';
import { formatValue, parseValue } from './valueText.js';

/** One action of a one-shot action set; of all, this share of flows: weight / sum of weights. */
export interface WeightedAction {
  action: string;
  params?: Record<string, string>;
  /** 1 unless given. */
  weight?: number;
}

/** A table entry as text. */
export interface Rule {
  /** Full name or unique suffix. */
  table: string;
  /**
   * By field name: `10.0.1.0/24` (lpm), `80` (exact, optional), `0x10&&&0xf0`, `10.0.0.0/8` or `80`
   * (ternary), `1..5` (range). A field that is left out is don't care.
   */
  match: Record<string, string>;
  /** For tables with ternary, range or optional keys; larger wins. */
  priority?: number;
  isDefault?: boolean;
  action?: string;
  params?: Record<string, string>;
  /** Of an action profile, instead of an action. */
  member?: number;
  group?: number;
  /** Instead of a group: its actions, written with the entry itself. */
  oneShot?: WeightedAction[];
  /** Direct counter, when it was read. */
  counter?: { packets: number; bytes: number };
}

/** The entry of a rule. Throws NOT_FOUND or INVALID_INPUT naming table and field. */
export function entryFromRule(schema: Schema, rule: Rule): TableEntry {
  const table = schema.tables.get(rule.table);
  const known = new Set(table.fields.map((field) => field.name));
  for (const name of Object.keys(rule.match)) {
    if (!known.has(name)) throw new UmbraError('NOT_FOUND', `${table.name}: no key '${name}'`);
  }
  const match = table.fields.flatMap((field): FieldMatch[] => {
    const text = rule.match[field.name];
    const parsed = text === undefined ? undefined : parseMatch(field, text, table.name);
    if (!parsed && field.type === 'exact' && !rule.isDefault) {
      throw new UmbraError('INVALID_INPUT', `${table.name}: ${field.name} needs a value`);
    }
    return parsed ? [{ fieldId: field.id, fieldMatchType: parsed }] : [];
  });
  return TableEntryMessage.fromPartial({
    tableId: table.id,
    match,
    priority: rule.isDefault ? 0 : (rule.priority ?? (table.hasPriority ? 1 : 0)),
    isDefaultAction: rule.isDefault ?? false,
    action: tableAction(schema, table, rule),
  });
}

function tableAction(schema: Schema, table: TableSchema, rule: Rule): TableEntry['action'] {
  if (rule.member !== undefined) {
    return { type: { $case: 'actionProfileMemberId', value: rule.member } };
  }
  if (rule.group !== undefined) {
    return { type: { $case: 'actionProfileGroupId', value: rule.group } };
  }
  if (rule.oneShot !== undefined) {
    const actionProfileActions = rule.oneShot.map(({ action, params, weight }) => ({
      action: actionMessage(schema.actionOf(table, action), params ?? {}),
      weight: weight ?? 1,
    }));
    const value = ActionProfileActionSet.fromPartial({ actionProfileActions });
    return { type: { $case: 'actionProfileActionSet', value } };
  }
  if (rule.action === undefined) return undefined;
  const action = schema.actionOf(table, rule.action);
  return { type: { $case: 'action', value: actionMessage(action, rule.params ?? {}) } };
}

/** An action with its parameters from text. Throws INVALID_INPUT naming the parameter. */
export function actionMessage(action: ActionSchema, params: Record<string, string>): Action {
  for (const name of Object.keys(params)) {
    if (!action.params.some((param) => param.name === name)) {
      throw new UmbraError('NOT_FOUND', `${action.name}: no parameter '${name}'`);
    }
  }
  return {
    actionId: action.id,
    params: action.params.map((param) => {
      const text = params[param.name];
      const what = `${action.name}: ${param.name}`;
      if (text === undefined) throw new UmbraError('INVALID_INPUT', `${what} needs a value`);
      return { paramId: param.id, value: parseValue(text, param.bitWidth, what) };
    }),
  };
}

/** An action's parameters as text. */
export function paramsOf(action: ActionSchema, message: Action): Record<string, string> {
  const result: Record<string, string> = {};
  for (const { paramId, value } of message.params) {
    const param = action.params.find((p) => p.id === paramId);
    if (param) result[param.name] = formatValue(value, param.bitWidth, param.name);
  }
  return result;
}

/** The rule of an entry. Throws NOT_FOUND for ids the schema does not know. */
export function ruleFromEntry(schema: Schema, entry: TableEntry): Rule {
  const table = schema.tables.get(entry.tableId);
  const rule: Rule = { table: table.name, match: {} };
  for (const { fieldId, fieldMatchType } of entry.match) {
    const field = table.fields.find((f) => f.id === fieldId);
    if (field && fieldMatchType) rule.match[field.name] = formatMatch(field, fieldMatchType);
  }
  if (table.hasPriority && !entry.isDefaultAction) rule.priority = entry.priority;
  if (entry.isDefaultAction) rule.isDefault = true;
  const type = entry.action?.type;
  if (type?.$case === 'action') {
    const action = schema.actions.get(type.value.actionId);
    rule.action = action.name;
    rule.params = paramsOf(action, type.value);
  } else if (type?.$case === 'actionProfileMemberId') {
    rule.member = type.value;
  } else if (type?.$case === 'actionProfileGroupId') {
    rule.group = type.value;
  } else if (type?.$case === 'actionProfileActionSet') {
    rule.oneShot = type.value.actionProfileActions.map(({ action, weight }) => {
      const { actionId } = action ?? { actionId: 0 };
      const found = schema.actions.get(actionId);
      return { action: found.name, params: action ? paramsOf(found, action) : {}, weight };
    });
  }
  if (entry.counterData) {
    const { packetCount, byteCount } = entry.counterData;
    rule.counter = { packets: Number(packetCount), bytes: Number(byteCount) };
  }
  return rule;
}
