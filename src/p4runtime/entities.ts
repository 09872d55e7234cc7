/** Entities from names and text: the builders that controllers use. */
import {
  ActionProfileGroup,
  ActionProfileMember,
  MeterConfig,
  MeterEntry,
  CloneSessionEntry,
  type Entity,
  type TableEntry,
} from '../proto/index.js';
import { isEmptyDefault, replicationRequests } from './deviations.js';
import { actionMessage, entryFromRule, type Rule } from './rule.js';
import type { Schema } from './schema.js';

/** The entity of a rule. Throws NOT_FOUND, INVALID_INPUT. */
export function ruleEntity(schema: Schema, rule: Rule): Entity {
  return { entity: { $case: 'tableEntry', value: entryFromRule(schema, rule) } };
}

/** A member of an action profile. */
export function memberEntity(
  schema: Schema,
  profile: string,
  memberId: number,
  action: string,
  params: Record<string, string>,
): Entity {
  const { id, tableIds } = schema.profiles.get(profile);
  const table = schema.tables.get(tableIds[0]!);
  return {
    entity: {
      $case: 'actionProfileMember',
      value: ActionProfileMember.fromPartial({
        actionProfileId: id,
        memberId,
        action: actionMessage(schema.actionOf(table, action), params),
      }),
    },
  };
}

/** A group of members, each of weight 1. */
export function groupEntity(
  schema: Schema,
  profile: string,
  groupId: number,
  memberIds: readonly number[],
): Entity {
  const { id, maxGroupSize } = schema.profiles.get(profile);
  return {
    entity: {
      $case: 'actionProfileGroup',
      value: ActionProfileGroup.fromPartial({
        actionProfileId: id,
        groupId,
        maxSize: maxGroupSize,
        members: memberIds.map((memberId) => ({ memberId, weight: 1 })),
      }),
    },
  };
}

/** A clone session that copies to one port. Truncation is the program's own affair. */
export function cloneSessionEntity(sessionId: number, port: number): Entity {
  const value = CloneSessionEntry.fromPartial({
    sessionId,
    replicas: [{ portKind: { $case: 'egressPort', value: port }, instance: 1 }],
  });
  return {
    entity: {
      $case: 'packetReplicationEngineEntry',
      value: { type: { $case: 'cloneSessionEntry', value } },
    },
  };
}

/** A cell of a meter at one rate: beyond it, and a burst of bytes or packets, all is red. */
export function meterEntity(
  schema: Schema,
  meter: string,
  index: number,
  perSecond: number,
  burst: number,
): Entity {
  const rate = BigInt(perSecond);
  const size = BigInt(burst);
  const value = MeterEntry.fromPartial({
    meterId: schema.meters.get(meter).id,
    index: { index: BigInt(index) },
    config: { cir: rate, cburst: size, pir: rate, pburst: size },
  });
  return { entity: { $case: 'meterEntry', value } };
}

/** Requests that together read everything a controller can have written. */
export function everything(schema: Schema): Entity[] {
  // Table id 0 reads all entries, but admits no other field: defaults are read table by table.
  // The configuration of direct meters comes only when it is asked for.
  const isMetered = schema.tables.all.some(({ meterType }) => meterType !== undefined);
  const withMeters = isMetered ? { meterConfig: MeterConfig.fromPartial({}) } : {};
  const defaults = schema.tables.all.map(({ id, meterType }) => ({
    tableId: id,
    isDefaultAction: true,
    ...(meterType === undefined ? {} : withMeters),
  }));
  return [
    ...[withMeters, ...defaults].map((entry): Entity => {
      return { entity: { $case: 'tableEntry', value: fullEntry(entry) } };
    }),
    { entity: { $case: 'actionProfileMember', value: ActionProfileMember.fromPartial({}) } },
    { entity: { $case: 'actionProfileGroup', value: ActionProfileGroup.fromPartial({}) } },
    ...replicationRequests(),
    ...schema.meters.all.map(({ id }): Entity => {
      return { entity: { $case: 'meterEntry', value: MeterEntry.fromPartial({ meterId: id }) } };
    }),
    ...schema.valueSets.all.map(({ id: valueSetId }): Entity => {
      return { entity: { $case: 'valueSetEntry', value: { valueSetId, members: [] } } };
    }),
  ];
}

/** Whether an entity is one that a device has by itself and nobody has set. */
export function isUnset(entity: Entity): boolean {
  const e = entity.entity;
  if (e?.$case === 'meterEntry') return e.value.config === undefined;
  if (e?.$case === 'valueSetEntry') return e.value.members.length === 0;
  return isEmptyDefault(entity);
}

/** A request for a table's entries (0: all), with their direct counters when asked. */
export function tableRequest(tableId: number, withCounters: boolean): Entity {
  const counterData = withCounters ? { byteCount: 0n, packetCount: 0n } : undefined;
  return { entity: { $case: 'tableEntry', value: fullEntry({ tableId, counterData }) } };
}

function fullEntry(partial: Partial<TableEntry>): TableEntry {
  return {
    tableId: 0,
    match: [],
    action: undefined,
    priority: 0,
    controllerMetadata: 0n,
    meterConfig: undefined,
    counterData: undefined,
    meterCounterData: undefined,
    isDefaultAction: false,
    idleTimeoutNs: 0n,
    timeSinceLastHit: undefined,
    metadata: new Uint8Array(0),
    isConst: false,
    ...partial,
  };
}
