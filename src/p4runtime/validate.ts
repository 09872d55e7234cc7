/**
 * What P4Info alone can tell about a write: unknown ids, widths, missing fields, priorities. Done
 * once, before a target sees an update. Spec: P4Runtime 1.5, sections 8.3, 9.1 to 9.5.
 */
import {
  Update_Type,
  type Action,
  type ActionProfileGroup,
  type Entity,
  type FieldMatch,
  type TableEntry,
} from '../proto/index.js';
import { bigintOf, padded } from './bytestring.js';
import type { ActionSchema, MatchFieldSchema, Schema, TableSchema } from './schema.js';
import { Code, StatusError } from './status.js';

function invalid(message: string): StatusError {
  return new StatusError(Code.INVALID_ARGUMENT, message);
}

/** Throws a StatusError when P4Info forbids the update. */
export function validateUpdate(schema: Schema, type: Update_Type, entity: Entity): void {
  const isWriteType =
    type === Update_Type.INSERT || type === Update_Type.MODIFY || type === Update_Type.DELETE;
  if (!isWriteType) throw invalid('update without a type');
  const e = entity.entity;
  if (!e) throw invalid('update without an entity');
  switch (e.$case) {
    case 'tableEntry':
      return validateTableEntry(schema, type, e.value);
    case 'actionProfileMember': {
      const profile = find(schema.profiles.find(e.value.actionProfileId), 'action profile');
      if (type === Update_Type.DELETE) return;
      const tables = profile.tableIds.map((id) => schema.tables.get(id));
      if (!e.value.action) throw invalid(`${profile.name}: a member needs an action`);
      validateAction(
        tables.flatMap((table) => table.actions),
        e.value.action,
        profile.name,
      );
      return;
    }
    case 'actionProfileGroup':
      return validateGroup(schema, type, e.value);
    case 'counterEntry':
    case 'meterEntry':
    case 'registerEntry':
    case 'directCounterEntry':
    case 'directMeterEntry':
      if (type !== Update_Type.MODIFY) throw invalid(`${e.$case} can only be modified`);
      return;
    case 'packetReplicationEngineEntry':
      return validateReplication(e.value.type);
    case 'digestEntry':
      find(schema.digests.find(e.value.digestId), 'digest');
      return;
    default:
      throw new StatusError(Code.UNIMPLEMENTED, `${e.$case} is not implemented`);
  }
}

function find<T>(found: T | undefined, kind: string): T {
  if (found === undefined) throw invalid(`unknown ${kind} id`);
  return found;
}

function validateTableEntry(schema: Schema, type: Update_Type, entry: TableEntry): void {
  const table = find(schema.tables.find(entry.tableId), 'table');
  if (entry.isDefaultAction) {
    if (type !== Update_Type.MODIFY) throw invalid(`${table.name}: modify the default entry`);
    if (entry.match.length > 0 || entry.priority !== 0) {
      throw invalid(`${table.name}: a default entry has neither match nor priority`);
    }
  } else {
    validateMatch(table, entry);
    if (table.isConst && type !== Update_Type.MODIFY) {
      throw new StatusError(Code.PERMISSION_DENIED, `${table.name} is constant`);
    }
  }
  if (type === Update_Type.DELETE) return;
  if (entry.idleTimeoutNs !== 0n) throw invalid(`${table.name}: has no idle timeout`);
  if (entry.counterData && !table.hasCounter) throw invalid(`${table.name}: has no counter`);
  if (entry.meterConfig && !table.hasMeter) throw invalid(`${table.name}: has no meter`);
  const action = entry.action?.type;
  if (!action) {
    if (type === Update_Type.INSERT) throw invalid(`${table.name}: an entry needs an action`);
    return;
  }
  if (entry.isDefaultAction && table.constDefaultActionId !== 0) {
    throw new StatusError(Code.PERMISSION_DENIED, `${table.name}: constant default action`);
  }
  const isDirect = action.$case === 'action';
  if (isDirect !== (table.profileId === 0) && !entry.isDefaultAction) {
    throw invalid(`${table.name}: ${table.profileId === 0 ? 'an action' : 'a member'} expected`);
  }
  const allowed = entry.isDefaultAction
    ? [...table.actions, ...table.defaultActions]
    : table.actions;
  if (action.$case === 'action') {
    if (
      !entry.isDefaultAction &&
      table.defaultActions.some((a) => a.id === action.value.actionId)
    ) {
      throw new StatusError(Code.PERMISSION_DENIED, `${table.name}: action for default only`);
    }
    validateAction(allowed, action.value, table.name);
  } else if (action.$case === 'actionProfileActionSet') {
    for (const part of action.value.actionProfileActions) {
      if (!part.action || part.weight <= 0) throw invalid(`${table.name}: weights are 1 or more`);
      validateAction(allowed, part.action, table.name);
    }
  }
}

