import test from 'ava';
import { silentProgress } from '../../src/base/log.js';
import { ShadowTestbed, topologyImage } from '../../src/app/index.js';
import {
  conduct,
  parseCampaign,
  runScenario,
  summarize,
  type CampaignPlan,
  type Conduct,
  type RunRecord,
  type Scenario,
  type ScenarioRunner,
} from '../../src/campaign/index.js';
import { leafSpine, type Topology, type TrafficFlow } from '../../src/topology/index.js';

const topology: Topology = leafSpine(2, 2, 1);
const traffic: TrafficFlow[] = [
  {
    kind: 'http',
    name: 'web',
    client: 'h11',
    server: 'h21',
    port: 80,
    requestsPerSecond: 100,
    requestBytes: 200,
    responseBytes: 4000,
    serviceNs: 5e5,
  },
];

const plan: CampaignPlan = parseCampaign(
  `name: all
before: 200ms
after: 0s
window: 200ms
duration: 200ms
generate: [{ singles: {} }, { worst: { budget: 16 } }]
`,
  'all.yaml',
).planFor(topology);

/** Runs here, and ends the process in thought after `lives` runs. */
async function makeRunner(lives = Infinity, width = 1): Promise<ScenarioRunner> {
  const replica = await topologyImage(topology, 1);
  const image = { replica, flows: traffic, seed: 1, warmUpNs: 200e6 };
  const testbeds = await Promise.all(
    Array.from({ length: width }, () => ShadowTestbed.of(image)),
  );
  let begun = 0;
  return {
    width,
    async run(scenario: Scenario) {
      if (begun++ >= lives) throw new Error('killed');
      const testbed = testbeds.pop()!;
      const outcome = await runScenario(testbed, scenario);
      testbeds.push(testbed);
      return outcome;
    },
  };
}

function makeKeeper(): { kept: Map<string, RunRecord>; keeper: Conduct['keeper'] } {
  const kept = new Map<string, RunRecord>();
  // As a store does it: what comes back was written as text.
  const keep = (record: RunRecord): void => {
    kept.set(record.id, JSON.parse(JSON.stringify(record)) as RunRecord);
  };
  return { kept, keeper: { get: (id) => kept.get(id), keep } };
}

const options = { campaign: 'c', plan, topology, traffic, progress: silentProgress };
const text = (outcomes: Parameters<typeof summarize>[2]): string =>
  JSON.stringify(summarize(plan.name, plan.seed, outcomes));

test('killed again and again and resumed, a campaign shows what it shows at one go', async (t) => {
  const whole = await conduct({ ...options, runner: await makeRunner(), ...makeKeeper() });
  const { kept, keeper } = makeKeeper();
  let attempts = 0;
  let outcomes: Awaited<ReturnType<typeof conduct>>;
  while (!outcomes) {
    const runner = await makeRunner(5);
    try {
      outcomes = await conduct({ ...options, runner, keeper });
    } catch (error) {
      t.is((error as Error).message, 'killed');
      t.is([...kept.values()].filter(({ state }) => state === 'running').length, 1);
    }
    t.true(++attempts < 20);
  }
  t.true(attempts > 3);
  t.is(text(outcomes), text(whole!));
  t.is(whole!.length, plan.scenarios.length + 16);
  t.true([...kept.values()].every(({ state }) => state === 'done'));
});

test('any number of runs at a time shows the same; a pause ends it, and it goes on', async (t) => {
  const one = await conduct({ ...options, runner: await makeRunner(), ...makeKeeper() });
  const three = await conduct({ ...options, runner: await makeRunner(99, 3), ...makeKeeper() });
  t.is(text(three!), text(one!));
  const { kept, keeper } = makeKeeper();
  const runner = await makeRunner();
  const isPaused = (): boolean => kept.size >= 4;
  t.is(await conduct({ ...options, runner, keeper, isPaused }), undefined);
  t.is(kept.size, 4);
  t.is(text((await conduct({ ...options, runner, keeper }))!), text(one!));
});

test('a shadow that cannot be trusted makes what runs then inconclusive', async (t) => {
  let asked = 0;
  const distrust = (): string | undefined => (asked++ < 2 ? 'fidelity 0.5 is below 0.9' : undefined);
  const runner = await makeRunner();
  const outcomes = await conduct({ ...options, runner, ...makeKeeper(), distrust });
  t.deepEqual(
    outcomes!.slice(0, 3).map(({ reason }) => reason.startsWith('fidelity')),
    [true, true, false],
  );
  t.is(outcomes![0]!.verdict, 'inconclusive');
});

test('nothing runs of a campaign with a scenario that cannot be', async (t) => {
  const failure = { type: 'link_degradation', link: 'x', direction: 'both', loss: 1 } as const;
  const [first] = plan.scenarios;
  const wrong = { ...first!, id: 'wrong', failures: [{ ...first!.failures[0]!, failure }] };
  const { kept, keeper } = makeKeeper();
  const runner = await makeRunner();
  const scenarios = [...plan.scenarios, wrong];
  const run = conduct({ ...options, plan: { ...plan, scenarios }, runner, keeper });
  await t.throwsAsync(run, { message: /wrong: failure .*'x'/ });
  t.is(kept.size, 0);
});
