/** What a run says of a switch that does otherwise than its test, and of a test that fits badly. */
import test from 'ava';
import { parseStf, runStf, stfReport, type StfResult } from '../../src/stf/index.js';
import { testProgram } from './program.js';

const program = testProgram('tables');
const run = (text: string): StfResult => runStf(program, parseStf(text, 'x.stf'), { seed: 1 });
const failures = (text: string): string[] =>
  run(text).failures.map(({ line, message }) => `${line}: ${message}`);

/** Leaves by port 1 with its last byte 0x31 once `route` stands. */
const route = 'add lpm_word word:0x0a000000/8 answer(result:0x31) = R';
const head = '02 00 0000 0a010203 000000000000 00000000000000000000000000000000';
const packet = `packet 0 ${head} 00 aabb`;

const passing: [string, string][] = [
  ['the bytes', `expect 1 ${head} 31 aabb $`],
  ['a beginning', `expect 1 ${head}`],
  ['any digit', 'expect 1 *2'],
  ['any content', 'expect 1'],
  ['upper case', `expect 1 ${head.toUpperCase()} 31 AABB`],
];

for (const [what, expect] of passing) {
  test(`passes on ${what}`, (t) => t.deepEqual(failures([route, packet, expect].join('\n')), []));
}

const failing: [string, string[], string[]][] = [
  [
    'a digit that differs',
    [route, packet, `expect 1 ${head} 30`],
    ['3: packet 1 on port 1 differs at byte 30; it left after line 2'],
  ],
  [
    'more than was said before $',
    [route, packet, `expect 1 ${head} 31 aa $`],
    ['3: packet 1 on port 1 differs at byte 32; it left after line 2'],
  ],
  [
    'less than was expected',
    [route, packet, `expect 1 ${head} 31 aabb **`],
    ['3: packet 1 on port 1 differs at byte 33; it left after line 2'],
  ],
  [
    'a packet that does not come, and one that comes elsewhere',
    [route, packet, 'expect 2'],
    [
      `2: an unexpected packet on port 1: 0 expected, 1 came: ${head.replaceAll(' ', '')}31aabb`,
      '3: no packet on port 2: 1 expected, 0 came',
    ],
  ],
  [
    'one too few',
    [route, packet, 'expect 1', 'expect 1'],
    ['4: no packet on port 1: 2 expected, 1 came'],
  ],
  [
    'another order than that of the test',
    [route, packet, packet.replace('aabb', 'cc'), 'expect 1 *******', `expect 1 ${head} 31 aa`],
    ['5: packet 2 on port 1 differs at byte 31; it left after line 3'],
  ],
  [
    'a packet where none was to come',
    [route, packet, 'no_packet', 'expect 1'],
    [
      '3: a packet on port 1, although none was expected here: ' +
        `${head.replaceAll(' ', '')}31aabb`,
    ],
  ],
  [
    'a counter that counted otherwise',
    [
      route,
      packet,
      'expect 1',
      'check_counter word_hits($R)',
      'check_counter word_hits($R) packets != 1',
      'check_counter word_hits(0) bytes > 33',
      'check_counter word_hits(0) bytes >= 33',
    ],
    [
      '4: TestIngress.word_hits($R) is not 0: 1 packets, 33 bytes',
      '5: TestIngress.word_hits($R): packets != 1 expected, got 1',
      '6: TestIngress.word_hits(0): bytes > 33 expected, got 33',
    ],
  ],
];

for (const [what, lines, messages] of failing) {
  test(`fails on ${what}`, (t) => t.deepEqual(failures(lines.join('\n')), messages));
}

