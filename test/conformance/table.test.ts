/** Table entries. Spec: P4Runtime 1.5, sections 8.2, 8.3 and 9.1. */
import type { Rule } from '../../src/p4runtime/index.js';
import { Update_Type, type Entity, type FieldMatch } from '../../src/proto/index.js';
import {
  byA, bytes, changed, entityOf, entryOf, group, hex, keyOf, member, multicast, readBack, replica, replicationText, session,
} from './entities.js';
import { row } from './row.js';
import type { World } from './world.js';

const { DELETE, MODIFY } = Update_Type;
const bad = 'INVALID_ARGUMENT';
const either = (status: string): string => (status === 'OUT_OF_RANGE' ? bad : status);

const ternary = (a: string, priority: number, port = '1'): Rule => ({
  table: 'ternary_table', match: { 'hdr.probe.a': a }, priority, action: 'forward', params: { port },
});
const tableId = (world: World, name: string): number => world.schema.tables.get(name).id;
const reading = (world: World, rule: Rule, more: object): Entity => keyOf(world.entity(rule), more);
const noCount = { byteCount: 0n, packetCount: 0n };
const count = (packets: number, byteCount: number) =>
  ({ packetCount: BigInt(packets), byteCount: BigInt(byteCount) });

row('E1', 'a priority is there where the key needs one; larger wins', async (see, world) => {
  see('ternary without', await world.insert(changed(world, ternary('1', 1), { priority: 0 })), bad);
  see('ternary, negative', await world.insert(changed(world, ternary('1', 1), { priority: -1 })), bad);
  const optional: Rule = {
    table: 'optional_table', match: { 'hdr.probe.a': '1' }, action: 'forward', params: { port: '1' },
  };
  see('optional without', await world.insert(changed(world, optional, { priority: 0 })), bad);
  see('optional', await world.insert(world.entity({ ...optional, priority: 3 })), 'OK');
  see('exact with', await world.insert(changed(world, byA('first_table', 1), { priority: 1 })), bad);
  const lpm = byA('lpm_table', 1, 'forward');
  see('lpm with', await world.insert(changed(world, lpm, { priority: 1 })), bad);
  see('low', await world.insert(world.entity(ternary('0x10/28', 5, '2'))), 'OK');
  see('high', await world.insert(world.entity(ternary('0x10&&&0xff', 6, '3'))), 'OK');
  see('equal', await world.insert(world.entity(ternary('0x11&&&0xff', 6, '4'))), 'OK');
  see('both match', await world.port('ternary', { a: 0x10 }), 'port 3');
  see('one matches', await world.port('ternary', { a: 0x1f }), 'port 2');
}, { bmv2: {
    'ternary, negative': 'UNKNOWN',
  } });

row('E2', 'no entry in a table without key; is_const is not for writes', async (see, world) => {
  const keyless: Rule = { table: 'keyless_table', match: {}, action: 'forward', params: { port: '1' } };
  see('keyless', await world.insert(world.entity(keyless)), bad);
  const of = (a: number, isConst: boolean): Entity =>
    changed(world, byA('first_table', a), { isConst });
  see('INSERT is_const', await world.insert(of(1, true)), bad);
  await world.insert(of(2, false));
  see('MODIFY is_const', await world.modify(of(2, true)), bad);
  see('DELETE is_const', await world.remove(of(2, true)), bad);
  see('nothing changed', await readBack(world, of(2, false)), [of(2, false)]);
}, { bmv2: {
    keyless: 'UNKNOWN', 'INSERT is_const': 'OK', 'MODIFY is_const': 'OK',
    'DELETE is_const': 'OK', 'nothing changed': [],
  } });

/** Inserts with the first field of the key replaced. */
async function tryMatch(world: World, rule: Rule, ...matches: FieldMatch[]): Promise<string> {
  return world.insert(changed(world, rule, { match: matches }));
}
const field = (fieldMatchType: FieldMatch['fieldMatchType'], fieldId = 1): FieldMatch =>
  ({ fieldId, fieldMatchType });
const exact = (value: string, fieldId = 1): FieldMatch =>
  field({ $case: 'exact', value: { value: bytes(value) } }, fieldId);
const mask = (value: string, bits: string, fieldId = 1): FieldMatch =>
  field({ $case: 'ternary', value: { value: bytes(value), mask: bytes(bits) } }, fieldId);
const prefix = (value: string, prefixLen: number): FieldMatch =>
  field({ $case: 'lpm', value: { value: bytes(value), prefixLen } });
