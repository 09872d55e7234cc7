/** Rules as text: what is written reads back the same, what is wrong is named. */
import test from 'ava';
import {
  entryFromRule, formatValue, hexOf, parseValue, ruleFromEntry, Schema, tableEntryKey, type Rule,
} from '../../src/p4runtime/index.js';
import { p4info, TableEntry } from '../../src/proto/index.js';
import { schemaOf } from './world.js';

/** A table with a key of every kind, as no program of ours has. */
const kinds = new Schema(p4info.P4Info.fromPartial({
  actions: [{ preamble: { id: 1, name: 'pipe.go' }, params: [{ id: 1, name: 'port', bitwidth: 9 }] }],
  tables: [{
    preamble: { id: 2, name: 'pipe.all' },
    actionRefs: [{ id: 1 }],
    size: 8n,
    matchFields: (['EXACT', 'LPM', 'TERNARY', 'RANGE', 'OPTIONAL'] as const).map((kind, i) => ({
      id: i + 1, name: kind.toLowerCase(), bitwidth: 16,
      match: { $case: 'matchType', value: p4info.MatchField_MatchType[kind] },
    })),
  }],
}));
const shadow = schemaOf('shadow');
const forward = { src_mac: '02:00:00:00:00:01', dst_mac: '02:00:00:00:00:02', port: '3' };

function roundTrip(schema: Schema, rule: Rule): Rule {
  const entry = TableEntry.decode(TableEntry.encode(entryFromRule(schema, rule)).finish());
  return ruleFromEntry(schema, entry);
}

const whole: Rule[] = [
  { table: 'SwitchIngress.arp.responder', match: { target_ip: '10.0.1.1' },
    action: 'SwitchIngress.arp.reply', params: { mac: '02:00:00:00:00:01' } },
  { table: 'SwitchIngress.routing.ipv4_lpm', match: { ipv4_dst: '10.0.1.0/24' }, member: 7 },
  { table: 'SwitchIngress.routing.ipv4_lpm', match: {}, group: 9 },
  { table: 'SwitchIngress.routing.ipv6_lpm', match: { ipv6_dst: '2001:db8:1::/48' }, oneShot: [
    { action: 'SwitchIngress.routing.forward', params: forward, weight: 1 },
    { action: 'SwitchIngress.routing.drop', params: {}, weight: 3 },
  ] },
  { table: 'SwitchIngress.acl.filter', priority: 5, action: 'SwitchIngress.acl.deny', params: {},
    match: { ether_type: '0x800', ipv4_src: '10.0.0.0&&&0xff000000', ip_protocol: '6' } },
  { table: 'SwitchIngress.acl.filter', isDefault: true, match: {},
    action: 'SwitchIngress.acl.permit', params: {} },
  { table: 'SwitchIngress.routing.salt', isDefault: true, match: {},
    action: 'SwitchIngress.routing.set_salt', params: { multiplier: '0x9e3779b1' } },
  { table: 'SwitchIngress.mirror.selection', match: { dscp: '0x2e' }, priority: 1,
    action: 'SwitchIngress.mirror.copy', params: { session: '5', rule: '2', threshold: '65536', metered: '0' } },
  { table: 'SwitchEgress.link_fault.delay', match: { egress_port: '511' }, priority: 1,
    action: 'SwitchEgress.link_fault.add',
    params: { delay_ns: '5000000', jitter_ns: '0', expires_us: '281474976710655' } },
];

for (const rule of whole) {
  test(`reads back as written: ${rule.table} ${JSON.stringify(rule.match)}`, (t) => {
    t.deepEqual(roundTrip(shadow, rule), rule);
  });
}

