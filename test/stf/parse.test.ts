/** Every statement of STF, and what is said about lines that are none. */
import test from 'ava';
import { parseStf, type Statement } from '../../src/stf/index.js';

const one = (line: string): Statement | undefined => parseStf(line, 'x.stf').lines[0]?.statement;
const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
const action = (name: string, ...args: [string, bigint][]) => ({
  name,
  args: args.map(([argument, value]) => ({ name: argument, value })),
});
const match = (field: string, value: string, second?: string) => ({ field, value, second });
const entry = (fields: Partial<Extract<Statement, { kind: 'add' }>>): Statement => ({
  kind: 'add',
  table: 't',
  priority: undefined,
  match: [match('f', '1')],
  action: action('a'),
  entryName: undefined,
  ...fields,
});

const valid: [string, Statement][] = [
  ['add t f:1 a()', entry({})],
  ['ADD t f:1 a()', entry({})],
  ['add t 10 f:1 a()', entry({ priority: 10 })],
  ['add t f:1 a() = A', entry({ entryName: 'A' })],
  ['add ingress.t f:1 a()', entry({ table: 'ingress.t' })],
  ['add "a b.t" f:1 a()', entry({ table: 'a b.t' })],
  ['add t "hdr.h.isValid()":1 a()', entry({ match: [match('hdr.h.isValid()', '1')] })],
  ['add t h[2].f:1 a()', entry({ match: [match('h[2].f', '1')] })],
  ['add t h$2.f:1 a()', entry({ match: [match('h$2.f', '1')] })],
  ['add t h.$valid$:0b1 a()', entry({ match: [match('h.$valid$', '0b1')] })],
  ['add t f:10/8 a()', entry({ match: [match('f', '10', '8')] })],
  [
    'add t f:0x*1 g:0b1* a()',
    entry({ match: [match('f', '0x*1'), match('g', '0b1*')] }),
  ],
  [
    'add t f:1 c.a(x:0x10, y:0b11,z:7) = $A',
    entry({ action: action('c.a', ['x', 16n], ['y', 3n], ['z', 7n]), entryName: '$A' }),
  ],
  ['add t add:1 wait()', entry({ match: [match('add', '1')], action: action('wait') })],
  ['setdefault c.t a(x:1)', { kind: 'setdefault', table: 'c.t', action: action('a', ['x', 1n]) }],
  ['remove all', { kind: 'remove all' }],
  ['wait', { kind: 'wait' }],
  ['no_packet', { kind: 'no_packet' }],
  ['packet 0 00 1A2b', { kind: 'packet', port: 0, bytes: bytes(0, 0x1a, 0x2b) }],
  ['  Packet 12 001122 # three', { kind: 'packet', port: 12, bytes: bytes(0, 0x11, 0x22) }],
  ['expect 1', { kind: 'expect', port: 1, pattern: undefined }],
  ['expect 1 0A *b', { kind: 'expect', port: 1, pattern: { digits: '0a*b', isWhole: false } }],
  ['expect 1 0a $', { kind: 'expect', port: 1, pattern: { digits: '0a', isWhole: true } }],
  ['expect 1 0a$', { kind: 'expect', port: 1, pattern: { digits: '0a', isWhole: true } }],
  ['check_counter c(3)', { kind: 'check_counter', counter: 'c', at: 3, check: undefined }],
  ...(['==', '!=', '<', '<=', '>', '>='] as const).map((comparison): [string, Statement] => [
    `check_counter i.c($A) packets ${comparison} 2`,
    {
      kind: 'check_counter',
      counter: 'i.c',
      at: '$A',
      check: { unit: 'packets', comparison, value: 2n },
    },
  ]),
  [
    'check_counter c(0) BYTES==0x10',
    {
      kind: 'check_counter',
      counter: 'c',
      at: 0,
      check: { unit: 'bytes', comparison: '==', value: 16n },
    },
  ],
  ['mirroring_add 5 2', { kind: 'mirroring_add', session: 5, port: 2 }],
  ['mirroring_add_mc 5 9', { kind: 'mirroring_add_mc', session: 5, group: 9 }],
  ['mirroring_delete 5', { kind: 'mirroring_delete', session: 5 }],
  ['mirroring_get 5', { kind: 'mirroring_get', session: 5 }],
  ['mc_mgrp_create 1113', { kind: 'mc_mgrp_create', group: 1113 }],
  ['mc_node_create 400 6 7', { kind: 'mc_node_create', instance: 400, ports: [6, 7] }],
  ['mc_node_update 0 8', { kind: 'mc_node_update', node: 0, ports: [8] }],
  ['mc_node_associate 1113 0', { kind: 'mc_node_associate', group: 1113, node: 0 }],
  ['counter_read i.c 1', { kind: 'counter_read', counter: 'i.c', index: 1 }],
  [
    'counter_write c 1 20 3000',
    { kind: 'counter_write', counter: 'c', index: 1, packets: 20, bytes: 3000 },
  ],
  ['register_read r 0', { kind: 'register_read', register: 'r', index: 0 }],
  [
    'register_write r 0 0xffffffffffffffffff',
    { kind: 'register_write', register: 'r', index: 0, value: 2n ** 72n - 1n },
  ],
  ['register_reset r', { kind: 'register_reset', register: 'r' }],
  ['meter_get_rates m 2', { kind: 'meter_get_rates', meter: 'm', index: 2 }],
  [
    'meter_set_rates m 2 0.000005:4 1:5',
    {
      kind: 'meter_set_rates',
      meter: 'm',
      index: 2,
      rates: [
        { perMicrosecond: 0.000005, burst: 4 },
        { perMicrosecond: 1, burst: 5 },
      ],
    },
  ],
  [
    'meter_array_set_rates m 0.5:7',
    { kind: 'meter_array_set_rates', meter: 'm', rates: [{ perMicrosecond: 0.5, burst: 7 }] },
  ],
];

