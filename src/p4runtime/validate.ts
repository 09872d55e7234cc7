/**
 * What P4Info alone can tell about a write: unknown ids, widths, missing fields, priorities. Done
 * once, before a target sees an update. Spec: P4Runtime 1.5, sections 8.3 and 9.
 */
import { Update_Type, type Entity, type Index, type Replica } from '../proto/index.js';
import { bigintOf } from './bytestring.js';
import type { ArraySchema, Schema } from './schema.js';
import { Code, invalid, StatusError } from './status.js';
import { validateMatch, validateTableEntry } from './validateEntry.js';
import { validateGroup, validateMember } from './validateProfile.js';

type AnyEntity = NonNullable<Entity['entity']>;
type DirectEntry = Extract<AnyEntity, { $case: 'directCounterEntry' | 'directMeterEntry' }>;
type ReplicationEntry = Extract<AnyEntity, { $case: 'packetReplicationEngineEntry' }>['value'];

/** Throws a StatusError when P4Info forbids the update. */
export function validateUpdate(schema: Schema, type: Update_Type, entity: Entity): void {
  const isWriteType =
    type === Update_Type.INSERT || type === Update_Type.MODIFY || type === Update_Type.DELETE;
  if (!isWriteType) throw invalid('update without a type');
  const e = entity.entity;
  if (!e) throw invalid('update without an entity');
  switch (e.$case) {
    case 'tableEntry': {
      const table = find(schema.tables.find(e.value.tableId), 'table', e.value.tableId);
      return validateTableEntry(schema, type, table, e.value);
    }
    case 'actionProfileMember':
    case 'actionProfileGroup': {
      const id = e.value.actionProfileId;
      const profile = find(schema.profiles.find(id), 'action profile', id);
      if (e.$case === 'actionProfileMember') return validateMember(schema, type, profile, e.value);
      return validateGroup(type, profile, e.value);
    }
    case 'counterEntry': {
      const { counterId, index } = e.value;
      return validateCell(type, find(schema.counters.find(counterId), 'counter', counterId), index);
    }
    case 'meterEntry': {
      const { meterId, index } = e.value;
      return validateCell(type, find(schema.meters.find(meterId), 'meter', meterId), index);
    }
    case 'registerEntry': {
      const { registerId, index } = e.value;
      const register = find(schema.registers.find(registerId), 'register', registerId);
      return validateCell(type, register, index);
    }
    case 'directCounterEntry':
    case 'directMeterEntry':
      return validateDirect(schema, type, e);
    case 'packetReplicationEngineEntry':
      return validateReplication(type, e.value.type);
    case 'digestEntry':
      find(schema.digests.find(e.value.digestId), 'digest', e.value.digestId);
      return;
    default:
      throw new StatusError(Code.UNIMPLEMENTED, `${e.$case} is not implemented`);
  }
}

function find<T>(found: T | undefined, kind: string, id: number): T {
  if (found === undefined) throw invalid(`no ${kind} ${id}`);
  return found;
}

/** Throws unless the index lies in the array; without one the whole array is meant. */
export function validateIndex({ name, size }: ArraySchema, index: Index | undefined): void {
  if (index === undefined) return;
  if (index.index < 0n) throw invalid(`${name}: index ${index.index}`);
  if (index.index >= BigInt(size)) {
    throw new StatusError(Code.OUT_OF_RANGE, `${name}: index ${index.index}, size ${size}`);
  }
}

function validateCell(type: Update_Type, array: ArraySchema, index: Index | undefined): void {
  if (type !== Update_Type.MODIFY) throw invalid(`${array.name} can only be modified`);
  validateIndex(array, index);
}

function validateDirect(schema: Schema, type: Update_Type, { $case, value }: DirectEntry): void {
  if (type !== Update_Type.MODIFY) throw invalid(`${$case} can only be modified`);
  const entry = value.tableEntry;
  if (!entry) throw invalid(`${$case} without its table entry`);
  const table = find(schema.tables.find(entry.tableId), 'table', entry.tableId);
  const hasIt = $case === 'directCounterEntry' ? table.hasCounter : table.hasMeter;
  if (!hasIt) throw invalid(`${table.name}: has no such resource`);
  if (!entry.isDefaultAction) validateMatch(table, entry);
}

function validateReplication(type: Update_Type, entry: ReplicationEntry['type']): void {
  if (!entry) throw invalid('replication entry without a kind');
  const isClone = entry.$case === 'cloneSessionEntry';
  const id = isClone ? entry.value.sessionId : entry.value.multicastGroupId;
  const what = `${isClone ? 'clone session' : 'multicast group'} ${id}`;
  if (id === 0) throw invalid(`${what}: id 0`);
  if (type === Update_Type.DELETE) return;
  const { replicas } = entry.value;
  if (replicas.some((replica) => !replica.portKind)) throw invalid(`${what}: replica without port`);
  if (replicas.some((replica) => replica.backupReplicas.length > 0)) {
    throw new StatusError(Code.UNIMPLEMENTED, `${what}: backup replicas are not implemented`);
  }
  const ports = new Set(replicas.map((r) => `${portOf(r)}/${r.instance}`));
  if (ports.size !== replicas.length) throw invalid(`${what}: replica twice`);
  if (!isClone) return;
  if (entry.value.classOfService !== 0) throw invalid(`${what}: there is no class of service`);
  if (entry.value.packetLengthBytes < 0) throw invalid(`${what}: negative length`);
}

/** The port of a replica, in either of its two forms. */
export function portOf({ portKind }: Pick<Replica, 'portKind'>): number {
  if (portKind === undefined) return 0;
  return portKind.$case === 'egressPort' ? portKind.value : Number(bigintOf(portKind.value));
}
