import test from 'ava';
import { ShadowTestbed, topologyImage } from '../../src/app/index.js';
import {
  rehearsePlan,
  runScenario,
  type Expectation,
  type Scenario,
  type TimedFailure,
  type Verdict,
} from '../../src/campaign/index.js';
import { leafSpine, type Topology, type TrafficFlow } from '../../src/topology/index.js';

const topology: Topology = leafSpine(2, 2, 1);
const flows: TrafficFlow[] = [
  {
    kind: 'http',
    name: 'web',
    client: 'h11',
    server: 'h21',
    port: 80,
    requestsPerSecond: 200,
    requestBytes: 300,
    responseBytes: 8000,
    serviceNs: 1e6,
  },
];
const MS = 1e6;

async function makeTestbed(): Promise<ShadowTestbed> {
  const replica = await topologyImage(topology, 1);
  return ShadowTestbed.of({ replica, flows, seed: 1, warmUpNs: 300 * MS });
}

const errorRate: Expectation = { metric: 'errorRate', of: 'all', comparison: '<=', value: 0.01 };
const outage: TimedFailure = {
  id: 'outage',
  failure: { type: 'device_failure', device: 'leaf1', mode: 'outage' },
  startNs: 0,
  durationNs: 1000 * MS,
};
const lossy: TimedFailure = {
  ...outage,
  id: 'lossy',
  failure: { type: 'link_degradation', link: 'leaf1-spine1', direction: 'both', loss: 0.001 },
};
const failing: TimedFailure = {
  ...outage,
  id: 'failing',
  failure: { type: 'app_error', host: 'h21', port: 80, mode: 'status', status: 503, share: 0.1 },
};
const base: Scenario = {
  id: 'one',
  seed: 3,
  beforeNs: 1000 * MS,
  afterNs: 2500 * MS,
  recoveryNs: 1500 * MS,
  windowNs: 250 * MS,
  failures: [outage],
  hypothesis: [errorRate],
  stop: [],
};

const cases: [string, Partial<Scenario>, Verdict, RegExp][] = [
  ['nothing fails', { failures: [] }, 'survived', /everything held/],
  ['a little loss', { failures: [lossy] }, 'survived', /everything held/],
  ['an outage that ends', {}, 'degraded', /errorRate of all <= 0.01 was .* from 1/],
  [
    'a service that answers 503 for 10 % of requests',
    { failures: [failing] },
    'degraded',
    /errorRate of all <= 0.01 was 0\.(0[5-9]|1[0-9])/,
  ],
  ['no time to recover', { recoveryNs: 0 }, 'failed', /not recovered: errorRate/],
  ['never seen again', { afterNs: 0 }, 'inconclusive', /no recovery was seen/],
  [
    'a stop condition',
    { stop: [{ ...errorRate, comparison: '>', value: 0.5 }] },
    'failed',
    /stopped: errorRate of all > 0.5/,
  ],
  [
    'not steady to begin with',
    { hypothesis: [{ metric: 'p95Ms', of: 'flow web', comparison: '<', value: 0.001 }] },
    'inconclusive',
    /before any failure: p95Ms of flow web/,
  ],
  ['nothing to measure', { beforeNs: 0 }, 'inconclusive', /too few samples/],
];

for (const [name, changes, verdict, reason] of cases) {
  test(`${name}: ${verdict}`, async (t) => {
    const outcome = await runScenario(await makeTestbed(), { ...base, ...changes });
    t.is(outcome.verdict, verdict, outcome.reason);
    t.regex(outcome.reason, reason);
  });
}

test('twice from one seed: the same bytes; the effect is that of the failure', async (t) => {
  const testbed = await makeTestbed();
  const first = await runScenario(testbed, base);
  t.deepEqual(await runScenario(testbed, base), first);
  t.deepEqual(await runScenario(await makeTestbed(), base), first);
  const effect = first.effects.find(({ metric }) => metric === 'errorRate')!;
  t.is(effect.before, 0);
  t.true(effect.after > 0.9);
  const untouched = await runScenario(testbed, { ...base, failures: [] });
  t.true(untouched.effects.every(({ delta }) => delta === 0));
});

test('a plan names what would be touched; failures that would meet are refused by name', (t) => {
  const touched = rehearsePlan(topology, { ...base, failures: [lossy] });
  t.deepEqual(
    touched.map(({ beginNs, description }) => [beginNs, description]),
    [[1000 * MS, 'link leaf1-spine1: loss 0.1 %']],
  );
  t.deepEqual(
    touched[0]!.entries.map((entry) => ('device' in entry ? entry.device : '')),
    ['leaf1', 'spine1'],
  );
  const twice = [lossy, { ...lossy, id: 'again', startNs: 500 * MS }];
  t.throws(() => rehearsePlan(topology, { ...base, failures: twice }), {
    message: /failure 'lossy' and one: failure 'again' would meet on leaf1 .*loss port/,
  });
  const later = [lossy, { ...lossy, id: 'again', startNs: 1000 * MS }];
  t.is(rehearsePlan(topology, { ...base, failures: later }).length, 2);
  const nowhere = { ...lossy, failure: { ...lossy.failure, link: 'x' } } as TimedFailure;
  t.throws(() => rehearsePlan(topology, { ...base, failures: [nowhere] }), {
    message: /one: failure 'lossy': .*'x'/,
  });
});

test('an expectation of a flow that is not there is refused', async (t) => {
  const testbed = await makeTestbed();
  const hypothesis = [{ ...errorRate, of: 'flow nobody' }];
  await t.throwsAsync(runScenario(testbed, { ...base, hypothesis }), { message: /flow nobody/ });
});

test('a failure that is refused leaves none of those before it', async (t) => {
  const testbed = await makeTestbed();
  let cleared = 0;
  const clear = testbed.clearFailures.bind(testbed);
  testbed.clearFailures = async () => {
    cleared++;
    await clear();
  };
  const failure = { ...lossy.failure, link: 'nowhere' } as TimedFailure['failure'];
  const unknown: TimedFailure = { ...lossy, id: 'unknown', failure, startNs: 500 * MS };
  await t.throwsAsync(runScenario(testbed, { ...base, failures: [outage, unknown] }), {
    message: /failure 'unknown': .*nowhere/,
  });
  t.is(cleared, 1);
});
