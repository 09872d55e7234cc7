/**
 * Entities of every kind of the conformance program: a state, and a batch that changes all of it.
 */
import { groupEntity, memberEntity } from '../../src/p4runtime/index.js';
import { Update_Type, type Entity, type Update } from '../../src/proto/index.js';
import type { World } from './world.js';

const { INSERT, MODIFY, DELETE } = Update_Type;

/** An entry with a direct counter and a direct meter. */
export const exact = (world: World, a: number, port: number): Entity =>
  world.entity({
    table: 'exact_table',
    match: { 'hdr.probe.a': `${a}` },
    action: 'metered_forward',
    params: { port: `${port}` },
  });

/** An entry of the first of two tables that one packet meets. */
export const first = (world: World, a: number, port: number): Entity =>
  world.entity({
    table: 'first_table',
    match: { 'hdr.probe.a': `${a}` },
    action: 'forward',
    params: { port: `${port}` },
  });

/** An entry of the second one. */
export const second = (world: World, a: number, value: number): Entity =>
  world.entity({
    table: 'second_table',
    match: { 'hdr.probe.a': `${a}` },
    action: 'stamp',
    params: { value: `${value}` },
  });

/** Updates of one type. */
export const updates = (type: Update_Type, entities: Entity[]): Update[] =>
  entities.map((entity) => ({ type, entity }));

const selected = (world: World, id: number, port: number): Entity =>
  memberEntity(world.schema, 'group_selector', id, 'forward', { port: `${port}` });

const group = (world: World, ...members: number[]): Entity =>
  groupEntity(world.schema, 'group_selector', 1, members);

const lpmDefault = (world: World, port: number): Entity =>
  world.entity({
    table: 'lpm_table',
    match: {},
    isDefault: true,
    action: 'forward',
    params: { port: `${port}` },
  });

const timed = (world: World, a: number): Entity => {
  const rule = { table: 'timeout_table', match: { 'hdr.probe.a': `${a}` } };
  const entity = world.entity({ ...rule, action: 'forward', params: { port: '1' } });
  (entity.entity!.value as { idleTimeoutNs: bigint }).idleTimeoutNs = 3_600_000_000_000n;
  return entity;
};

/** A cell of each indexed object, as MODIFY takes it. */
export const cells = (world: World, k: number): Entity[] => {
  const { counters, meters, registers } = world.schema;
  const index = { index: 3n };
  const value = Uint8Array.of(k);
  return [
    world.some('counterEntry', {
      counterId: counters.get('indexed_counter').id,
      index,
      data: { packetCount: BigInt(k), byteCount: BigInt(k) },
    }),
    world.some('meterEntry', {
      meterId: meters.get('indexed_meter').id,
      index,
      config: { cir: BigInt(k), cburst: 100n, pir: BigInt(k), pburst: 100n },
    }),
    world.some('registerEntry', {
      registerId: registers.get('indexed_register').id,
      index,
      data: { data: { $case: 'bitstring', value } },
    }),
  ];
};

/** A digest that is sent when `maxListSize` messages have come. */
export const digestOf = (world: World, maxListSize: number): Entity =>
  world.some('digestEntry', {
    digestId: world.schema.digests.get('seen_t').id,
    config: { maxListSize, maxTimeoutNs: 0n, ackTimeoutNs: 0n },
  });

/** Something of every kind; its status. */
export async function prepare(world: World): Promise<string> {
  const first = await world.write([
    ...updates(INSERT, [exact(world, 1, 1), exact(world, 2, 2), timed(world, 1)]),
    ...updates(INSERT, [world.member(1, 1), world.member(2, 2)]),
    ...updates(INSERT, [selected(world, 1, 1), selected(world, 2, 2), digestOf(world, 1)]),
    ...updates(INSERT, [
      world.multicast(4, [
        [510, 1],
        [510, 2],
      ]),
    ]),
  ]);
  const uses = { table: 'selector_table', match: { 'hdr.probe.a': '1' }, group: 1 };
  await world.write(updates(INSERT, [group(world, 1, 2)]));
  const second = await world.write(updates(INSERT, [world.entity(uses)]));
  return first === 'OK' ? second : first;
}

/** A batch that inserts, modifies and deletes things of every kind. */
export function mixedBatch(world: World): Update[] {
  return [
    ...updates(INSERT, [exact(world, 3, 3), timed(world, 2), second(world, 1, 7)]),
    ...updates(MODIFY, [exact(world, 1, 9), lpmDefault(world, 6), digestOf(world, 5)]),
    ...updates(DELETE, [exact(world, 2, 2), timed(world, 1), world.member(2, 2)]),
    ...updates(MODIFY, [world.member(1, 8), group(world, 2, 1), selected(world, 2, 5)]),
    ...updates(INSERT, [world.multicast(5, [[510, 3]])]),
    ...updates(MODIFY, [world.multicast(4, [[510, 9]]), ...cells(world, 8)]),
  ];
}
