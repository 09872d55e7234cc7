/** A program of 400 tables: its emitted functions stay short, and it does what the tables say. */
import { readFileSync } from 'node:fs';
import test from 'ava';
import { readProgram } from '../../src/bmv2/index.js';
import { shippedFile } from '../../src/base/paths.js';
import { fabricPool, PacketPool } from '../../src/packet/index.js';
import { V1Switch } from '../../src/v1model/index.js';
import { emitProgram } from '../../src/v1model/emit/program.js';

interface JsonTable {
  name: string;
  id: number;
  next_tables: Record<string, string | null>;
  base_default_next: string | null;
}
interface JsonProgram {
  pipelines: { tables: JsonTable[] }[];
}

const COPIES = 20;
const POLICIES = 20;
const policy = (number: number, copy: number): string =>
  `LargeIngress.policy_${number}${copy === 0 ? '' : `_${copy}`}`;
/** The last copy's first policy: where one entry jumps to from the very first. */
const farAhead = policy(1, COPIES - 1);

function pointTo(table: JsonTable, next: string | null): void {
  for (const action of Object.keys(table.next_tables)) table.next_tables[action] = next;
  table.base_default_next = next;
}

/** large.p4 with its policies, behind the first ten, repeated so often. */
function longProgram(): string {
  const path = shippedFile('test/programs/build/large.json');
  const json = JSON.parse(readFileSync(path, 'utf8')) as JsonProgram;
  const { tables } = json.pipelines[0]!;
  const original = (number: number): JsonTable =>
    tables.find(({ name }) => name === policy(number, 0))!;
  const behind = original(POLICIES).base_default_next;
  for (let copy = 1; copy < COPIES; copy++) {
    for (let number = 1; number <= POLICIES; number++) {
      const table = structuredClone(original(number));
      const isLast = copy === COPIES - 1 && number === POLICIES;
      const [nextNumber, nextCopy] = number === POLICIES ? [1, copy + 1] : [number + 1, copy];
      table.name = policy(number, copy);
      table.id = 1000 + copy * POLICIES + number;
      pointTo(table, isLast ? behind : policy(nextNumber, nextCopy));
      tables.push(table);
    }
  }
  pointTo(original(POLICIES), policy(1, 1));
  const first = tables.find(({ name }) => name === policy(1, 1))!;
  first.next_tables['LargeIngress.decide_1'] = farAhead;
  return JSON.stringify(json);
}

const program = readProgram(longProgram(), 'long.json');

test('no emitted function is longer than V8 optimises', (t) => {
  for (const isTraced of [false, true]) {
    const { text } = emitProgram(program, isTraced);
    const functions = text.split(/\n(?=function )/);
    const parts = functions.filter((code) => code.startsWith('function ingress'));
    t.true(parts.length > 4);
    // V8 makes 0.6 bytes of bytecode of a character; its limit is 61,440.
    for (const code of functions) t.true(code.length < 40_000, code.slice(0, 40));
  }
});

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));
const udp = hex(
  '000000000100 000000000a01 0800 4500002e000040004011 23bd 0a000101 0a000202' +
    '04d20050 001a0000 00000000000000000000000000000000 0000',
);

/** What the packet's marks are behind all policies: `keep` is xor, `decide` is plus. */
function marksAfter(decides: (copy: number, number: number) => boolean, jumps: boolean): number {
  let marks = 0;
  for (let copy = 0; copy < COPIES; copy++) {
    for (let number = 1; number <= POLICIES; number++) {
      if (decides(copy, number)) marks += number;
      else marks ^= number;
      if (copy === 1 && number === 1 && jumps) [copy, number] = [COPIES - 1, 0];
    }
  }
  return marks;
}

for (const [what, classOfJump] of [
  ['runs through all tables', 9],
  ['jumps over many functions', 0],
] as const) {
  test(what, (t) => {
    const pool = new PacketPool(fabricPool);
    const sent: { port: number; tos: number }[] = [];
    const v1 = new V1Switch(program, {
      pool,
      seed: 1,
      attachment: {
        transmit(port, packet) {
          sent.push({ port, tos: pool.view(packet)[15]! });
          pool.free(packet);
        },
        wakeAt() {},
      },
    });
    const word = (value: number, bytes: number): Uint8Array =>
      Uint8Array.from({ length: bytes }, (_, i) => value >>> (8 * (bytes - 1 - i)));
    const table = (name: string) => v1.tables.get(name)!;
    // Protocol 17 in class 0 decides in one table in the middle, and in the one that jumps.
    const decide = (copy: number, number: number, of: number): void => {
      table(policy(number, copy)).insert([{ value: word(of, 2) }, { value: word(17, 1) }], 0, {
        action: `LargeIngress.decide_${number}`,
        params: [word(of, 2)],
      });
    };
    decide(1, 1, classOfJump);
    decide(7, 11, 0);
    const jumps = classOfJump === 0;
    const marks = marksAfter(
      (copy, number) =>
        (copy === 7 && number === 11) || (copy === 1 && number === 1 && jumps),
      jumps,
    );
    table('LargeIngress.ipv4_lpm').insert([{ value: word(0, 4), prefixLength: 0 }], 0, {
      action: 'LargeIngress.set_next_hop',
      params: [word(3, 2)],
    });
    table('LargeIngress.next_hop').insert([{ value: word(3, 2) }], 0, {
      action: 'LargeIngress.forward',
      params: [word(1, 6), word(2, 6), word(5, 2)],
    });
    table('LargeEgress.remark_marks').insert([{ value: word(marks, 4) }], 0, {
      action: 'LargeEgress.remark',
      params: [word(0xa5, 1)],
    });
    v1.receive(1, pool.allocFrom(udp), 1000);
    t.deepEqual(sent, [{ port: 5, tos: 0xa5 }]);
    t.is(pool.used, 0);
  });
}

test('a trace sees the tables of every function', (t) => {
  const pool = new PacketPool(fabricPool);
  const v1 = new V1Switch(program, {
    pool,
    seed: 1,
    attachment: { transmit: (_, packet) => pool.free(packet), wakeAt() {} },
  });
  let seen = 0;
  v1.trace((trace) => (seen = JSON.stringify(trace).split('LargeIngress.policy_').length - 1));
  v1.receive(1, pool.allocFrom(udp), 1000);
  t.is(seen, COPIES * POLICIES);
});
