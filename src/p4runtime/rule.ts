/**
 * Table entries as people read and write them: names for ids, natural text for values. The one form
 * in which the controller plans, the API answers and the CLI prints.
 */
import type { Action, FieldMatch, TableEntry } from '../proto/index.js';
import { TableEntry as TableEntryMessage } from '../proto/index.js';
import { UmbraError } from '../base/errors.js';
import { bigintOf, bytesOfBigint, canonical, padded } from './bytestring.js';
import type { ActionSchema, MatchFieldSchema, Schema, TableSchema } from './schema.js';
import { formatValue, parseValue } from './valueText.js';

/** A table entry as text. */
export interface Rule {
  /** Full name or unique suffix. */
  table: string;
  /**
   * By field name: `10.0.1.0/24` (lpm), `80` (exact, optional), `0x10&&&0xf0` or `80` (ternary),
   * `1..5` (range). A field that is left out is don't care.
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
    const parsed = text === undefined ? undefined : parseMatch(field, text, table);
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
  }
  if (entry.counterData) {
    const { packetCount, byteCount } = entry.counterData;
    rule.counter = { packets: Number(packetCount), bytes: Number(byteCount) };
  }
  return rule;
}

/** Undefined for a match that says don't care. */
function parseMatch(
  field: MatchFieldSchema,
  text: string,
  table: TableSchema,
): FieldMatch['fieldMatchType'] {
  const { bitWidth } = field;
  const what = `${table.name}: ${field.name}`;
  const value = (part: string): Uint8Array => parseValue(part, bitWidth, what);
  switch (field.type) {
    case 'exact':
      return { $case: 'exact', value: { value: value(text) } };
    case 'optional':
      return { $case: 'optional', value: { value: value(text) } };
    case 'lpm': {
      const [address = '', length = String(bitWidth)] = text.split('/');
      if (!/^\d+$/.test(length) || Number(length) > bitWidth) {
        throw new UmbraError('INVALID_INPUT', `${what}: '${text}' is no prefix`);
      }
      const prefixLen = Number(length);
      if (prefixLen === 0) return undefined;
      const bits = BigInt(bitWidth - prefixLen);
      const prefix = bytesOfBigint((bigintOf(value(address)) >> bits) << bits);
      return { $case: 'lpm', value: { value: prefix, prefixLen } };
    }
    case 'ternary': {
      const all = (1n << BigInt(bitWidth)) - 1n;
      const [part = '', maskPart] = text.split('&&&');
      const slash = maskPart === undefined ? part.split('/') : [part];
      const length = slash[1] === undefined ? bitWidth : Number(slash[1]);
      const prefix = (all >> BigInt(bitWidth - length)) << BigInt(bitWidth - length);
      const mask = maskPart === undefined ? prefix : bigintOf(value(maskPart));
      if (mask === 0n) return undefined;
      const masked = bytesOfBigint(bigintOf(value(slash[0]!)) & mask);
      return { $case: 'ternary', value: { value: masked, mask: bytesOfBigint(mask) } };
    }
    case 'range': {
      const [low = '', high = low] = text.split('..');
      return { $case: 'range', value: { low: value(low), high: value(high) } };
    }
  }
}

function formatMatch(
  field: MatchFieldSchema,
  match: NonNullable<FieldMatch['fieldMatchType']>,
): string {
  const text = (bytes: Uint8Array): string => formatValue(bytes, field.bitWidth, field.name);
  switch (match.$case) {
    case 'exact':
    case 'optional':
      return text(match.value.value);
    case 'lpm':
      return `${text(match.value.value)}/${match.value.prefixLen}`;
    case 'ternary': {
      const mask = padded(match.value.mask, field.bitWidth, field.name);
      const isWhole = bigintOf(mask) === (1n << BigInt(field.bitWidth)) - 1n;
      if (isWhole) return text(match.value.value);
      return `${text(match.value.value)}&&&0x${bigintOf(canonical(mask)).toString(16)}`;
    }
    case 'range':
      return `${text(match.value.low)}..${text(match.value.high)}`;
    case 'other':
      return '?';
  }
}
