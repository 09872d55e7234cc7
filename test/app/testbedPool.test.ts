import test from 'ava';
import { UmbraError } from '../../src/base/errors.js';
import {
  ShadowTestbed,
  TestbedPool,
  topologyImage,
  type TestbedImage,
} from '../../src/app/index.js';
import {
  runScenario,
  singleScenario,
  sweepFailures,
  type Scenario,
} from '../../src/campaign/index.js';
import type { Failure } from '../../src/fault/index.js';
import { leafSpine, type Topology } from '../../src/topology/index.js';

const topology: Topology = leafSpine(2, 2, 1);

async function makeImage(): Promise<TestbedImage> {
  const flows = [
    {
      kind: 'http' as const,
      name: 'web',
      client: 'h11',
      server: 'h21',
      port: 80,
      requestsPerSecond: 40,
      requestBytes: 300,
      responseBytes: 8000,
      serviceNs: 1e6,
    },
  ];
  return { replica: await topologyImage(topology, 1), flows, seed: 1, warmUpNs: 200e6 };
}

const ofHost = { type: 'resource_exhaustion', host: 'h21' } as const;
const hostFailures: Failure[] = [
  { ...ofHost, resource: 'cpu', share: 0.9 },
  { ...ofHost, resource: 'disk', mode: 'full', share: 0.5 },
  { ...ofHost, resource: 'memory', mode: 'oom_restart', downNs: 100e6 },
  { type: 'device_failure', device: 'h21', mode: 'outage', refuses: true },
];

const none = { beforeNs: 0, afterNs: 0, recoveryNs: 0, hypothesis: [], stop: [] };
const scenarios: Scenario[] = [...sweepFailures(topology).slice(0, 10), ...hostFailures].map(
  (failure, i) => {
    const frame = { ...none, seed: 1 + (i % 2), windowNs: 200e6 };
    return singleScenario(`scenario ${i}`, [failure], frame, 400e6);
  },
);

test('a run shows the same on any thread, and in this one', async (t) => {
  const image = await makeImage();
  const testbed = await ShadowTestbed.of(image);
  const here = [];
  for (const scenario of scenarios) here.push(await runScenario(testbed, scenario));
  t.true(new Set(here.map(({ effects }) => JSON.stringify(effects))).size > 3);
  t.true(here.every(({ packetHops }) => packetHops > 0));
  const [slow, ...failing] = here.slice(-hostFailures.length);
  const after = (run: typeof slow, metric: string): number =>
    run!.effects.find((effect) => effect.metric === metric)!.after;
  t.true(after(slow, 'p95Ms') > 10, 'a host that is short of CPU');
  t.true(failing.every((run) => after(run, 'errorRate') > 0));
  for (const threads of [1, 3]) {
    const pool = await TestbedPool.open(image, threads);
    t.deepEqual(await Promise.all(scenarios.map((scenario) => pool.run(scenario))), here);
    await pool.close();
  }
});

test('what a run throws is thrown; what the threads cannot do any more is said', async (t) => {
  const pool = await TestbedPool.open(await makeImage(), 1);
  const failure = { type: 'link_degradation', link: 'nowhere', direction: 'both' } as const;
  const wrong = singleScenario('wrong', [failure], { ...none, seed: 1, windowNs: 1e8 }, 1e8);
  const error = await t.throwsAsync(pool.run(wrong), { instanceOf: UmbraError });
  t.regex(error.message, /wrong: failure 'failure-1': .*nowhere/);
  t.is((await pool.run(scenarios[1]!)).scenario, 'scenario 1', 'the thread goes on');
  const underWay = pool.run(scenarios[2]!);
  const waiting = pool.run(scenarios[3]!);
  const ended = [underWay, waiting].map((run) => t.throwsAsync(run, { message: /ended/ }));
  await pool.close();
  await Promise.all(ended);
  await t.throwsAsync(pool.run(scenarios[1]!), { message: /ended/ });
});