const range = (low: string, high: string): FieldMatch =>
  field({ $case: 'range', value: { low: bytes(low), high: bytes(high) } });
const ranged: Rule = {
  table: 'range_table', match: { 'hdr.probe.d': '1' }, priority: 1, action: 'forward', params: { port: '1' },
};

row('E3', "what is don't care is left out", async (see, world) => {
  see('/0', await tryMatch(world, byA('lpm_table', 1), prefix('00', 0)), bad);
  see('mask 0', await tryMatch(world, ternary('1', 1), mask('00', '00')), bad);
  see('nothing at all, lpm', await tryMatch(world, byA('lpm_table', 1)), 'OK');
  see('nothing at all, ternary', await tryMatch(world, ternary('1', 1)), 'OK');
  see('the default route', await world.port('lpm', { a: 99 }), 'port 1');
});

row('E3', 'the full range is left out', async (see, world) => {
  see('full range', await tryMatch(world, ranged, range('00', 'ffff'), exact('01', 2)), bad);
  see('nothing', await tryMatch(world, ranged, exact('02', 2)), 'OK');
  see('data plane', await world.port('range', { c: 77, d: 2 }), 'port 1');
}, { program: 'conformance_sets', bmv2: {
    'full range': 'OK',
  } });

row('E4', 'a key that contradicts itself is refused', async (see, world) => {
  see('host bits', await tryMatch(world, byA('lpm_table', 1), prefix('0a000001', 8)), bad);
  see('outside mask', await tryMatch(world, ternary('1', 1), mask('03', '01')), bad);
  see('missing exact field', await tryMatch(world, byA('first_table', 1)), bad);
  see('unknown field', await tryMatch(world, byA('first_table', 1), exact('01'), exact('01', 9)), bad);
  see('field twice', await tryMatch(world, byA('first_table', 1), exact('01'), exact('02')), bad);
  see('prefix too long', await tryMatch(world, byA('lpm_table', 1), prefix('0a000000', 33)), bad);
});

row('E4', 'an empty range is refused', async (see, world) => {
  see('low above high', await tryMatch(world, ranged, range('05', '01'), exact('01', 2)), bad);
  see('a range', await tryMatch(world, ranged, range('01', '05'), exact('01', 2)), 'OK');
  see('inside', await world.port('range', { c: 5, d: 1 }), 'port 1');
  see('outside', await world.port('range', { c: 6, d: 1 }), 'dropped');
}, { program: 'conformance_sets' });

row('E5', 'longer strings with zeros are accepted, empty and too wide ones are not', async (see, world) => {
  const rule = byA('timeout_table', 1);
  see('zeros in front', await tryMatch(world, rule, exact('0000000001')), 'OK');
  see('data plane', await world.port('timeout', { a: 1 }), 'port 1');
  see('empty', either(await tryMatch(world, rule, exact(''))), bad);
  see('too wide', either(await tryMatch(world, rule, exact('0100000000'))), bad);
}, { bmv2: {
    empty: 'OK',
  } });

const wide = (d: string, twelve: string, c?: string): FieldMatch[] =>
  [exact(d), ...(c === undefined ? [] : [mask(c, 'ffff', 2)]), exact(twelve, 3)];
const wideRule: Rule = {
  table: 'wide_table', match: { 'hdr.probe.d': '1', twelve: '1' }, priority: 1, action: 'drop',
};

row('E6', 'valid and invalid byte strings of bit<W> are those of the tables', async (see, world) => {
  const valid: [FieldMatch[], FieldMatch[]][] = [
    [wide('63', '01'), wide('63', '01')],
    [wide('01', '01', '0063'), wide('01', '01', '63')],
    [wide('02', '01', '63'), wide('02', '01', '63')],
    [wide('03', '01', '3064'), wide('03', '01', '3064')],
    [wide('04', '01', '003064'), wide('04', '01', '3064')],
    [wide('05', '0063'), wide('05', '63')],
    [wide('06', '63'), wide('06', '63')],
    [wide('07', '000063'), wide('07', '63')],
  ];
  for (const [given, canonical] of valid) {
    const what = JSON.stringify(given.map((m) => hex(Object.values(m.fieldMatchType!.value)[0]!)));
    see(`write ${what}`, await tryMatch(world, wideRule, ...given), 'OK');
    const entry = changed(world, wideRule, { match: canonical });
    see(`read ${what}`, await readBack(world, entry), [entry]);
  }
  const invalid: FieldMatch[][] = [
    wide('0163', '01'), wide('', '01'), wide('08', '01', '010063'), wide('08', '1063'),
    wide('08', '010063'), wide('08', '004063'),
  ];
  for (const [i, given] of invalid.entries()) {
    see(`invalid ${i}`, either(await tryMatch(world, wideRule, ...given)), bad);
  }
}, { bmv2: {
    'invalid 1': 'OK',
  } });

