/** P4Info by name and id, from text; byte strings. */
import { readFileSync } from 'node:fs';
import test from 'ava';
import { shippedFile } from '../../src/base/paths.js';
import {
  bigintOf, bytesOfBigint, canonical, Code, codeName, hexOf, padded, readP4InfoText, Schema,
  StatusError,
} from '../../src/p4runtime/index.js';
import { p4info } from '../../src/proto/index.js';
import { schemaOf } from './world.js';

const production = schemaOf('production');
const shadow = schemaOf('shadow');

test('the tables of both programs, as p4c wrote them', (t) => {
  const names = (schema: Schema): string[] => schema.tables.all.map(({ name }) => name);
  const added = names(shadow).filter((name) => !names(production).includes(name)).sort();
  t.deepEqual(added, [
    'SwitchEgress.link_fault.corrupt', 'SwitchEgress.link_fault.delay',
    'SwitchEgress.link_fault.duplicate', 'SwitchEgress.link_fault.loss',
    'SwitchEgress.link_fault.rate', 'SwitchEgress.link_fault.reorder',
    'SwitchEgress.link_fault.sampled.quantiles', 'SwitchIngress.app_fault.answer',
    'SwitchIngress.device_fault.lost_entry',
    'SwitchIngress.device_fault.state',
  ]);
  t.deepEqual(names(production).filter((name) => !names(shadow).includes(name)), []);
});

