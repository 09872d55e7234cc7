/** Counters, meters, registers and value sets. Spec: P4Runtime 1.5, sections 9.3, 9.4, 9.6, 9.7. */
import { isDeepStrictEqual } from 'node:util';
import type { CounterEntry, Entity, MeterEntry } from '../../src/proto/index.js';
import { byA, bytes, entityOf, entryOf, readBack } from './entities.js';
import { row } from './row.js';
import type { World } from './world.js';

const bad = 'INVALID_ARGUMENT';
const count = (packets: number, byteCount: number) =>
  ({ packetCount: BigInt(packets), byteCount: BigInt(byteCount) });
const at = (index: number | undefined) => (index === undefined ? {} : { index: { index: BigInt(index) } });

const counter = (world: World, index: number | undefined, data?: object): Entity =>
  entityOf('counterEntry', { counterId: world.schema.counters.get('indexed_counter').id, ...at(index), data });

row('G1', 'counters are modified, one or all', async (see, world) => {
  see('INSERT', await world.insert(counter(world, 1, count(1, 1))), bad);
  see('DELETE', await world.remove(counter(world, 1, count(1, 1))), bad);
  see('negative', await world.modify(counter(world, -1, count(1, 1))), bad);
  see('past the end', await world.modify(counter(world, 16, count(1, 1))), 'OUT_OF_RANGE');
  see('one', await world.modify(counter(world, 2, count(3, 4))), 'OK');
  see('read one', await readBack(world, counter(world, 2)), [counter(world, 2, count(3, 4))]);
  see('without data', await world.modify(counter(world, 2)), 'OK');
  const [kept] = await world.readAll(counter(world, 2));
  see('unchanged', (kept!.entity!.value as CounterEntry).data, count(3, 4));
  await world.probe('indexed', { d: 2 });
  const [counted] = await world.readAll(counter(world, 2));
  see('counted', (counted!.entity!.value as CounterEntry).data!.packetCount, 4n);
  see('all', await world.modify(counter(world, undefined, count(7, 8))), 'OK');
  const every = Array.from({ length: 16 }, (_, i) => counter(world, i, count(7, 8)));
  const read = await readBack(world, counter(world, undefined));
  see('read all', read.length, 16);
  see('all are set', isDeepStrictEqual(read, every), true);
  see('read, negative', await readBack(world, counter(world, -1)), 'UNKNOWN: INVALID_ARGUMENT');
  see('read, past the end', await readBack(world, counter(world, 16)), 'UNKNOWN: OUT_OF_RANGE');
}, { bmv2: {
    DELETE: 'OK', 'past the end': 'UNKNOWN', unchanged: count(0, 0), counted: 1n,
    all: 'UNIMPLEMENTED', 'all are set': false, 'read, negative': bad,
    'read, past the end': 'UNKNOWN',
  } });

row('G2', 'direct counters and meters of an entry are modified only', async (see, world) => {
  const entry = entryOf(world.entity(byA('exact_table', 1, 'metered_forward')));
  const key = { tableId: entry.tableId, match: entry.match };
  const direct = (data?: object): Entity => entityOf('directCounterEntry', { tableEntry: key, data });
  const config = { cir: 1n, cburst: 1n, pir: 1n, pburst: 1n };
  const meter = (more: object = {}): Entity => entityOf('directMeterEntry', { tableEntry: key, ...more });
  see('counter of no entry', await world.modify(direct(count(1, 2))), 'NOT_FOUND');
  see('meter of no entry', await world.modify(meter({ config })), 'NOT_FOUND');
  see('read of no entry', await readBack(world, direct()), 'UNKNOWN: NOT_FOUND');
  await world.insert(world.entity(byA('exact_table', 1, 'metered_forward')));
  see('INSERT', await world.insert(direct(count(1, 2))), bad);
  see('DELETE', await world.remove(direct(count(1, 2))), bad);
  see('INSERT of a meter', await world.insert(meter({ config })), bad);
  see('MODIFY', await world.modify(direct(count(1, 2))), 'OK');
  const value = async (entity: Entity) =>
    (await world.readAll(entity)).map((one) => one.entity!.value as { data?: object; config?: object });
  see('read', (await value(direct()))[0]!.data, count(1, 2));
  see('MODIFY a meter', await world.modify(meter({ config })), 'OK');
  see('read a meter', (await value(meter()))[0]!.config, { ...config, eburst: 0n });
  see('red', (await world.probe('exact', { a: 1 }))[0]!.colour, 2);
  see('reset', await world.modify(meter()), 'OK');
  see('green', (await world.probe('exact', { a: 1 }))[0]!.colour, 0);
}, { bmv2: {
    'counter of no entry': bad, 'meter of no entry': bad, 'read of no entry': bad, DELETE: 'OK',
  } });

const meter = (world: World, index: number | undefined, more: object = {}): Entity =>
  entityOf('meterEntry', { meterId: world.schema.meters.get('indexed_meter').id, ...at(index), ...more });