row('E6', 'valid and invalid byte strings of int<W> are those of the tables', async (see, world) => {
  const cell = (name: string, value: string): Entity => entityOf('registerEntry', {
    registerId: world.schema.registers.get(name).id, index: { index: 0n },
    data: { data: { $case: 'bitstring', value: bytes(value) } },
  });
  const valid = [
    ['signed_8', '63', '63'], ['signed_8', '9d', '9d'], ['signed_8', 'ff9d', '9d'],
    ['signed_12', 'fd1d', 'fd1d'], ['signed_16', '0000', '00'], ['signed_16', '00', '00'],
  ] as const;
  for (const [name, given, canonical] of valid) {
    see(`write ${name} ${given}`, await world.modify(cell(name, given)), 'OK');
    see(`read ${name} ${given}`, await readBack(world, cell(name, '00')), [cell(name, canonical)]);
  }
  const invalid = [['signed_8', '009d'], ['signed_12', '8d1d'], ['signed_16', '']] as const;
  for (const [name, value] of invalid) {
    see(`invalid ${name} ${value}`, either(await world.modify(cell(name, value))), bad);
  }
}, { bmv2: {
    'write signed_8 63': 'UNIMPLEMENTED', 'read signed_8 63': 'UNIMPLEMENTED',
    'write signed_8 9d': 'UNIMPLEMENTED', 'read signed_8 9d': 'UNIMPLEMENTED',
    'write signed_8 ff9d': 'UNIMPLEMENTED', 'read signed_8 ff9d': 'UNIMPLEMENTED',
    'write signed_12 fd1d': 'UNIMPLEMENTED', 'read signed_12 fd1d': 'UNIMPLEMENTED',
    'write signed_16 0000': 'UNIMPLEMENTED', 'read signed_16 0000': 'UNIMPLEMENTED',
    'write signed_16 00': 'UNIMPLEMENTED', 'read signed_16 00': 'UNIMPLEMENTED',
    'invalid signed_8 009d': 'UNIMPLEMENTED', 'invalid signed_12 8d1d': 'UNIMPLEMENTED',
    'invalid signed_16 ': 'UNIMPLEMENTED',
  } });

row('E7', 'INSERT needs an action; MODIFY without one keeps the action', async (see, world) => {
  const none = changed(world, byA('first_table', 1), { action: undefined });
  see('INSERT', await world.insert(none), bad);
  await world.insert(changed(world, byA('lpm_table', 1), { metadata: bytes('01') }));
  const marked = { action: undefined, metadata: bytes('02') };
  see('MODIFY', await world.modify(changed(world, byA('lpm_table', 1), marked)), 'OK');
  see('data plane', await world.port('lpm', { a: 1 }), 'port 1');
  const [now] = await world.readAll(keyOf(world.entity(byA('lpm_table', 1))));
  see('metadata', hex(entryOf(now!).metadata), '02');
}, { bmv2: {
    MODIFY: bad, metadata: '01',
  } });

row('E8', 'actions of other tables and of the wrong scope are refused', async (see, world) => {
  const action = (name: string) => {
    const { id, params } = world.schema.actions.get(name);
    const values = params.map((param) => ({ paramId: param.id, value: bytes('01') }));
    return { action: { type: { $case: 'action' as const, value: { actionId: id, params: values } } } };
  };
  const rule = byA('exact_table', 1, 'metered_forward');
  see('of another table', await world.insert(changed(world, rule, action('multicast'))), bad);
  see('unknown', await world.insert(changed(world, rule, {
    action: { type: { $case: 'action', value: { actionId: 77, params: [] } } } })), bad);
  const denied = 'PERMISSION_DENIED';
  see('default only', await world.insert(changed(world, rule, action('only_default'))), denied);
  see('table only', await world.insert(changed(world, rule, action('only_entry'))), 'OK');
  const asDefault = { match: [], isDefaultAction: true };
  const of = (name: string) => changed(world, rule, { ...asDefault, ...action(name) });
  see('table only as default', await world.modify(of('only_entry')), denied);
  see('default only as default', await world.modify(of('only_default')), 'OK');
});

