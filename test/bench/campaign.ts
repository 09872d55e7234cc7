/**
 * Single failures on a k=4 fat tree whose switches run shadow.p4: each scenario is forked from one
 * warm network and has 100,000 packets. `SCENARIOS=1000` runs that many; a sample otherwise.
 */
import {
  coreCount,
  ShadowTestbed,
  TestbedPool,
  topologyImage,
  type TestbedImage,
} from '../../src/app/index.js';
import { randomFailures, singleScenario, sweepFailures } from '../../src/campaign/index.js';
import type { Failure } from '../../src/fault/index.js';
import { fatTree } from '../../src/topology/index.js';
import { bulkFlows } from './bulkFlows.js';
import type { Benchmark } from './row.js';

const SCENARIOS = Number(process.env['SCENARIOS'] ?? 60);
const PACKETS = 100_000;
const WARM_UP_NS = 100e6;
const SEED = 1;
/** Virtual time in which a window's length is looked for. */
const STEP_NS = 10e6;
/** Scenarios before anything is timed: V8 has then met every kind of failure. */
const REHEARSALS = 20;

const seconds = (from: bigint): number => Number(process.hrtime.bigint() - from) / 1e9;
const mebibytes = (): number => process.memoryUsage().rss / 2 ** 20;

/** The window in which the hosts send `PACKETS` packets, acknowledgements included, ns. */
async function findWindow(testbed: ShadowTestbed): Promise<number> {
  testbed.restore(SEED);
  const before = testbed.hostPackets;
  let windowNs = 0;
  while (testbed.hostPackets - before < PACKETS) {
    await testbed.run(STEP_NS);
    windowNs += STEP_NS;
  }
  return windowNs;
}

/** Every so many scenarios the network runs once without a failure, as the peer. */
const PEER_EVERY = 6;

interface Timed {
  /** s, without the peer's runs. */
  wall: number;
  setUp: number;
  hops: number;
  packets: number;
  /** Packet-hops a second of the runs without a failure. */
  unfaulted: number;
  /** MiB after the first tenth of the scenarios, and after the last. */
  memory: [early: number, late: number];
}

/** One scenario after the other, in this thread. */
async function runHere(
  testbed: ShadowTestbed,
  failures: readonly Failure[],
  windowNs: number,
): Promise<Timed> {
  const timed: Timed = { wall: 0, setUp: 0, hops: 0, packets: 0, unfaulted: 0, memory: [0, 0] };
  const peer = { wall: 0, hops: 0 };
  for (const [i, failure] of failures.entries()) {
    if (i % PEER_EVERY === 0) {
      testbed.restore(SEED);
      const hops = testbed.packetHops;
      const at = process.hrtime.bigint();
      await testbed.run(windowNs);
      peer.wall += seconds(at);
      peer.hops += testbed.packetHops - hops;
    }
    const hops = testbed.packetHops;
    const at = process.hrtime.bigint();
    testbed.restore(SEED);
    await testbed.inject(failure, windowNs);
    timed.setUp += seconds(at);
    const packets = testbed.hostPackets;
    await testbed.run(windowNs);
    timed.wall += seconds(at);
    timed.packets += testbed.hostPackets - packets;
    timed.hops += testbed.packetHops - hops;
    if (i === Math.floor(failures.length / 10)) timed.memory[0] = mebibytes();
  }
  timed.memory[1] = mebibytes();
  timed.unfaulted = peer.hops / peer.wall;
  return timed;
}

export const run: Benchmark = async () => {
  const topology = fatTree(4);
  const replica = await topologyImage(topology, SEED);
  const flows = bulkFlows(topology);
  const image: TestbedImage = { replica, flows, seed: SEED, warmUpNs: WARM_UP_NS };
  const all = [...sweepFailures(topology), ...randomFailures(topology, SEED, SCENARIOS)];
  // Evenly over all kinds of failures and places.
  const failures = Array.from({ length: SCENARIOS }, (_, i) => {
    return all[Math.floor((i * all.length) / SCENARIOS)]!;
  });
  const testbed = await ShadowTestbed.of(image);
  const windowNs = await findWindow(testbed);
  await runHere(testbed, failures.slice(-REHEARSALS), windowNs);
  const here = await runHere(testbed, failures, windowNs);
  const rate = failures.length / here.wall;

  const pool = await TestbedPool.open(image);
  const none = { beforeNs: 0, afterNs: 0, recoveryNs: 0, hypothesis: [], stop: [] };
  const frame = { ...none, seed: SEED, windowNs };
  const request = (failure: Failure, i: number) =>
    pool.run(singleScenario(`failure ${i}`, [failure], frame, windowNs));
  await Promise.all(failures.slice(-REHEARSALS * pool.width).map(request));
  const began = process.hrtime.bigint();
  await Promise.all(failures.map(request));
  const together = failures.length / seconds(began);
  await pool.close();

  const each = Math.round(here.packets / failures.length).toLocaleString('en');
  return [
    {
      name: `${SCENARIOS} single failures, ${each} packets each, forks of a warm k=4 fat tree`,
      value: rate,
      unit: 'scenarios/s on one core',
      peer: { name: 'goal', value: 4 },
      ratio: rate / 4,
      goal: '>= 4 a core',
    },
    {
      name: 'the same',
      value: here.hops / here.wall / 1e6,
      unit: 'M packet-hops/s',
      peer: { name: 'without failures', value: here.unfaulted / 1e6 },
      ratio: here.hops / here.wall / here.unfaulted,
    },
    {
      name: 'the same, time in set-up (restore, inject, read-back)',
      value: (here.setUp / here.wall) * 100,
      unit: '%',
      goal: '<= 5 %',
    },
    {
      name: `the same on ${coreCount()} threads`,
      value: together,
      unit: 'scenarios/s',
      peer: { name: 'one thread', value: rate },
      ratio: together / rate,
      goal: `towards ratio ${coreCount()}`,
    },
    {
      name: 'memory of the one thread after the last scenario',
      value: here.memory[1],
      unit: 'MiB',
      peer: { name: 'after a tenth', value: here.memory[0] },
      ratio: here.memory[1] / here.memory[0],
      goal: 'flat',
    },
  ];
};