row('G3', 'meters: constraints, the default, and counters by colour', async (see, world) => {
  const config = { cir: 1n, cburst: 1n, pir: 2n, pburst: 2n, eburst: 0n };
  see('INSERT', await world.insert(meter(world, 1, { config })), bad);
  see('negative', await world.modify(meter(world, -1, { config })), bad);
  see('past the end', await world.modify(meter(world, 16, { config })), 'OUT_OF_RANGE');
  see('excess burst', await world.modify(meter(world, 1, { config: { ...config, eburst: 1n } })), bad);
  see('green at first', (await world.probe('indexed', { d: 1 }))[0]!.colour, 0);
  see('one', await world.modify(meter(world, 1, { config })), 'OK');
  see('read', await readBack(world, meter(world, 1)), [meter(world, 1, { config })]);
  see('red', (await world.probe('indexed', { d: 1 }))[0]!.colour, 2);
  const colours = async (): Promise<unknown> => {
    const read = await readBack(world, meter(world, 1, { counterData: {} }));
    if (typeof read === 'string') return read;
    const { counterData } = read[0]!.entity!.value as MeterEntry;
    const all = [counterData?.green, counterData?.yellow, counterData?.red];
    return all.map((one) => one?.packetCount);
  };
  see('colours', await colours(), [1n, 0n, 1n]);
  see('set', await world.modify(meter(world, 1, { config, counterData: { red: count(1, 0) } })), bad);
  see('cleared', await world.modify(meter(world, 1, { counterData: { red: count(0, 0) } })), 'OK');
  see('no counts', await colours(), [0n, 0n, 0n]);
  see('green again', (await world.probe('indexed', { d: 1 }))[0]!.colour, 0);
  see('all', await world.modify(meter(world, undefined, { config })), 'OK');
  const every = Array.from({ length: 16 }, (_, i) => meter(world, i, { config }));
  const read = await readBack(world, meter(world, undefined));
  see('read all', read.length, 16);
  see('all are set', isDeepStrictEqual(read, every), true);
}, { bmv2: {
    'past the end': 'UNKNOWN', 'excess burst': 'OK', 'green at first': 2,
    colours: [undefined, undefined, undefined], set: 'OK',
    'no counts': [undefined, undefined, undefined], all: 'UNIMPLEMENTED', 'all are set': false,
  } });

const register = (world: World, index: number | undefined, value?: string): Entity =>
  entityOf('registerEntry', {
    registerId: world.schema.registers.get('indexed_register').id, ...at(index),
    ...(value === undefined ? {} : { data: { data: { $case: 'bitstring', value: bytes(value) } } }),
  });

row('G4', 'registers are written and read, one or all', async (see, world) => {
  see('INSERT', await world.insert(register(world, 1, '01')), bad);
  see('negative', await world.modify(register(world, -1, '01')), bad);
  see('past the end', await world.modify(register(world, 16, '01')), 'OUT_OF_RANGE');
  see('no data', await world.modify(register(world, 1)), bad);
  const wrong = entityOf('registerEntry', {
    ...register(world, 1).entity!.value, data: { data: { $case: 'bool', value: true } } });
  see('another type', await world.modify(wrong), bad);
  see('one', await world.modify(register(world, 1, '1234')), 'OK');
  see('data plane', (await world.probe('indexed', { d: 1 }))[0]!.mark, 0x1234);
  see('read', await readBack(world, register(world, 1)), [register(world, 1, '1235')]);
  see('all', await world.modify(register(world, undefined, '07')), 'OK');
  const every = Array.from({ length: 16 }, (_, i) => register(world, i, '07'));
  see('read all', await readBack(world, register(world, undefined)), every);
}, { bmv2: {
    INSERT: 'UNIMPLEMENTED', negative: 'UNIMPLEMENTED', 'past the end': 'UNIMPLEMENTED',
    'no data': 'UNIMPLEMENTED', 'another type': 'UNIMPLEMENTED', one: 'UNIMPLEMENTED',
    read: 'UNIMPLEMENTED', all: 'UNIMPLEMENTED', 'read all': 'UNIMPLEMENTED', 'data plane': 0,
  } });

row('G5', 'value sets are modified: size, duplicates, data plane', async (see, world) => {
  const { id, size } = world.schema.valueSets.all[0]!;
  const of = (...values: number[]): Entity => entityOf('valueSetEntry', {
    valueSetId: id,
    members: values.map((value) => ({ match: [{
      fieldId: 1, fieldMatchType: { $case: 'exact', value: { value: Uint8Array.of(value) } },
    }] })),
  });
  const isMember = async (c: number): Promise<boolean> =>
    (await world.probe('valueSet', { c }))[0]!.mark === 1;
  see('INSERT', await world.insert(of(1)), bad);
  see('DELETE', await world.remove(of(1)), bad);
  see('empty at first', await readBack(world, of()), [of()]);
  see('not yet', await isMember(5), false);
  see('MODIFY', await world.modify(of(5, 6)), 'OK');
  see('read', await readBack(world, of()), [of(5, 6)]);
  see('a member', await isMember(5), true);
  see('no member', await isMember(7), false);
  see('twice', await world.modify(of(7, 7)), 'ALREADY_EXISTS');
  const many = Array.from({ length: size + 1 }, (_, i) => i);
  see('too many', await world.modify(of(...many)), 'RESOURCE_EXHAUSTED');
  see('unchanged', await isMember(5), true);
  see('emptied', await world.modify(of()), 'OK');
  see('no more', await isMember(5), false);
}, { program: 'conformance_sets', bmv2: {
    INSERT: 'UNIMPLEMENTED', DELETE: 'UNIMPLEMENTED', 'empty at first': 'UNIMPLEMENTED',
    MODIFY: 'UNIMPLEMENTED', read: 'UNIMPLEMENTED', twice: 'UNIMPLEMENTED',
    'too many': 'UNIMPLEMENTED', emptied: 'UNIMPLEMENTED', 'a member': false, unchanged: false,
  } });