row('E9', 'parameters are all there, no others, well-formed', async (see, world) => {
  const rule = byA('first_table', 1);
  const { id } = world.schema.actions.get('forward');
  const tryParams = async (...params: [number, string][]): Promise<string> => {
    const values = params.map(([paramId, value]) => ({ paramId, value: bytes(value) }));
    const action = { type: { $case: 'action' as const, value: { actionId: id, params: values } } };
    return either(await world.insert(changed(world, rule, { action })));
  };
  see('missing', await tryParams(), bad);
  see('extra', await tryParams([1, '01'], [2, '01']), bad);
  see('another', await tryParams([2, '01']), bad);
  see('twice', await tryParams([1, '01'], [1, '01']), bad);
  see('too wide', await tryParams([1, '0200']), bad);
  see('good', await tryParams([1, '01ff']), 'OK');
});

row('E10', 'an entry has the kind of action that its table wants', async (see, world) => {
  const of = (table: string, action: object) =>
    changed(world, { table, match: { 'hdr.probe.a': '1' } }, { action: { type: action } as never });
  const direct = world.entity(byA('first_table', 1));
  const { action } = entryOf(direct);
  see('member, direct table', await world.insert(
    of('first_table', { $case: 'actionProfileMemberId', value: 1 })), bad);
  see('action, indirect table', await world.insert(of('profile_table', action!.type!)), bad);
  see('group, no selector', await world.insert(
    of('profile_table', { $case: 'actionProfileGroupId', value: 1 })), bad);
  see('unknown member', await world.insert(
    of('profile_table', { $case: 'actionProfileMemberId', value: 9 })), 'NOT_FOUND');
  see('unknown group', await world.insert(
    of('selector_table', { $case: 'actionProfileGroupId', value: 9 })), 'NOT_FOUND');
}, { bmv2: {
    'unknown member': bad, 'unknown group': bad,
  } });

row('E11', 'the default entry is modified, and reset without an action', async (see, world) => {
  const rule: Rule = { table: 'exact_table', match: {}, isDefault: true, action: 'only_default' };
  const own = changed(world, { ...rule, action: 'metered_drop' }, {});
  const written = changed(world, rule, { metadata: bytes('07') });
  see('INSERT', await world.insert(written), bad);
  see('DELETE', await world.remove(written), bad);
  see('a match', await world.modify(changed(world, rule, { match: [exact('01')] })), bad);
  see('a priority', await world.modify(changed(world, rule, { priority: 1 })), bad);
  const counterData = count(5, 6);
  const meterConfig = { cir: 1n, cburst: 1n, pir: 1n, pburst: 1n, eburst: 0n };
  see('MODIFY', await world.modify(changed(world, rule, { metadata: bytes('07'), counterData, meterConfig })), 'OK');
  const request = entityOf('tableEntry', { tableId: tableId(world, 'exact_table'), isDefaultAction: true });
  see('read', await readBack(world, request), [written]);
  const withAll = entityOf('tableEntry', { ...entryOf(request), counterData: noCount, meterConfig });
  const resources = async () => entryOf((await world.readAll(withAll))[0]!);
  see('counter', (await resources()).counterData, counterData);
  see('meter', (await resources()).meterConfig, meterConfig);
  see('data plane', (await world.probe('exact', { a: 9 }))[0]!.mark, 0xdefa);
  see('reset', await world.modify(changed(world, rule, { action: undefined })), 'OK');
  see('read after reset', await readBack(world, request), [own]);
  see('counter after reset', (await resources()).counterData, noCount);
  see('meter after reset', (await resources()).meterConfig, undefined);
  see('const', await world.modify(world.entity(
    { table: 'fixed_table', match: {}, isDefault: true, action: 'forward', params: { port: '1' } })),
    'PERMISSION_DENIED');
  see('reset of const', await world.modify(world.entity(
    { table: 'fixed_table', match: {}, isDefault: true })), 'PERMISSION_DENIED');
}, { bmv2: {
    counter: undefined, meter: undefined, 'counter after reset': undefined,
  } });

const constant = (d: number, more: object = {}): Rule =>
  ({ table: 'const_table', match: { 'hdr.probe.d': `${d}` }, ...more });
const counted = { action: 'counted_forward', params: { port: '1' } };

