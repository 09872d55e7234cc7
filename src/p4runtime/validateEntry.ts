/** Keys, actions and flags of a table entry against its table. Spec: sections 8.3 and 9.1. */
import { Update_Type, type Action, type FieldMatch, type TableEntry } from '../proto/index.js';
import { bigintOf, padded } from './bytestring.js';
import type { MatchFieldSchema, Schema, TableSchema } from './schema.js';
import { Code, invalid, StatusError } from './status.js';
import { validateAction } from './validateAction.js';
import { validateWeights } from './validateProfile.js';

/** Throws a StatusError when P4Info forbids to write this entry. */
export function validateTableEntry(
  schema: Schema,
  type: Update_Type,
  table: TableSchema,
  entry: TableEntry,
): void {
  if (entry.isDefaultAction) {
    if (type !== Update_Type.MODIFY) throw invalid(`${table.name}: modify the default entry`);
    if (entry.match.length > 0 || entry.priority !== 0) {
      throw invalid(`${table.name}: a default entry has neither match nor priority`);
    }
    if (table.constDefaultActionId !== 0) throw denied(table, 'constant default action');
  } else {
    validateMatch(table, entry);
    if (table.isConst && (type !== Update_Type.MODIFY || entry.action)) {
      throw denied(table, 'constant entries');
    }
  }
  if (type === Update_Type.DELETE) return;
  validateParts(table, entry);
  if (entry.action?.type) validateTableAction(schema, table, entry);
  else if (type === Update_Type.INSERT) throw invalid(`${table.name}: an entry needs an action`);
}

function denied(table: TableSchema, what: string): StatusError {
  return new StatusError(Code.PERMISSION_DENIED, `${table.name}: ${what}`);
}

function validateParts(table: TableSchema, entry: TableEntry): void {
  const { name } = table;
  if (entry.isConst) throw invalid(`${name}: only the program makes constant entries`);
  if (entry.idleTimeoutNs !== 0n) throw invalid(`${name}: has no idle timeout`);
  if (entry.timeSinceLastHit) throw invalid(`${name}: the time since a hit is for reading`);
  if (entry.counterData && !table.hasCounter) throw invalid(`${name}: has no counter`);
  if (entry.meterConfig && !table.hasMeter) throw invalid(`${name}: has no meter`);
  if (entry.meterCounterData) throw invalid(`${name}: has no counters by colour`);
}

function validateTableAction(schema: Schema, table: TableSchema, entry: TableEntry): void {
  const action = entry.action!.type!;
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
  if (!isSet || !profile) return;
  const parts = action.value.actionProfileActions;
  validateWeights(profile, parts);
  const size = profile.countsMembers ? parts.length : parts.reduce((sum, p) => sum + p.weight, 0);
  if (profile.maxGroupSize > 0 && size > profile.maxGroupSize) {
    throw invalid(`${table.name}: set of ${size}, ${profile.maxGroupSize} at most`);
  }
  for (const part of parts) {
    if (!part.action) throw invalid(`${table.name}: a set is of actions`);
    checkAction(part.action);
  }
}

/** Throws unless the entry's key is one of this table's. */
export function validateMatch(table: TableSchema, entry: TableEntry): void {
  if (table.fields.length === 0) throw invalid(`${table.name}: has no key`);
  const seen = new Set<number>();
  for (const match of entry.match) {
    const field = table.fields.find((f) => f.id === match.fieldId);
    if (!field) throw invalid(`${table.name}: unknown field id ${match.fieldId}`);
    if (seen.has(field.id)) throw invalid(`${table.name}: ${field.name} twice`);
    seen.add(field.id);
    validateField(field, match, table.name);
  }
  for (const field of table.fields) {
    if (field.type === 'exact' && !seen.has(field.id)) {
      throw invalid(`${table.name}: ${field.name} is missing`);
    }
  }
  if (table.hasPriority !== entry.priority > 0) {
    throw invalid(`${table.name}: priority ${entry.priority}`);
  }
}

function validateField(field: MatchFieldSchema, match: FieldMatch, table: string): void {
  const what = `${table}: ${field.name}`;
  const m = match.fieldMatchType;
  if (m?.$case !== field.type) throw invalid(`${what}: match is not ${field.type}`);
  const number = (bytes: Uint8Array): bigint => bigintOf(padded(bytes, field.bitWidth, what));
  switch (m.$case) {
    case 'exact':
    case 'optional':
      number(m.value.value);
      return;
    case 'lpm': {
      const { prefixLen } = m.value;
      const value = number(m.value.value);
      if (prefixLen <= 0 || prefixLen > field.bitWidth) throw invalid(`${what}: /${prefixLen}`);
      const host = (1n << BigInt(field.bitWidth - prefixLen)) - 1n;
      if ((value & host) !== 0n) throw invalid(`${what}: bits behind the prefix are set`);
      return;
    }
    case 'ternary': {
      const mask = number(m.value.mask);
      if (mask === 0n) throw invalid(`${what}: leave out what is don't care`);
      if ((number(m.value.value) & ~mask) !== 0n) throw invalid(`${what}: value outside its mask`);
      return;
    }
    case 'range': {
      const [low, high] = [number(m.value.low), number(m.value.high)];
      if (low > high) throw invalid(`${what}: empty range`);
      if (high - low === (1n << BigInt(field.bitWidth)) - 1n) {
        throw invalid(`${what}: leave out what is don't care`);
      }
      return;
    }
  }
}
