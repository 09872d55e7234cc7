/** Keys, actions and flags of a table entry against its table. Spec: section 9.1. */
import { Update_Type, type Action, type TableEntry } from '../proto/index.js';
import type { Schema, TableSchema } from './schema.js';
import { Code, invalid, StatusError } from './status.js';
import { validateAction } from './validateAction.js';
import { validateFields } from './validateFields.js';
import { validateActionSet } from './validateProfile.js';
import { validateColours, validateCounts, validateMeterConfig } from './validateResource.js';

/** Throws a StatusError when P4Info forbids to write this entry. */
export function validateTableEntry(
  schema: Schema,
  type: Update_Type,
  table: TableSchema,
  entry: TableEntry,
): void {
  if (entry.isConst) throw invalid(`${table.name}: only the program makes constant entries`);
  if (entry.isDefaultAction) {
    if (type !== Update_Type.MODIFY) throw invalid(`${table.name}: modify the default entry`);
    validateDefaultKey(table, entry);
    if (table.constDefaultActionId !== 0) throw denied(table, 'constant default action');
  } else {
    validateMatch(table, entry);
    if (table.isConst && (type !== Update_Type.MODIFY || entry.action)) {
      throw denied(table, 'constant entries');
    }
  }
  if (type === Update_Type.DELETE) return;
  validateParts(table, entry);
  if (entry.action) validateTableAction(schema, table, entry);
  else if (type === Update_Type.INSERT) throw invalid(`${table.name}: an entry needs an action`);
}

/** Throws unless nothing but the flag names the default entry. */
export function validateDefaultKey(table: TableSchema, entry: TableEntry): void {
  if (entry.match.length > 0 || entry.priority !== 0) {
    throw invalid(`${table.name}: a default entry has neither match nor priority`);
  }
}

function denied(table: TableSchema, what: string): StatusError {
  return new StatusError(Code.PERMISSION_DENIED, `${table.name}: ${what}`);
}

function validateParts(table: TableSchema, entry: TableEntry): void {
  const { name, meterType } = table;
  const mayExpire = table.supportsTimeout && !entry.isDefaultAction && !table.isConst;
  if (entry.idleTimeoutNs < 0n || (entry.idleTimeoutNs !== 0n && !mayExpire)) {
    throw invalid(`${name}: an idle timeout of ${entry.idleTimeoutNs} ns`);
  }
  if (entry.timeSinceLastHit) throw invalid(`${name}: the time since a hit is for reading`);
  if (entry.counterData && !table.hasCounter) throw invalid(`${name}: has no counter`);
  validateCounts(name, entry.counterData);
  if (!meterType && (entry.meterConfig || entry.meterCounterData)) {
    throw invalid(`${name}: has no meter`);
  }
  if (meterType) validateMeterConfig(name, meterType, entry.meterConfig);
  validateColours(name, entry.meterCounterData);
}

function validateTableAction(schema: Schema, table: TableSchema, entry: TableEntry): void {
  const action = entry.action?.type;
  if (!action) throw invalid(`${table.name}: an action of no kind`);
  if (entry.isDefaultAction) {
    if (action.$case !== 'action') throw invalid(`${table.name}: the default is an action`);
    if (table.tableOnly.has(action.value.actionId)) throw denied(table, 'action for entries only');
    validateAction([...table.actions, ...table.defaultActions], action.value, table.name);
    return;
  }
  const profile = schema.profiles.find(table.profileId);
  const isGroup = action.$case === 'actionProfileGroupId';
  const isSet = action.$case === 'actionProfileActionSet';
  if ((action.$case === 'action') !== (profile === undefined)) {
    throw invalid(`${table.name}: ${profile ? 'a member' : 'an action'} expected`);
  }
  if ((isGroup || isSet) && !profile?.withSelector) {
    throw invalid(`${table.name}: has no groups`);
  }
  const checkAction = (given: Action): void => {
    if (table.defaultActions.some((a) => a.id === given.actionId)) {
      throw denied(table, 'action for the default entry only');
    }
    validateAction(table.actions, given, table.name);
  };
  if (action.$case === 'action') checkAction(action.value);
  if (isSet && profile) validateActionSet(profile, action.value, table.name, checkAction);
}

/** Throws unless the entry's key is one of this table's. */
export function validateMatch(table: TableSchema, entry: TableEntry): void {
  if (table.fields.length === 0) throw invalid(`${table.name}: has no key`);
  validateFields(table.name, table.fields, entry.match);
  if (entry.priority < 0 || table.hasPriority !== entry.priority > 0) {
    throw invalid(`${table.name}: priority ${entry.priority}`);
  }
}