row('E12', 'of a constant table only resources and the default change', async (see, world) => {
  const denied = 'PERMISSION_DENIED';
  see('INSERT', await world.insert(world.entity(constant(9, counted))), denied);
  see('DELETE', await world.remove(world.entity(constant(1))), denied);
  see('MODIFY with an action', await world.modify(world.entity(constant(1, counted))), denied);
  const counterData = count(7, 8);
  see('counter', await world.modify(changed(world, constant(1), { counterData })), 'OK');
  const [read] = await world.readAll(reading(world, constant(1), { counterData: noCount }));
  see('read', { ...entryOf(read!), counterData: undefined, isConst: false },
    entryOf(world.entity(constant(1, counted))));
  see('is_const', entryOf(read!).isConst, true);
  see('its counter', entryOf(read!).counterData, counterData);
  see('default', await world.modify(world.entity(
    { table: 'const_table', match: {}, isDefault: true, ...counted })), 'OK');
  see('data plane, entry', await world.port('const', { d: 2 }), 'port 2');
  see('data plane, default', await world.port('const', { d: 9 }), 'port 1');
}, { bmv2: {
    INSERT: 'UNKNOWN', DELETE: 'NOT_FOUND', 'MODIFY with an action': 'NOT_FOUND', counter: bad,
    is_const: false, 'its counter': noCount,
  } });

const initial = (d: string, priority: number, more: object = {}): Rule =>
  ({ table: 'initial_table', match: { 'hdr.probe.d': d, 'hdr.probe.c': '7' }, priority, ...more });
const forward = (port: string) => ({ action: 'forward', params: { port } });

// Neither P4Info nor p4c's JSON says which single entries are const, so that none is.
row('E13', 'initial entries are there, with priorities; they can be edited', async (see, world) => {
  const all = entityOf('tableEntry', { tableId: tableId(world, 'initial_table') });
  see('read', await readBack(world, all), [
    world.entity(initial('1&&&0x0f', 3, forward('1'))),
    world.entity(initial('2', 2, forward('2'))),
    world.entity(initial('3', 1, { action: 'drop' })),
  ]);
  see('before', await world.port('initial', { d: 2, c: 7 }), 'port 2');
  see('MODIFY', await world.modify(world.entity(initial('2', 2, forward('5')))), 'OK');
  see('modified', await world.port('initial', { d: 2, c: 7 }), 'port 5');
  see('INSERT', await world.insert(world.entity(initial('0x11', 9, forward('6')))), 'OK');
  see('inserted, above', await world.port('initial', { d: 0x11, c: 7 }), 'port 6');
  see('DELETE', await world.remove(world.entity(initial('2', 2))), 'OK');
  see('deleted', await world.port('initial', { d: 2, c: 7 }), 'dropped');
  const constants = await readBack(world, entityOf('tableEntry', { tableId: tableId(world, 'const_table') }));
  const kinds = typeof constants === 'string' ? constants : constants.map((entity) => entryOf(entity).isConst);
  see('constant table', kinds, [true, true]);
}, { bmv2: {
    read: 'INTERNAL', MODIFY: 'NOT_FOUND', modified: 'port 2', INSERT: 'UNKNOWN',
    'inserted, above': 'port 1', DELETE: 'NOT_FOUND', deleted: 'port 2',
    'constant table': [false, false],
  } });

row('E14', 'metadata and controller_metadata come back as written', async (see, world) => {
  const entry = changed(world, byA('first_table', 1), {
    metadata: bytes('00ff0001'), controllerMetadata: 0xffffffffffffffffn,
  });
  see('write', await world.insert(entry), 'OK');
  see('read', await readBack(world, world.entity(byA('first_table', 1))), [entry]);
});

row('E15', 'direct resources in an entry: set, kept, reset and read when asked', async (see, world) => {
  const rule = byA('exact_table', 1, 'metered_forward');
  const meterConfig = { cir: 1n, cburst: 1n, pir: 2n, pburst: 2n, eburst: 0n };
  const counterData = count(3, 4);
  see('INSERT', await world.insert(changed(world, rule, { meterConfig, counterData })), 'OK');
  const request = reading(world, rule, { meterConfig: {}, counterData: noCount });
  const read = async () => entryOf((await world.readAll(request))[0]!);
  see('read', (await read()).counterData, counterData);
  see('read meter', (await read()).meterConfig, meterConfig);
  see('not asked', await readBack(world, reading(world, rule, {})), [world.entity(rule)]);
  see('red', (await world.probe('exact', { a: 1 }))[0]!.colour, 2);
  see('counted', (await read()).counterData!.packetCount, 4n);
  see('MODIFY', await world.modify(world.entity(rule)), 'OK');
  see('counter kept', (await read()).counterData!.packetCount, 4n);
  see('meter reset', (await read()).meterConfig, undefined);
  see('green', (await world.probe('exact', { a: 1 }))[0]!.colour, 0);
  const other = byA('first_table', 1);
  see('no counter', await world.insert(changed(world, other, { counterData })), bad);
  see('no meter', await world.insert(changed(world, other, { meterConfig })), bad);
}, { bmv2: {
    'meter reset': { cir: 1n, cburst: 1n, pir: 2n, pburst: 2n, eburst: 0n }, green: 2,
  } });

