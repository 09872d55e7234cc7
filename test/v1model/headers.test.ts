import { readFileSync } from 'node:fs';
import test from 'ava';
import { readProgram } from '../../src/bmv2/index.js';
import { shippedFile } from '../../src/base/paths.js';
import { Prng } from '../../src/base/prng.js';
import { fabricPool, PacketPool } from '../../src/packet/index.js';
import { V1Switch, type KeyMatch, type PacketTrace } from '../../src/v1model/index.js';

const json = (name: string): string =>
  readFileSync(shippedFile(`test/programs/build/${name}.json`), 'utf8');

const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));

interface Bench {
  v1: V1Switch;
  pool: PacketPool;
  /** `port: frame` of what comes out. */
  send(frame: string | Uint8Array, port?: number): string[];
}

function bench(name: string): Bench {
  const pool = new PacketPool(fabricPool);
  const out: string[] = [];
  const v1 = new V1Switch(readProgram(json(name), `${name}.json`), {
    pool,
    seed: 1,
    attachment: {
      transmit(port, packet) {
        out.push(`${port}: ${Buffer.from(pool.view(packet)).toString('hex')}`);
        pool.free(packet);
      },
      wakeAt() {},
    },
  });
  const send = (frame: string | Uint8Array, port = 0): string[] => {
    out.length = 0;
    v1.receive(port, pool.allocFrom(typeof frame === 'string' ? bytes(frame) : frame), 0);
    return [...out];
  };
  return { v1, pool, send };
}

const types = 'SwitchParser.types';
const pairs = 'SwitchParser.pairs';
const value = (...numbers: number[]): KeyMatch => ({ value: Uint8Array.from(numbers) });

test('a select finds the members of a value set, and no longer when they are replaced', (t) => {
  const { v1, send } = bench('parsing');
  const set = v1.valueSets.get(types)!;
  t.deepEqual([set.size, set.widths], [2, [8]]);
  set.replace([[value(0x10)], [value(0x22)]]);
  t.deepEqual(['4b1000', '4b2200', '4b3300'].flatMap((frame) => send(frame)), [
    '5: 4b1000',
    '5: 4b2200',
    '1: 4b3300',
  ]);
  set.replace([[{ value: Uint8Array.of(0x30), mask: Uint8Array.of(0xf0) }]]);
  t.deepEqual(['4b1000', '4b3300'].flatMap((frame) => send(frame)), ['1: 4b1000', '5: 4b3300']);
  set.replace([]);
  t.deepEqual(send('4b3300'), ['1: 4b3300']);
});

test('a member of several fields matches when all of them do; null is any value', (t) => {
  const { v1, send } = bench('parsing');
  const set = v1.valueSets.get(pairs)!;
  t.deepEqual(set.widths, [4, 9]);
  set.replace([
    [value(0xc), value(1, 2)],
    [value(0xd), null],
  ]);
  t.deepEqual(set.members(), [
    [value(0xc), value(1, 2)],
    [value(0xd), null],
  ]);
  t.deepEqual(send('4c', 0x102), ['5: 4c']);
  t.deepEqual(send('4c', 2), ['1: 4c']);
  t.deepEqual(send('4d', 7), ['5: 4d']);
});

const refusedMembers: [string, KeyMatch[][], string][] = [
  ['too many', [[value(1)], [value(2)], [value(3)]], 'LIMIT'],
  ['twice', [[value(1)], [value(1)]], 'CONFLICT'],
  ['too wide', [[value(0, 1)]], 'INVALID_INPUT'],
  ['a field too many', [[value(1), value(1)]], 'INVALID_INPUT'],
  ['a range', [[{ low: Uint8Array.of(1), high: Uint8Array.of(2) }]], 'INVALID_INPUT'],
];

for (const [name, members, code] of refusedMembers) {
  test(`refused, with the members left as they were: ${name}`, (t) => {
    const { v1, send } = bench('parsing');
    const set = v1.valueSets.get(types)!;
    set.replace([[value(9)]]);
    t.throws(() => set.replace(members), { code });
    t.deepEqual(set.members(), [[value(9)]]);
    t.deepEqual(send('4b0900'), ['5: 4b0900']);
  });
}

test('value sets are saved with their switch', (t) => {
  const { v1, send } = bench('parsing');
  v1.valueSets.get(types)!.replace([[value(0x10)]]);
  const saved = v1.save();
  v1.valueSets.get(types)!.replace([]);
  t.deepEqual(send('4b1000'), ['1: 4b1000']);
  v1.load(saved);
  t.deepEqual(send('4b1000'), ['5: 4b1000']);
});

test('a trace shows which element of a stack was filled, and the error that ended it', (t) => {
  const { v1, send } = bench('stacks');
  const traces: PacketTrace[] = [];
  v1.trace((trace) => traces.push(trace));
  t.deepEqual(send(`0000${'00010000'.slice(0, 6).repeat(5)}`), [`2: 0000${'000100'.repeat(5)}`]);
  const headers = traces[0]!.steps.flatMap((s) => (s.kind === 'extract' ? [s.header] : []));
  t.deepEqual(headers, ['command', 'labels[0]', 'labels[1]', 'labels[2]', 'labels[3]']);
  const parsed = traces[0]!.steps.find((step) => step.kind === 'parsed');
  t.like(parsed, { error: 'StackOutOfBounds', bytes: 14 });
});

for (const name of ['stacks', 'unions', 'varbits', 'parsing']) {
  test(`${name}: whatever comes in, the packet leaves or is dropped, the same every time`, (t) => {
    const random = new Prng(7);
    const frames = Array.from({ length: 2000 }, () => {
      const frame = Uint8Array.from({ length: random.below(40) }, () => random.below(256));
      // Often enough a command that the program knows.
      if (frame.length > 1 && random.below(4) > 0) frame[0]! &= 0x8f;
      if (name === 'parsing' && frame.length > 0) frame[0] = 0x40 | (frame[0]! & 0xf);
      return frame;
    });
    const [first, second] = [bench(name), bench(name)];
    for (const frame of frames) {
      const sent = first.send(frame);
      t.is(sent.length, 1);
      t.deepEqual(second.send(frame), sent);
    }
    t.is(first.pool.used, 0);
  });
}
