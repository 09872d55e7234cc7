/** Egress queues: rates, depths, strict priority, and the fields that tell of them. */
import { readFileSync } from 'node:fs';
import test from 'ava';
import { Arena } from '../../src/base/arena.js';
import { readProgram } from '../../src/bmv2/index.js';
import { shippedFile } from '../../src/base/paths.js';
import { fabricPool, PacketPool } from '../../src/packet/index.js';
import { V1Switch, type AssertionFailure } from '../../src/v1model/index.js';

const path = 'test/programs/build/actions.json';
const program = readProgram(readFileSync(shippedFile(path), 'utf8'), path);

interface Out {
  atNs: number;
  small: number;
  qdepth: number;
  waitedUs: number;
  left: number;
  enqueuedUs: number;
  result: bigint;
}

/** A switch under a clock that runs from event to event. */
function bench(priorityQueues?: number) {
  const arena = new Arena(fabricPool.slots * (fabricPool.slotBytes + 40) + 1024);
  const pool = new PacketPool(fabricPool, arena);
  const out: Out[] = [];
  const log: string[] = [];
  const failures: AssertionFailure[] = [];
  const clock = { nowNs: 0, wakeNs: Infinity };
  const v1 = new V1Switch(program, {
    pool,
    seed: 7,
    ...(priorityQueues !== undefined && { priorityQueues }),
    onLog: (text) => log.push(text),
    onAssertion: (failure) => failures.push(failure),
    attachment: {
      transmit(_, packet) {
        const view = Buffer.from(pool.view(packet));
        out.push({
          atNs: clock.nowNs,
          small: view[1]!,
          qdepth: Number(view.readBigUInt64BE(4)),
          waitedUs: Number(view.readBigUInt64BE(12)),
          enqueuedUs: Number(view.readBigUInt64BE(28)),
          left: Number(view.readBigUInt64BE(36)),
          result: view.readBigUInt64BE(36),
        });
        pool.free(packet);
      },
      wakeAt: (timeNs) => (clock.wakeNs = timeNs),
    },
  });
  const send = (op: number, small: number, a = 0n, b = 0n, number = 0): void => {
    const frame = Buffer.alloc(44);
    frame[0] = op;
    frame[1] = small;
    frame.writeInt16BE(number, 2);
    frame.writeBigUInt64BE(a, 4);
    frame.writeBigUInt64BE(b, 12);
    v1.receive(1, pool.allocFrom(frame), clock.nowNs);
  };
  const run = (): void => {
    while (clock.wakeNs < Infinity) {
      clock.nowNs = clock.wakeNs;
      clock.wakeNs = Infinity;
      v1.wake(clock.nowNs);
    }
  };
  return { v1, arena, out, log, failures, clock, send, run };
}

const PRIORITY = 11;

test('without a rate a packet goes straight through', (t) => {
  const { out, clock, send } = bench();
  clock.nowNs = 5000;
  send(PRIORITY, 3);
  t.deepEqual(
    out.map(({ atNs, qdepth, waitedUs, enqueuedUs }) => [atNs, qdepth, waitedUs, enqueuedUs]),
    [[5000, 0, 0, 5]],
  );
  t.is(clock.wakeNs, Infinity);
});

test('a rate spaces packets, and the fields say how', (t) => {
  const { v1, out, send, run } = bench();
  v1.queues.setRate(1000);
  for (let i = 0; i < 4; i++) send(PRIORITY, 0);
  t.is(v1.queues.count, 3);
  t.is(v1.queues.length(2, 0), 3);
  run();
  t.deepEqual(
    out.map(({ atNs, qdepth, waitedUs, left }) => [atNs / 1e6, qdepth, waitedUs, left]),
    [
      [0, 0, 0, 0],
      [1, 0, 1000, 2],
      [2, 1, 2000, 1],
      [3, 2, 3000, 0],
    ],
  );
});

test('a full queue drops, and counts what it drops', (t) => {
  const { v1, out, send, run } = bench();
  v1.queues.setRate(10);
  v1.queues.setDepth(2, 2);
  for (let i = 0; i < 5; i++) send(PRIORITY, 0);
  run();
  t.is(out.length, 3);
  t.is(v1.drops.queue_full, 2);
});

test('of packets that are due together the highest priority goes first', (t) => {
  const { v1, out, clock, send, run } = bench();
  v1.queues.setRate(1000, 2);
  for (const priority of [0, 5, 7, 0, 7, 5]) send(PRIORITY, priority);
  clock.nowNs = 1;
  run();
  t.deepEqual(
    out.map(({ small }) => small),
    [0, 5, 7, 7, 5, 0],
  );
});

test('a rate of one queue leaves the others alone', (t) => {
  const { v1, out, send } = bench();
  v1.queues.setRate(1, 2, 4);
  t.is(v1.queues.rate(2, 4), 1);
  t.is(v1.queues.rate(2, 3), 0);
  for (const priority of [4, 4, 3, 3]) send(PRIORITY, priority);
  t.deepEqual(
    out.map(({ small }) => small),
    [4, 3, 3],
  );
});

test('a priority without a queue is dropped', (t) => {
  const { v1, out, send } = bench(2);
  for (const priority of [0, 1, 2, 7]) send(PRIORITY, priority);
  t.is(out.length, 2);
  t.is(v1.drops.queue_priority, 2);
});

test('wrong settings are refused', (t) => {
  const { v1 } = bench(2);
  for (const set of [
    () => v1.queues.setRate(-1),
    () => v1.queues.setDepth(1.5),
    () => v1.queues.setRate(1, 0, 2),
    () => v1.queues.depth(0, -1),
  ]) {
    t.throws(set, { code: 'INVALID_INPUT' });
  }
});

test('queues are saved with the switch', (t) => {
  const { v1, arena, out, clock, send, run } = bench();
  v1.queues.setRate(1000);
  for (let i = 0; i < 3; i++) send(PRIORITY, i === 2 ? 6 : 0);
  const [state, packets, wakeNs] = [v1.save(), arena.save(), clock.wakeNs];
  run();
  const first = out.splice(0);
  arena.load(packets);
  v1.load(state);
  Object.assign(clock, { nowNs: 0, wakeNs });
  run();
  t.deepEqual(out, first.slice(2));
  t.is(out.length, 1);
});

test('a failed assertion drops its packet, says where, and ends nothing else', (t) => {
  const { v1, out, failures, send } = bench();
  send(5, 0, 9n, 3n);
  send(5, 0, 3n, 9n);
  t.deepEqual(
    failures.map(({ kind, place }) => [kind, /^test\/programs\/actions\.p4:\d+$/.test(place)]),
    [['assert', true]],
  );
  t.is(v1.drops.assertion_failed, 1);
  t.is(out[0]!.result, 6n);
});

test('messages carry values of any width and sign', (t) => {
  const { log, send } = bench();
  send(6, 0, 2n ** 64n - 1n, 0n, -7);
  t.deepEqual(log, ['a 18446744073709551615 number -7 wide 0']);
});

test('random draws stay within 64-bit bounds and reach the whole of them', (t) => {
  const { out, send } = bench();
  const [low, high] = [2n ** 63n - 10n, 2n ** 63n + 10n];
  for (let i = 0; i < 400; i++) send(10, 0, low, high);
  const drawn = out.map(({ result }) => result);
  t.true(drawn.every((value) => value >= low && value <= high));
  t.is(new Set(drawn).size, 21);
  out.splice(0);
  send(10, 0, 5n, 3n);
  t.is(out[0]!.result, 0n);
});