row('E16', 'times to live where they are supported; time since the last hit', async (see, world) => {
  const rule = byA('timeout_table', 1);
  const ttl = { idleTimeoutNs: 3_600_000_000_123n };
  see('unsupported', await world.insert(changed(world, byA('first_table', 1), ttl)), bad);
  see('default entry', await world.modify(
    changed(world, { table: 'timeout_table', match: {}, isDefault: true, ...forward('1') }, ttl)), bad);
  const hit = { timeSinceLastHit: { elapsedNs: 1n } };
  see('last hit in a write', await world.insert(changed(world, rule, hit)), bad);
  see('INSERT', await world.insert(changed(world, rule, ttl)), 'OK');
  see('read back', await readBack(world, world.entity(rule)), [changed(world, rule, ttl)]);
  await world.insert(world.entity(byA('timeout_table', 2)));
  const elapsed = async (a: number): Promise<bigint> => {
    const request = reading(world, byA('timeout_table', a), { timeSinceLastHit: {} });
    return entryOf((await world.readAll(request))[0]!).timeSinceLastHit?.elapsedNs ?? -1n;
  };
  const before = await elapsed(2);
  see('without a time to live', before > 0n, true);
  const later = await elapsed(2);
  see('grows', later > before, true);
  await world.probe('timeout', { a: 2 });
  see('a hit resets it', (await elapsed(2)) < (await elapsed(1)), true);
}, { bmv2: {
    'default entry': 'OK', 'without a time to live': false, grows: false,
  } });

row('E17', 'what is written is read back equal', async (see, world) => {
  const digestId = world.schema.digests.all[0]!.id;
  const counterId = world.schema.counters.get('indexed_counter').id;
  const meterId = world.schema.meters.get('indexed_meter').id;
  const index = { index: 3n };
  const inserted: Entity[] = [
    world.entity(ternary('0x1200&&&0xff00', 4)),
    world.entity(byA('lpm_table', 7)),
    member(world, 'plain_profile', 5, '300'),
    session(4, [replica(1, 1)]),
    entityOf('digestEntry', { digestId, config: { maxTimeoutNs: 5n, maxListSize: 6, ackTimeoutNs: 7n } }),
  ];
  const modified = [
    entityOf('counterEntry', { counterId, index, data: count(1, 2) }),
    entityOf('meterEntry', { meterId, index, config: { cir: 1n, cburst: 2n, pir: 3n, pburst: 4n } }),
  ];
  for (const entity of inserted) {
    const kind = `${entity.entity!.$case} ${Object.keys(entity.entity!.value)}`;
    see(`write ${kind}`, await world.insert(entity), 'OK');
    see(`read ${kind}`, await readBack(world, entity), [entity]);
  }
  for (const entity of modified) {
    see(`write ${entity.entity!.$case}`, await world.modify(entity), 'OK');
    see(`read ${entity.entity!.$case}`, await readBack(world, entity), [entity]);
  }
  const copies = multicast(3, [replica(1, 1), replica(2, 1), replica(1, 2)], '0102');
  see('write a multicast group', await world.insert(copies), 'OK');
  const text = replicationText(await readBack(world, copies));
  see('read a multicast group', text, ['1/1 1/2 2/1 meta 0102']);
  await world.insert(member(world, 'group_selector', 1, '1'));
  await world.insert(member(world, 'group_selector', 2, '2'));
  const pair = group(world, 6, [1, 2]);
  see('write a group', await world.insert(pair), 'OK');
  see('read a group', await readBack(world, pair), [pair]);
  see('DELETE ignores the rest', await world.one(DELETE, world.entity(byA('lpm_table', 7))), 'OK');
  see('gone', await world.one(MODIFY, world.entity(byA('lpm_table', 7))), 'NOT_FOUND');
}, { bmv2: {
    'read a multicast group': ['1/1 1/2 2/1 meta '],
  } });
