import test from 'ava';
import { ShadowTestbed, topologyImage } from '../../src/app/index.js';
import {
  cutOff,
  harmOf,
  pairsOf,
  runScenario,
  singleFailures,
  singleScenario,
  weightedFailures,
  WorstSearch,
  type Baselines,
} from '../../src/campaign/index.js';
import { targetOf, type Failure } from '../../src/fault/index.js';
import { leafSpine, type Topology, type TrafficFlow } from '../../src/topology/index.js';

const topology: Topology = leafSpine(2, 3, 1);
const flow = (client: string, server: string): TrafficFlow => ({
  kind: 'http',
  name: `${client} to ${server}`,
  client,
  server,
  port: 80,
  requestsPerSecond: 100,
  requestBytes: 200,
  responseBytes: 4000,
  serviceNs: 5e5,
});
const flows = [flow('h11', 'h21'), flow('h21', 'h31'), flow('h31', 'h11'), flow('h11', 'h31')];
const frame = {
  seed: 1,
  beforeNs: 0,
  afterNs: 0,
  recoveryNs: 0,
  windowNs: 600e6,
  hypothesis: [],
  stop: [],
};

test('the search finds what trying every pair finds, with a third of the runs', async (t) => {
  const replica = await topologyImage(topology, 1);
  const testbed = await ShadowTestbed.of({ replica, flows, seed: 1, warmUpNs: 200e6 });
  const baselines: Baselines = new Map();
  const harms = new Map<string, number>();
  const harmFor = async (failures: Failure[]): Promise<number> => {
    const key = failures.map(targetOf).sort().join();
    const known = harms.get(key);
    if (known !== undefined) return known;
    const scenario = singleScenario(key, failures, frame, 600e6);
    const harm = harmOf((await runScenario(testbed, scenario, baselines)).effects);
    harms.set(key, harm);
    return harm;
  };
  const singles = singleFailures(topology);
  const all: Failure[][] = [...singles.map((one) => [one]), ...pairsOf(singles)];
  const budget = Math.floor(all.length / 3);
  const search = new WorstSearch(topology, flows, singles, { budget });
  let runs = 0;
  for (let round = search.next(); round.length > 0; round = search.next()) {
    for (const failures of round) search.learn(failures, await harmFor(failures));
    runs += round.length;
  }
  t.is(runs, budget);
  let worst = 0;
  for (const failures of all) worst = Math.max(worst, await harmFor(failures));
  const [found] = search.found;
  t.log(`${runs} of ${all.length} runs; worst ${found!.harm.toFixed(3)}, of all ${worst.toFixed(3)}`);
  t.is(found!.harm, worst);
  t.true(worst > 0.9);
});

test('cut off: two spines together what neither does alone', (t) => {
  const out = (device: string): Failure => ({ type: 'device_failure', device, mode: 'outage' });
  t.is(cutOff(topology, flows, [out('spine1')]), 0);
  t.is(cutOff(topology, flows, [out('spine1'), out('spine2')]), 1);
  t.is(cutOff(topology, flows, [out('leaf2')]), 0.5);
});

test('every pair of different targets, once', (t) => {
  const singles = singleFailures(topology);
  const count = topology.links.length + topology.switches.length;
  t.is(singles.length, count);
  t.is(pairsOf(singles).length, (count * (count - 1)) / 2);
});

test('random failures come by their rates, equal for equal seeds', (t) => {
  const [first, second] = topology.links.map(({ name }) => name);
  const rates = Object.fromEntries([
    ...topology.links.map(({ name }) => [name, 0]),
    ...topology.switches.map(({ name }) => [name, 0]),
    [first!, 3],
    [second!, 1],
  ]) as Record<string, number>;
  const drawn = weightedFailures(topology, 7, 4000, { rates });
  t.deepEqual(weightedFailures(topology, 7, 4000, { rates }), drawn);
  t.notDeepEqual(weightedFailures(topology, 8, 4000, { rates }), drawn);
  const ofFirst = drawn.filter((failure) => targetOf(failure) === first).length;
  t.true(Math.abs(ofFirst - 3000) < 3 * Math.sqrt(4000 * 0.75 * 0.25), `${ofFirst} of 4000`);
  t.is(drawn.filter((failure) => targetOf(failure) === second).length, 4000 - ofFirst);
  t.throws(() => weightedFailures(topology, 1, 1, { rates: { x: 1 } }), { message: /'x'/ });
});