test('short names and other forms mean the same', (t) => {
  const same: [Rule, Rule][] = [
    [{ table: 'acl.filter', match: { ipv4_src: '10.0.0.0/8' }, action: 'deny' },
      { table: 'filter', match: { ipv4_src: '10.9.9.9&&&255.0.0.0' }, priority: 1, action: 'acl.deny' }],
    [{ table: 'ipv4_lpm', match: { ipv4_dst: '10.1.2.3/16' }, member: 1 },
      { table: 'ipv4_lpm', match: { ipv4_dst: '0x0a010000/16' }, member: 1 }],
    [{ table: 'ipv4_lpm', match: { ipv4_dst: '0.0.0.0/0' }, member: 1 },
      { table: 'ipv4_lpm', match: {}, member: 1 }],
    [{ table: 'filter', match: { l4_dst_port: '80', ip_protocol: '0&&&0' }, action: 'permit' },
      { table: 'filter', match: { l4_dst_port: '0b1010000' }, action: 'permit' }],
    [{ table: 'ipv6_lpm', match: { ipv6_dst: '2001:DB8::/32' }, member: 1 },
      { table: 'ipv6_lpm', match: { ipv6_dst: '2001:db8:0::1/32' }, member: 1 }],
    [{ table: 'ipv4_lpm', match: {}, oneShot: [{ action: 'forward', params: forward }] },
      { table: 'ipv4_lpm', match: {}, oneShot: [
        { action: 'forward', params: { ...forward, port: '0x3' }, weight: 1 }] }],
  ];
  for (const [a, b] of same) {
    t.deepEqual(entryFromRule(shadow, a), entryFromRule(shadow, b), JSON.stringify(a));
  }
});

const key = (match: Rule['match']): string =>
  tableEntryKey(entryFromRule(kinds, { table: 'all', match, priority: 1 }));

test('every kind of match, and how don\'t care is left out', (t) => {
  const cases: [Rule['match'], string][] = [
    [{ exact: '1', lpm: '0x1200/8', ternary: '5', range: '1..5', optional: '9' },
      'table/2/1=01,2=1200/8,3=05&ffff,4=01..05,5=09/1'],
    [{ exact: '0' }, 'table/2/1=00/1'],
    [{ exact: '0', lpm: '7/0', ternary: '7/0', range: '0..65535' }, 'table/2/1=00/1'],
    [{ exact: '0', ternary: '0&&&1', range: '7' }, 'table/2/1=00,3=00&01,4=07..07/1'],
    [{ exact: '0', range: '0..65534' }, 'table/2/1=00,4=00..fffe/1'],
  ];
  for (const [match, want] of cases) t.is(key(match), want);
  const rule: Rule = {
    table: 'pipe.all', priority: 3, action: 'pipe.go', params: { port: '511' },
    match: { exact: '1', lpm: '4608/8', ternary: '1&&&0xf', range: '1..5', optional: '9' },
  };
  t.deepEqual(roundTrip(kinds, rule), rule);
});

test('counters read back', (t) => {
  const entry = TableEntry.fromPartial({
    ...entryFromRule(shadow, whole[1]!), counterData: { packetCount: 3n, byteCount: 2n ** 40n },
  });
  t.deepEqual(ruleFromEntry(shadow, entry).counter, { packets: 3, bytes: 2 ** 40 });
});