function validateMatch(table: TableSchema, entry: TableEntry): void {
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
    case 'range':
      if (number(m.value.low) > number(m.value.high)) throw invalid(`${what}: empty range`);
      return;
  }
}

function validateAction(allowed: readonly ActionSchema[], action: Action, owner: string): void {
  const schema = allowed.find((a) => a.id === action.actionId);
  if (!schema) throw invalid(`${owner}: action id ${action.actionId} is not allowed`);
  if (action.params.length !== schema.params.length) {
    throw invalid(`${schema.name}: ${action.params.length} of ${schema.params.length} parameters`);
  }
  for (const param of schema.params) {
    const given = action.params.find((p) => p.paramId === param.id);
    if (!given) throw invalid(`${schema.name}: ${param.name} is missing`);
    padded(given.value, param.bitWidth, `${schema.name}: ${param.name}`);
  }
}

function validateGroup(schema: Schema, type: Update_Type, group: ActionProfileGroup): void {
  const profile = find(schema.profiles.find(group.actionProfileId), 'action profile');
  if (!profile.withSelector) throw invalid(`${profile.name}: has no groups`);
  if (type === Update_Type.DELETE) return;
  const ids = new Set(group.members.map((member) => member.memberId));
  if (ids.size !== group.members.length) throw invalid(`${profile.name}: a member twice`);
  const weights = group.members.reduce((sum, member) => sum + member.weight, 0);
  if (group.members.some((member) => member.weight <= 0)) {
    throw invalid(`${profile.name}: weights are 1 or more`);
  }
  if (profile.maxGroupSize > 0 && weights > profile.maxGroupSize) {
    throw new StatusError(
      Code.RESOURCE_EXHAUSTED,
      `${profile.name}: ${weights} members, ${profile.maxGroupSize} at most`,
    );
  }
}

type ReplicationEntry = Extract<
  NonNullable<Entity['entity']>,
  { $case: 'packetReplicationEngineEntry' }
>['value']['type'];

function validateReplication(entry: ReplicationEntry): void {
  if (!entry) throw invalid('replication entry without a type');
  const id =
    entry.$case === 'cloneSessionEntry' ? entry.value.sessionId : entry.value.multicastGroupId;
  if (id === 0) throw invalid(`${entry.$case}: id 0`);
  const ports = new Set(entry.value.replicas.map((r) => `${portOf(r)}/${r.instance}`));
  if (ports.size !== entry.value.replicas.length)
    throw invalid(`${entry.$case} ${id}: replica twice`);
}

/** The port of a replica, in either of its two forms. */
export function portOf(replica: {
  portKind:
    { $case: 'egressPort'; value: number } | { $case: 'port'; value: Uint8Array } | undefined;
}): number {
  const kind = replica.portKind;
  if (kind === undefined) return 0;
  return kind.$case === 'egressPort' ? kind.value : Number(bigintOf(kind.value));
}