const misfits: [string, RegExp][] = [
  ['add nowhere f:1 drop()', /no table 'nowhere': there is TestIngress.exact_two, /],
  ['add wide f:1 drop()', /table 'wide' may be TestIngress.exact_wide or TestIngress.lpm_wide/],
  ['add lpm_word worm:1 drop()', /no key field of .*lpm_word 'worm': there is hdr.keys.word/],
  ['add lpm_word word:1 word:2 drop()', /'hdr.keys.word' is given twice/],
  ['add lpm_word word:0x1* word:2 drop()', /'hdr.keys.word' is given twice/],
  ['add lpm_word word:0x100000000 drop()', /hdr.keys.word: 4294967296 has more than 32 bits/],
  ['add lpm_word word:1/33 drop()', /a prefix of 33 bits, 32 wide/],
  ['add lpm_word word:0x*1 drop()', /'\*' may only end an lpm key/],
  ['add lpm_word word:0x1*/8 drop()', /give either '\*' or '\/', not 0x1\*\/8/],
  ['add lpm_word word:1/0x* drop()', /a number is expected behind '\/', not 0x\*/],
  ['add exact_two small:0x1* drop()', /hdr.keys.small: one value is expected, found '0x1\*'/],
  ['add exact_two small:1/8 drop()', /hdr.keys.small: one value is expected, found '1\/8'/],
  ['add ternary_two half:1 drop()', /a priority is expected behind 'ternary_two'/],
  ['add lpm_word word:1 forward()', /no action of .*lpm_word 'forward': there is TestIngress.an/],
  ['add lpm_word word:1 answer()', /argument 'result' of TestIngress.answer is given 0 times/],
  ['add lpm_word word:1 answer(result:1, result:2)', /argument 'result' .* is given 2 times/],
  ['add lpm_word word:1 answer(port:1)', /answer has no argument 'port', it takes result/],
  ['add lpm_word word:1 drop(port:1)', /drop has no argument 'port', it takes nothing/],
  ['add lpm_word word:1 answer(result:256)', /256 has more than 8 bits/],
  ['add constant small:9 drop()', /TestIngress.constant takes no entries: its own are constant/],
  ['add exact_two small:1 drop()\nadd exact_two small:1 drop()', /an entry with this key exists/],
  ['check_counter nothing(0)', /no counter 'nothing': there is TestIngress.word_hits/],
  ['check_counter word_hits(A)', /no entry was named 'A'/],
  ['check_counter word_hits(0)', /no entry 0, TestIngress.lpm_word was given 0/],
  ['register_read r 0', /no register 'r': there is none/],
  ['meter_get_rates m 0', /no meter 'm': there is none/],
  ['mc_node_associate 1 0', /no multicast group 1/],
  ['mirroring_get 1', /no mirroring session 1/],
  ['mirroring_delete 1', /no mirroring session 1/],
];

for (const [line, message] of misfits) {
  test(`does not fit the program: ${line}`, (t) => {
    const error = t.throws(() => run(`\n${line}`));
    t.regex(error.message, /^x.stf:[23]: /);
    t.regex(error.message, message);
  });
}

test('an entry of another table has no place in a direct counter', (t) => {
  const lines = ['add exact_two small:1 address:1 drop() = E', 'check_counter word_hits($E)'];
  t.throws(() => run(lines.join('\n')), {
    message: /word_hits counts for TestIngress.lpm_word, the entry is of TestIngress.exact_two/,
  });
});

test('a packet too long for the switch is refused by its line', (t) => {
  t.throws(() => run(`packet 0 ${'00'.repeat(9300)}`), {
    message: 'x.stf:1: a packet of 9300 bytes, at most 9280 fit',
  });
});

test('the report sets packets one above the other and marks the first difference', (t) => {
  const text = stfReport(run([route, packet, `expect 1 ${head} 32 $`].join('\n')));
  t.deepEqual(text.split('\n'), [
    'x.stf:3: packet 1 on port 1 differs at byte 30; it left after line 2',
    '  0000  expected  02 00 00 00 0a 01 02 03 00 00 00 00 00 00 00 00',
    '        got       02 00 00 00 0a 01 02 03 00 00 00 00 00 00 00 00',
    '  0010  expected  00 00 00 00 00 00 00 00 00 00 00 00 00 00 32 $',
    '        got       00 00 00 00 00 00 00 00 00 00 00 00 00 00 31 aa',
    '                                                             ^',
    '  0020  expected',
    '        got       bb',
    'x.stf: FAILED with 1 failure, 1 packets in, 1 out',
  ]);
});