test('rules that are wrong', (t) => {
  const go = { action: 'go', params: { port: '1' } };
  const wrong: [Rule, string, RegExp][] = [
    [{ table: 'nothing', match: {} }, 'NOT_FOUND', /no table 'nothing'/],
    [{ table: 'all', match: { exact: '1', x: '1' } }, 'NOT_FOUND', /pipe\.all: no key 'x'/],
    [{ table: 'all', match: {} }, 'INVALID_INPUT', /pipe\.all: exact needs a value/],
    [{ table: 'all', match: { exact: '' } }, 'INVALID_INPUT', /exact: '' is no value of 16 bits/],
    [{ table: 'all', match: { exact: '65536' } }, 'INVALID_INPUT', /exact: value exceeds 16 bits/],
    [{ table: 'all', match: { exact: '-1' } }, 'INVALID_INPUT', /'-1' is no value/],
    [{ table: 'all', match: { exact: '10.0.0.1' } }, 'INVALID_INPUT', /'10\.0\.0\.1' is no value/],
    [{ table: 'all', match: { exact: '1', lpm: '1/17' } }, 'INVALID_INPUT', /'1\/17' is no prefix/],
    [{ table: 'all', match: { exact: '1', lpm: '1/x' } }, 'INVALID_INPUT', /is no prefix/],
    [{ table: 'all', match: { exact: '1', lpm: '1/2/3' } }, 'INVALID_INPUT', /is no prefix/],
    [{ table: 'all', match: { exact: '1', ternary: '1/17' } }, 'INVALID_INPUT', /is no prefix/],
    [{ table: 'all', match: { exact: '1', ternary: '1/x' } }, 'INVALID_INPUT', /is no prefix/],
    [{ table: 'all', match: { exact: '1', ternary: '1&&&' } }, 'INVALID_INPUT', /'' is no value/],
    [{ table: 'all', match: { exact: '1', range: '5..1' } }, 'INVALID_INPUT', /'5\.\.1' is an empty/],
    [{ table: 'all', match: { exact: '1', range: '1..' } }, 'INVALID_INPUT', /'' is no value/],
    [{ table: 'all', match: { exact: '1' }, action: 'stop' }, 'NOT_FOUND', /no action 'stop'/],
    [{ table: 'all', match: { exact: '1' }, action: 'go' }, 'INVALID_INPUT', /pipe\.go: port needs/],
    [{ table: 'all', match: { exact: '1' }, action: 'go', params: { port: '1', x: '2' } },
      'NOT_FOUND', /pipe\.go: no parameter 'x'/],
    [{ table: 'all', match: { exact: '1' }, ...go, params: { port: '512' } },
      'INVALID_INPUT', /port: value exceeds 9 bits/],
  ];
  for (const [rule, code, message] of wrong) {
    t.throws(() => entryFromRule(kinds, rule), { code, message } as object, JSON.stringify(rule));
  }
});

test('values in the form that width and name suggest', (t) => {
  const cases: [string, number, string, string][] = [
    ['10.0.0.1', 32, 'ipv4_dst', '0a000001'], ['10.0.0.1', 32, 'hdr.ipv4.src_addr', '0a000001'],
    ['10.0.0.1', 32, 'src_ip', '0a000001'], ['0xa000001', 32, 'multiplier', '0a000001'],
    ['167772161', 32, 'session', '0a000001'], ['167772161', 32, 'description', '0a000001'],
    ['02:00:00:00:00:01', 48, 'src_mac', '020000000001'], ['2199023255553', 48, 'expires_us', '020000000001'],
    ['00:00:00:00:00:01', 48, 'hdr.ethernet.dst', '01'], ['0x800', 16, 'ether_type', '0800'],
    ['2001:db8::1', 128, 'ipv6_dst', '20010db8000000000000000000000001'], ['::', 128, 'x', '00'],
    ['0x2e', 6, 'dscp', '2e'], ['511', 9, 'port', '01ff'],
  ];
  for (const [text, width, name, bytes] of cases) {
    t.is(hexOf(parseValue(text, width, name)), bytes, text);
    t.is(formatValue(parseValue(text, width, name), width, name), text);
  }
  const wrong: [string, number][] = [
    ['', 8], ['0x', 8], ['0b2', 8], ['1.5', 8], ['1e3', 16], ['10.0.0.256', 32], ['10.0.0', 32],
    ['02:00:00:00:00', 48], ['2001:db8', 128], ['1::2::3', 128], ['::ffff:10.0.0.1', 128], ['256', 8],
  ];
  for (const [text, width] of wrong) {
    t.throws(() => parseValue(text, width, 'v'), { code: 'INVALID_INPUT' } as object, text);
  }
});