for (const [line, statement] of valid) {
  test(`read: ${line}`, (t) => t.deepEqual(one(line), statement));
}

test('comments and empty lines are nothing, and lines are counted with them', (t) => {
  const { lines } = parseStf('# head\n\n  \t# more\nwait # now\r\n\nno_packet', 'x.stf');
  t.deepEqual(
    lines.map(({ line, statement }) => [line, statement.kind]),
    [
      [4, 'wait'],
      [6, 'no_packet'],
    ],
  );
});

const invalid: [string, string][] = [
  ['frobnicate 1', "1: expected a statement, such as add, packet or expect, found 'frobnicate'"],
  ['"add" t f:1 a()', "1: expected a statement, such as add, packet or expect, found '\"add\"'"],
  ['add t a()', "8: expected ':', found '('"],
  ['add t 10 20 f:1 a()', "10: expected a match, found '20'"],
  ['add t f:1', '10: expected a match or an action, found the end of the line'],
  ['add t f:x a()', "9: expected a number for 'f', found 'x'"],
  ['add t f:1/ a()', "12: expected a number after '/', found 'a'"],
  ['add t f:1 a(x)', "14: expected ':', found ')'"],
  ['add t f:1 a(x:1 y:2)', "17: expected ',', found 'y'"],
  ['add t f:1 a(x:1,)', "17: expected an argument of 'a', found ')'"],
  ['add t f:1 a(x:0x1*)', "15: '*' stands for any digit only in a match: '0x1*'"],
  ['add t f:1 a() =', '16: expected a name, found the end of the line'],
  ['add t f:1 a() A', "15: expected the end of the line, found 'A'"],
  ['add t 99999999999999999999 f:1 a()', '7: 99999999999999999999 is too large'],
  ['add t h[].f:1 a()', "9: expected an array index, found ']'"],
  ['add t f:1 a() ; wait', "15: ';' has no meaning in STF"],
  ['setdefault t', '13: expected an action, found the end of the line'],
  ['remove t', "8: expected 'all', found 't'"],
  ['wait 5', "6: expected the end of the line, found '5'"],
  ['no_packet 1', "11: expected the end of the line, found '1'"],
  ['packet', ' expected a port, found the end of the line'],
  ['packet x 00', " expected a port, found 'x'"],
  ['packet 0', ' expected hexadecimal digits, found the end of the line'],
  ['packet 0 00 *0', " expected hexadecimal digits, found '00*0'"],
  ['packet 0 00 0', ' expected whole bytes, found 3 hexadecimal digits'],
  ['expect', ' expected a port, found the end of the line'],
  ['expect 1 0g', " expected hexadecimal digits, '*' and a last '$', found '0g'"],
  ['expect 1 $ 00', " expected hexadecimal digits, '*' and a last '$', found '$00'"],
  ['check_counter c', "16: expected '(', found the end of the line"],
  ['check_counter c(1) packets', '27: expected a comparison, such as ==, found the end of the line'],
  ['check_counter c(1) frames == 1', "20: expected 'packets' or 'bytes', found 'frames'"],
  ['check_counter c(1) packets = 1', "28: expected a comparison, such as ==, found '='"],
  ['mirroring_add 5', '16: expected a port, found the end of the line'],
  ['mirroring_get', '14: expected a mirroring session, found the end of the line'],
  ['mc_node_create 400', '19: expected a port, found the end of the line'],
  ['mc_mgrp_create x', "16: expected a multicast group, found 'x'"],
  ['mc_node_associate 1', '20: expected a multicast node, found the end of the line'],
  ['counter_write c 1 2', '20: expected a number of bytes, found the end of the line'],
  ['register_write r 0', '19: expected a value, found the end of the line'],
  ['register_read r', '16: expected an index, found the end of the line'],
  ['meter_set_rates m 2', '20: expected a rate, such as 0.01, found the end of the line'],
  ['meter_set_rates m 2 0x1:2', "21: expected a rate, such as 0.01, found '0x1'"],
  ['meter_array_set_rates m 0.1', "28: expected ':', found the end of the line"],
];

for (const [line, message] of invalid) {
  test(`refused: ${line}`, (t) => {
    t.throws(() => parseStf(`\n${line}\n`, 'x.stf'), { message: `x.stf:2:${message}` });
  });
}