for (const [program, schema] of Object.entries({ production, shadow })) {
  test(`everything in ${program}'s text is read`, (t) => {
    const text = readFileSync(shippedFile(`p4/build/${program}.p4info.txtpb`), 'utf8');
    const count = (pattern: RegExp): number => text.match(pattern)?.length ?? 0;
    t.is(schema.tables.all.length, count(/^tables \{/gm));
    t.is(schema.actions.all.length, count(/^actions \{/gm));
    t.is(schema.counters.all.length, count(/^counters \{/gm));
    t.is(schema.registers.all.length, count(/^registers \{/gm));
    t.is(schema.tables.all.filter(({ hasCounter }) => hasCounter).length, count(/^direct_counters/gm));
    t.is(schema.tables.all.flatMap((s) => s.fields).length, count(/^  match_fields \{/gm));
    t.is(schema.actions.all.flatMap((s) => s.params).length, count(/^  params \{/gm));
    const copy = p4info.P4Info.decode(p4info.P4Info.encode(schema.info).finish());
    t.deepEqual(structuredClone(copy), structuredClone(schema.info), 'survives the wire');
  });
}

test('tables know their keys, actions and resources', (t) => {
  const lpm = production.tables.get('routing.ipv4_lpm');
  t.deepEqual(lpm.fields, [{ id: 1, name: 'ipv4_dst', bitWidth: 32, type: 'lpm' }]);
  t.like(lpm, { hasPriority: false, hasCounter: true, meterType: undefined, isConst: false, size: 16384 });
  const ecmp = production.profiles.get('ecmp');
  t.is(lpm.profileId, ecmp.id);
  t.true(ecmp.withSelector);
  t.deepEqual(ecmp.tableIds.map((id) => production.tables.get(id).name.split('.').at(-1)),
    ['ipv4_lpm', 'ipv6_lpm']);
  t.true(production.tables.get('acl.filter').hasPriority);
  t.deepEqual(production.actions.get('routing.forward').params.map(({ name, bitWidth }) =>
    `${name} ${bitWidth}`), ['src_mac 48', 'dst_mac 48', 'port 9']);
  t.deepEqual(shadow.tables.get('link_fault.loss').defaultActions.map((a) => a.name), ['NoAction']);
  t.is(production.registers.get('erspan.sequence').bitWidth, 32);
  t.deepEqual(production.packetIn.fields.map((f) => `${f.id} ${f.name} ${f.bitWidth}`),
    ['1 ingress_port 9', '2 unused 7']);
});

test('names: full, unique suffix, id; what is not there or ambiguous', (t) => {
  const { tables, actions } = production;
  const table = tables.get('SwitchIngress.routing.ipv4_lpm');
  for (const key of ['ipv4_lpm', 'routing.ipv4_lpm', table.id]) t.is(tables.get(key), table);
  t.is(tables.find(table.id), table);
  t.is(tables.find(1), undefined);
  const wrong: [() => unknown, RegExp][] = [
    [() => tables.get('nothing'), /no table 'nothing'/],
    [() => tables.get('4_lpm'), /no table '4_lpm'/],
    [() => tables.get(1), /no table '1'/],
    [() => actions.get('drop'), /action 'drop' is ambiguous: .*arp\.drop.*routing\.drop/],
    [() => production.actionOf(table, 'reply'), /ipv4_lpm: no action 'reply'/],
  ];
  for (const [run, message] of wrong) t.throws(run, { code: 'NOT_FOUND', message });
  t.is(production.actionOf(table, 'drop').name, 'SwitchIngress.routing.drop', 'unique in its table');
});

test('P4Info that does not hang together', (t) => {
  const preamble = { id: 7, name: 't' };
  const wrong: [object, RegExp][] = [
    [{ tables: [{ size: 1n }] }, /without id or name/],
    [{ tables: [{ preamble, actionRefs: [{ id: 5 }] }] }, /t: no action 5/],
    [{ tables: [{ preamble, matchFields: [{ id: 1, name: 'k' }] }] }, /t: match of k/],
    [{ tables: [{ preamble, implementationId: 9 }] }, /t: no action profile 9/],
    [{ actionProfiles: [{ preamble, tableIds: [9] }] }, /t: no table 9/],
    [{ actions: [{ preamble }, { preamble }] }, /action id 7 twice/],
  ];
  for (const [info, message] of wrong) {
    const error = t.throws(() => new Schema(p4info.P4Info.fromPartial(info)), { message });
    t.regex((error as { code?: string }).code!, /PROGRAM/);
  }
});

test('text format: forms that mean the same', (t) => {
  const want = { name: 'a"b', version: 'xyz\n\x01é', annotations: ['p', 'q'] };
  const texts = [
    'pkg_info { name: "a\\"b" version: "xy" "z\\n\\001é" annotations: "p" annotations: "q" }',
    "pkg_info: < name: 'a\"b', version: 'xyz\\n\\x01\\303\\251'; annotations: ['p', 'q'] >",
    '# c\npkg_info{name:"a\\"b" # d\n version:"xyz\\n\\1é" annotations: ["p"] annotations: ["q"] }',
  ];
  for (const text of texts) t.like(readP4InfoText(text, 'f').pkgInfo, want, text);
  const scalars = 'tables { size: 0x10 is_const_table: true action_refs { id: 3 scope: 1 } } ' +
    'tables { is_const_table: false match_fields { match_type: LPM } direct_resource_ids: [1, 2] }';
  const { tables } = readP4InfoText(scalars, 'f');
  t.like(tables[0], { size: 16n, isConstTable: true });
  t.is(tables[0]!.actionRefs[0]!.scope, p4info.ActionRef_Scope.TABLE_ONLY);
  t.deepEqual(tables[1]!.directResourceIds, [1, 2]);
  t.deepEqual(readP4InfoText('', 'f'), p4info.P4Info.fromPartial({}));
});

test('text format: types of digests, enums and structs', (t) => {
  const text = `
    digests { preamble { id: 9 name: "d" } type_spec { struct { name: "s" } } }
    type_info {
      structs { key: "s" value { members { name: "a" type_spec { bitstring { bit { bitwidth: 9 } } } } } }
      headers { key: "h" value { members { name: "x" type_spec { bit { bitwidth: 8 } } } } }
      enums { key: "e" value { members { name: "ONE" } } }
      error { members: "NoError" members: "PacketTooShort" }
      serializable_enums { key: "se" value { underlying_type { bitwidth: 8 }
        members { name: "A" value: "\\001" } } }
      new_types { key: "port_t" value { translated_type { uri: "u" sdn_bitwidth: 32 } } }
    }
    registers { preamble { id: 8 name: "r" } type_spec { tuple {
      members { bitstring { int { bitwidth: 5 } } } members { bool { } } } } }`;
  const info = readP4InfoText(text, 'f');
  const types = info.typeInfo!;
  t.deepEqual(info.digests[0]!.typeSpec!.typeSpec, { $case: 'struct', value: { name: 's' } });
  const member = types.structs['s']!.members[0]!.typeSpec!.typeSpec;
  t.like(member, { $case: 'bitstring', value: { typeSpec: { value: { bitwidth: 9 } } } });
  t.is(types.headers['h']!.members[0]!.name, 'x');
  t.deepEqual(types.error!.members, ['NoError', 'PacketTooShort']);
  t.deepEqual(types.serializableEnums['se']!.members[0]!.value, Uint8Array.of(1));
  t.like(types.newTypes['port_t']!.representation, { $case: 'translatedType' });
  t.is(types.enums['e']!.members[0]!.name, 'ONE');
  const tuple = info.registers[0]!.typeSpec!.typeSpec;
  t.is(tuple?.$case === 'tuple' ? tuple.value.members[1]!.typeSpec!.$case : '', 'bool');
});

test('text format: what is wrong, and where', (t) => {
  const wrong: [string, RegExp][] = [
    ['tables {\n  nothing: 1\n}', /f:2: unknown field 'nothing'/],
    ['tables {', /f: ends inside a message/],
    ['tables', /f: ends inside a field/],
    ['tables: 3', /f:1: '\{' expected, not '3'/],
    ['pkg_info {\n name: 3 }', /f:2: a quoted string expected/],
    ['pkg_info { name: "a }', /f:1: unexpected '"'/],
    ['tables { size: many }', /f:1: a number expected, not 'many'/],
    ['tables { is_const_table: perhaps }', /f:1: true or false expected, not 'perhaps'/],
    ['tables {\n\n match_fields { match_type: FUZZY } }', /f:3: unknown value 'FUZZY'/],
    ['tables { } }', /f:1: unknown field '\}'/],
    ['tables { size: @ }', /f:1: unexpected '@'/],
  ];
  for (const [text, message] of wrong) {
    t.throws(() => readP4InfoText(text, 'f'), { code: 'INVALID_FILE', message }, text);
  }
});

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));

test('byte strings: leading zeros are allowed, canonical is without', (t) => {
  const cases: [string, string, number][] = [
    ['00', '00', 8], ['0000', '00', 8], ['00ff', 'ff', 8], ['63', '63', 8], ['3064', '3064', 16],
    ['003064', '3064', 16], ['01', '01', 1], ['0001', '01', 1], ['01ff', '01ff', 9],
    ['00000001ff', '01ff', 9], ['03ffff', '03ffff', 18], ['00', '00', 128],
    ['80000000000000000000000000000000', '80000000000000000000000000000000', 128], ['7f', '7f', 7],
  ];
  for (const [given, shortest, width] of cases) {
    t.is(hexOf(canonical(hex(given))), shortest, given);
    const full = padded(hex(given), width, 'k');
    t.is(full.length, Math.ceil(width / 8));
    t.is(hexOf(canonical(full)), shortest);
    t.is(hexOf(bytesOfBigint(bigintOf(hex(given)))), shortest);
  }
});

test('byte strings: empty and too wide', (t) => {
  const cases: [string, number, number][] = [
    ['', 8, Code.INVALID_ARGUMENT], ['02', 1, Code.OUT_OF_RANGE], ['80', 7, Code.OUT_OF_RANGE],
    ['0100', 8, Code.OUT_OF_RANGE], ['0200', 9, Code.OUT_OF_RANGE], ['040000', 18, Code.OUT_OF_RANGE],
    ['ffffff', 16, Code.OUT_OF_RANGE], ['00ffffff', 16, Code.OUT_OF_RANGE],
    ['010000000000000000000000000000000000', 128, Code.OUT_OF_RANGE],
  ];
  for (const [given, width, status] of cases) {
    const error = t.throws(() => padded(hex(given), width, 'k'), { instanceOf: StatusError });
    t.is(codeName((error as StatusError).status), codeName(status), given);
  }
});
