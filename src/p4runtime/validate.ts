/**
 * What P4Info alone can tell about a write: unknown ids, widths, missing fields, priorities. Done
 * once, before a target sees an update. Spec: P4Runtime 1.5, sections 8.3 and 9.
 */
import { Update_Type, type Entity } from '../proto/index.js';
import type { Schema } from './schema.js';
import { Code, invalid, StatusError } from './status.js';
import { validateDefaultKey, validateMatch, validateTableEntry } from './validateEntry.js';
import { validateGroup, validateMember } from './validateProfile.js';
import { validateReplication } from './validateReplication.js';
import {
  validateCell,
  validateColours,
  validateCounts,
  validateDigest,
  validateMeterConfig,
  validateRegister,
  validateValueSet,
} from './validateResource.js';

type AnyEntity = NonNullable<Entity['entity']>;
type DirectEntry = Extract<AnyEntity, { $case: 'directCounterEntry' | 'directMeterEntry' }>;

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
      const { counterId, index, data } = e.value;
      const counter = find(schema.counters.find(counterId), 'counter', counterId);
      validateCell(type, counter, index);
      return validateCounts(counter.name, data);
    }
    case 'meterEntry': {
      const { meterId, index, config, counterData } = e.value;
      const meter = find(schema.meters.find(meterId), 'meter', meterId);
      validateCell(type, meter, index);
      validateColours(meter.name, counterData);
      return validateMeterConfig(meter.name, meter.type, config);
    }
    case 'registerEntry': {
      const { registerId, index, data } = e.value;
      const register = find(schema.registers.find(registerId), 'register', registerId);
      validateCell(type, register, index);
      return validateRegister(register, data);
    }
    case 'directCounterEntry':
    case 'directMeterEntry':
      return validateDirect(schema, type, e);
    case 'packetReplicationEngineEntry':
      return validateReplication(type, e.value.type);
    case 'digestEntry': {
      const { digestId } = e.value;
      const digest = find(schema.digests.find(digestId), 'digest', digestId);
      return validateDigest(type, digest.name, e.value);
    }
    case 'valueSetEntry': {
      const { valueSetId } = e.value;
      const set = find(schema.valueSets.find(valueSetId), 'value set', valueSetId);
      return validateValueSet(type, set, e.value);
    }
    default:
      throw new StatusError(Code.UNIMPLEMENTED, `${e.$case} is not implemented`);
  }
}

function find<T>(found: T | undefined, kind: string, id: number): T {
  if (found === undefined) throw invalid(`no ${kind} ${id}`);
  return found;
}

function validateDirect(schema: Schema, type: Update_Type, direct: DirectEntry): void {
  const { $case, value } = direct;
  if (type !== Update_Type.MODIFY) throw invalid(`${$case} can only be modified`);
  const entry = value.tableEntry;
  if (!entry) throw invalid(`${$case} without its table entry`);
  const table = find(schema.tables.find(entry.tableId), 'table', entry.tableId);
  if (entry.isDefaultAction) validateDefaultKey(table, entry);
  else validateMatch(table, entry);
  if (direct.$case === 'directCounterEntry') {
    if (!table.hasCounter) throw invalid(`${table.name}: has no counter`);
    validateCounts(table.name, direct.value.data);
    return;
  }
  if (!table.meterType) throw invalid(`${table.name}: has no meter`);
  validateColours(table.name, direct.value.counterData);
  validateMeterConfig(table.name, table.meterType, direct.value.config);
}
