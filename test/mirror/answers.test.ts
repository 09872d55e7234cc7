/** A server's answers, learned from frames and given by the fabric: the distribution comes back. */
import test from 'ava';
import { quantileNs } from '../../src/base/histogram.js';
import { Prng } from '../../src/base/prng.js';
import { namesByAddress, ProfileLearner } from '../../src/mirror/index.js';
import { TcpFlag } from '../../src/packet/index.js';
import type { TrafficFlow } from '../../src/topology/index.js';
import { buildLaboratory, pair } from '../laboratory.js';
import { tcpFrame, type Ends } from '../packet/frames.js';

const { SYN, ACK, FIN, PSH } = TcpFlag;
const MS = 1e6;

interface Exchange {
  serviceNs: number;
  bytes: number;
  status: number;
}

/** Shows a learner exchanges of a with b, one every 20 ms, over a way of 1 ms. */
function show(learner: ProfileLearner, exchanges: readonly Exchange[]): void {
  exchanges.forEach(({ serviceNs, bytes, status }, i) => {
    const ends: Ends = { from: '10.0.1.1', to: '10.0.2.1', fromPort: 1024 + (i % 60000), toPort: 80 };
    const back: Ends = { from: ends.to, to: ends.from, fromPort: 80, toPort: ends.fromPort! };
    const at = i * 20 * MS;
    const see = (frame: Uint8Array, ns: number): void => learner.observe(frame, at + ns);
    see(tcpFrame(ends, SYN, 100), 0);
    see(tcpFrame(back, SYN | ACK, 900), 1 * MS);
    see(tcpFrame(ends, ACK | PSH, 101, 'GET / HTTP/1.1\r\n\r\n'), 2 * MS);
    const answered = 3 * MS + serviceNs;
    const head = `HTTP/1.1 ${status} Any\r\n\r\n`;
    see(tcpFrame(back, ACK, 901, head), answered);
    for (let sent = head.length; sent < bytes; sent += 1460) {
      see(tcpFrame(back, ACK, 901 + sent, Math.min(1460, bytes - sent)), answered);
    }
    see(tcpFrame(back, FIN | ACK, 901 + bytes), answered);
    see(tcpFrame(ends, FIN | ACK, 119), answered);
  });
}

function learnedFrom(exchanges: readonly Exchange[]): Extract<TrafficFlow, { kind: 'http' }> {
  const learner = new ProfileLearner();
  show(learner, exchanges);
  const [flow] = learner.flows(namesByAddress(pair.hosts));
  return flow as Extract<TrafficFlow, { kind: 'http' }>;
}

/** Cached answers of 2 to 4 ms, and others of 10 ms and an exponential time on top. */
function timeOf(random: Prng): number {
  return random.unit() < 0.7 ? (2 + 2 * random.unit()) * MS : 10 * MS + random.exponential(20 * MS);
}

/** Chance of a time up to `ns`. */
function chanceOf(ns: number): number {
  const ms = ns / MS;
  const cached = Math.min(1, Math.max(0, (ms - 2) / 2));
  const others = ms < 10 ? 0 : 1 - Math.exp(-(ms - 10) / 20);
  return 0.7 * cached + 0.3 * others;
}

/** Kolmogorov and Smirnov: the greatest distance that 99.9 % of two samples keep. */
const distanceOf = (n: number, m: number): number => 1.95 * Math.sqrt(1 / n + 1 / m);

const LEARNED = 4000;
const random = new Prng(3);
const seen: Exchange[] = Array.from({ length: LEARNED }, () => ({
  serviceNs: timeOf(random),
  bytes: random.unit() < 0.5 ? 600 : 2000 + random.below(10_000),
  status: random.unit() < 0.05 ? 503 : random.unit() < 0.02 ? 404 : 200,
}));

test('times, sizes and statuses that were put in come back', async (t) => {
  const flow = learnedFrom(seen);
  t.like(flow, { kind: 'http', client: 'a', server: 'b' });
  t.is(Math.round(flow.requestsPerSecond), 50);
  const { network, run } = await buildLaboratory();
  const { fabric } = network;
  fabric.start([{ ...flow, requestsPerSecond: 200 }], 5);
  run(40e9);
  const [sums] = fabric.flowStats();
  const all = sums!.completed + sums!.errors;
  t.true(all > 7500);
  let distance = 0;
  for (let q = 0.005; q < 1; q += 0.005) {
    // Some microseconds are the way's.
    const serviceNs = quantileNs(sums!.latency, q) - 0.03 * MS;
    distance = Math.max(distance, Math.abs(chanceOf(serviceNs) - q));
  }
  t.true(distance <= distanceOf(LEARNED, all), `${distance} of ${distanceOf(LEARNED, all)}`);
  const share = 0.05 + 0.95 * 0.02;
  const band = 3 * Math.sqrt(share * (1 - share) * (1 / LEARNED + 1 / all));
  t.true(Math.abs(sums!.errors / all - share) <= band, `${sums!.errors} errors of ${all}`);
  const meanBytes = sums!.deliveredBytes / all - flow.requestBytes;
  const expected = (600 + 7000) / 2;
  t.true(Math.abs(meanBytes / expected - 1) < 0.04, `${meanBytes} bytes on average`);
});

test('statuses by number, tables within the values that were seen', (t) => {
  const { answers } = learnedFrom(seen);
  t.is(answers!.serviceNs.length, 129);
  const errors = [404, 503].map((status) => ({
    status,
    share: seen.filter((one) => one.status === status).length / LEARNED,
  }));
  t.deepEqual(answers!.errors, errors);
  const [least, most] = [Math.min, Math.max].map((of) => of(...seen.map(({ bytes }) => bytes)));
  t.deepEqual([answers!.bytes[0], answers!.bytes.at(-1)], [least, most]);
  t.deepEqual([...answers!.bytes].sort((x, y) => x - y), answers!.bytes);
});

test('answers that are all alike stay so, and tell nothing of errors', (t) => {
  const alike = Array.from({ length: 40 }, () => ({ serviceNs: 5 * MS, bytes: 700, status: 200 }));
  t.deepEqual(learnedFrom(alike).answers, {
    serviceNs: [5 * MS, 5 * MS],
    bytes: [700, 700],
  });
  t.is(learnedFrom(alike.slice(0, 20)).answers, undefined, 'too few');
});

test('a server is one, whoever asks; how many are told apart is bounded', (t) => {
  const learner = new ProfileLearner({ services: 1 });
  show(learner, seen.slice(0, 40));
  const ends: Ends = { from: '10.0.2.1', to: '10.0.1.1', fromPort: 9, toPort: 81 };
  learner.observe(tcpFrame(ends, SYN, 1), 0);
  learner.observe(tcpFrame(ends, ACK, 2, 10), 1);
  const back: Ends = { from: ends.to, to: ends.from, fromPort: 81, toPort: 9 };
  learner.observe(tcpFrame(back, ACK, 2, 10), 2);
  const flows = learner.flows(namesByAddress(pair.hosts));
  t.deepEqual(
    flows.map((flow) => flow.kind === 'http' && flow.answers !== undefined),
    [true, false],
  );
});
