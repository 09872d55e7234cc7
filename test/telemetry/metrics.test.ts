import test from 'ava';
import { bucketOf, histogramBuckets } from '../../src/base/histogram.js';
import {
  effectMetrics,
  effectsOf,
  metricsOf,
  metricUnit,
  type FlowSums,
} from '../../src/telemetry/index.js';

const SECOND_NS = 1e9;

/** Sums of a flow; `latenciesMs` go into the histogram. */
function sums(change: Partial<FlowSums>, latenciesMs: number[] = []): FlowSums {
  const latency = new Float64Array(histogramBuckets);
  for (const ms of latenciesMs) latency[bucketOf(ms * 1e6)]!++;
  return {
    name: 'f',
    kind: 'http',
    sentPackets: 0,
    deliveredPackets: 0,
    deliveredBytes: 0,
    requests: 0,
    completed: 0,
    errors: 0,
    retransmits: 0,
    latency,
    ...change,
  };
}

const near = (value: number, expected: number): boolean =>
  Math.abs(value - expected) <= 0.04 * expected;

test('rates are of the time between two readings', (t) => {
  const before = sums({
    requests: 10,
    completed: 9,
    errors: 1,
    deliveredBytes: 1e6,
    sentPackets: 50,
  });
  const after = sums({
    requests: 30,
    completed: 24,
    errors: 6,
    deliveredBytes: 3e6,
    sentPackets: 150,
    retransmits: 5,
  });
  t.like(metricsOf(before, after, 2 * SECOND_NS), {
    name: 'f',
    kind: 'http',
    requests: 20,
    completed: 15,
    errors: 5,
    errorRate: 0.25,
    throughputMbps: 8,
    lossRate: 0.05,
  });
  t.like(metricsOf(undefined, after, 2 * SECOND_NS), { requests: 30, throughputMbps: 12 });
});

test('latency is that of the window alone', (t) => {
  const early = Array.from({ length: 100 }, () => 500);
  const late = Array.from({ length: 100 }, (_, i) => i + 1);
  const found = metricsOf(sums({}, early), sums({}, [...early, ...late]), SECOND_NS);
  t.true(near(found.p50Ms, 50) && near(found.p95Ms, 95) && near(found.p99Ms, 99));
});

for (const [kind, lossRate] of [
  ['udp', 0.2],
  ['ping', 0.2],
  ['http', 0.1],
  ['bulk', 0.1],
] as const) {
  test(`loss of ${kind}`, (t) => {
    const after = sums({ kind, sentPackets: 100, deliveredPackets: 80, retransmits: 10 });
    t.is(metricsOf(undefined, after, SECOND_NS).lossRate, lossRate);
  });
}

test('what cannot be known: no latency without completions, no rates without packets', (t) => {
  const found = metricsOf(sums({}), sums({}), SECOND_NS);
  t.deepEqual([found.p50Ms, found.p95Ms, found.p99Ms], [NaN, NaN, NaN]);
  t.deepEqual([found.errorRate, found.lossRate, found.throughputMbps], [0, 0, 0]);
});

test('packets that were under way before the window are no negative loss', (t) => {
  const before = sums({ kind: 'udp', sentPackets: 10, deliveredPackets: 8 });
  const after = sums({ kind: 'udp', sentPackets: 12, deliveredPackets: 12 });
  t.is(metricsOf(before, after, SECOND_NS).lossRate, 0);
});

test('effects: with the failure minus without, metric by metric', (t) => {
  const without = metricsOf(undefined, sums({ completed: 4, deliveredBytes: 1e6 }, [2]), SECOND_NS);
  const hurt = sums({ completed: 3, errors: 1, deliveredBytes: 5e5 }, [20]);
  const effects = effectsOf(without, metricsOf(undefined, hurt, SECOND_NS));
  t.deepEqual(
    effects.map((effect) => effect.metric),
    [...effectMetrics],
  );
  t.true(effects.every((e) => e.flow === 'f' && e.delta === e.after - e.before));
  t.like(effects[1], { metric: 'throughputMbps', before: 8, after: 4, delta: -4 });
  t.like(effects[3], { metric: 'errorRate', before: 0, after: 0.25 });
  t.true(near(effects[0]!.delta, 18));
  t.true(effectMetrics.every((metric) => metricUnit[metric] !== ''));
});

test('a latency without a value has no effect', (t) => {
  const alive = metricsOf(undefined, sums({ completed: 1 }, [2]), SECOND_NS);
  const dead = metricsOf(undefined, sums({ errors: 1 }), SECOND_NS);
  t.deepEqual(
    effectsOf(alive, dead).map((effect) => effect.metric),
    ['throughputMbps', 'lossRate', 'errorRate'],
  );
});
