/** Entities for the rows, from few words. */
import { groupEntity, memberEntity, portOf, type Rule } from '../../src/p4runtime/index.js';
import {
  CloneSessionEntry,
  Entity,
  MulticastGroupEntry,
  type Replica,
  type TableEntry,
} from '../../src/proto/index.js';
import type { World } from './world.js';

export const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));
export const hex = (value: Uint8Array): string => Buffer.from(value).toString('hex');

/** An entity of any kind; what is left out has its default. */
export function entityOf(kind: string, value: object = {}): Entity {
  return Entity.fromPartial({ entity: { $case: kind, value } as unknown as Entity['entity'] });
}

/** The entity of a rule with some fields of its message replaced. */
export function changed(world: World, rule: Rule, more: Partial<TableEntry>): Entity {
  const { entity } = world.entity(rule);
  return entityOf('tableEntry', { ...(entity!.value as TableEntry), ...more });
}

/** A table entry in an entity. */
export function entryOf({ entity }: Entity): TableEntry {
  if (entity?.$case !== 'tableEntry') throw new Error(`${entity?.$case} is no table entry`);
  return entity.value;
}

/** What a Read of one request gives: its entities, or the status when it is not OK. */
export async function readBack(world: World, request: Entity): Promise<Entity[] | string> {
  const { entities, status } = await world.read([request]);
  return status === 'OK' ? entities : status;
}

/** What names an entry, and nothing else: the key of a Read. */
export function keyOf(entity: Entity, more: Partial<TableEntry> = {}): Entity {
  const { tableId, match, priority, isDefaultAction } = entryOf(entity);
  return entityOf('tableEntry', { tableId, match, priority, isDefaultAction, ...more });
}

/** The entry of one key of a table whose key is `hdr.probe.a` alone. */
export function byA(table: string, a: number, action = 'forward', port = '1'): Rule {
  const params: Record<string, string> = action.endsWith('forward') ? { port } : {};
  return { table, match: { 'hdr.probe.a': `${a}` }, action, params };
}

export const member = (world: World, profile: string, id: number, port: string): Entity =>
  memberEntity(world.schema, profile, id, 'forward', { port });

/** A group whose members are given by id; 0 to 8 of them. */
export const group = (world: World, id: number, members: readonly number[]): Entity =>
  groupEntity(world.schema, 'group_selector', id, members);

/** A port in canonical form. */
export const portBytes = (port: number): Uint8Array =>
  port > 255 ? Uint8Array.of(port >> 8, port) : Uint8Array.of(port);

export const replica = (port: number, instance: number, more: Partial<Replica> = {}): Replica => ({
  portKind: { $case: 'port', value: portBytes(port) },
  instance,
  backupReplicas: [],
  ...more,
});

export function multicast(multicastGroupId: number, replicas: Replica[], metadata = ''): Entity {
  const value = MulticastGroupEntry.fromPartial({
    multicastGroupId,
    replicas,
    metadata: bytes(metadata),
  });
  return entityOf('packetReplicationEngineEntry', { type: { $case: 'multicastGroupEntry', value } });
}

export function session(sessionId: number, replicas: Replica[], more: object = {}): Entity {
  const value = CloneSessionEntry.fromPartial({ sessionId, replicas, ...more });
  return entityOf('packetReplicationEngineEntry', { type: { $case: 'cloneSessionEntry', value } });
}

/** What a Read of groups and sessions gave, in short: `1/1 2/1 cut 0 meta 0a`, replicas sorted. */
export function replicationText(read: Entity[] | string): string[] | string {
  if (typeof read === 'string') return read;
  return read.map(({ entity }) => {
    const type = entity?.$case === 'packetReplicationEngineEntry' ? entity.value.type : undefined;
    const replicas = (type?.value.replicas ?? []).map((r) => `${portOf(r)}/${r.instance}`).sort();
    const rest =
      type?.$case === 'cloneSessionEntry'
        ? `cut ${type.value.packetLengthBytes}`
        : `meta ${hex(type?.value.metadata ?? new Uint8Array(0))}`;
    return [...replicas, rest].join(' ');
  });
}
