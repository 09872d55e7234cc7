/** Partitions: who is cut off hears and is heard by nobody outside, and by everybody inside. */
import test from 'ava';
import { Replica } from '../../src/app/index.js';
import { planRoutes } from '../../src/control/index.js';
import { Prng } from '../../src/base/prng.js';
import {
  describeFailure,
  failureOf,
  linksOf,
  readFailure,
  type LinkDegradation,
} from '../../src/fault/index.js';
import { leafSpine, type TrafficFlow } from '../../src/topology/index.js';

const topology = leafSpine(2, 3, 2);
const hosts = topology.hosts.map(({ name }) => name);
const cut = (...partition: string[]): LinkDegradation => ({
  ...{ type: 'link_degradation', direction: 'both', partition },
});

/** Datagrams between every two hosts, each way. */
const flows = hosts.flatMap((client) =>
  hosts
    .filter((server) => server !== client)
    .map((server): TrafficFlow => ({
      ...{ kind: 'udp', name: `${client} ${server}`, client, server },
      ...{ port: 4000, packetsPerSecond: 200, payloadBytes: 100 },
    })),
);

async function warm(): Promise<Replica> {
  const replica = await Replica.of({ topology, seed: 1, foreign: [], entities: [] });
  const plan = planRoutes(topology, (name) => replica.device(name).schema);
  for (const [name, entities] of plan) await replica.device(name).reconcile(entities, () => false);
  replica.network.fabric.start(flows, 1);
  await run(replica, 300e6);
  return replica;
}

async function run({ network, faults }: Replica, ns: number): Promise<void> {
  faults.heartbeat();
  network.fabric.runUntil(network.fabric.nowNs + ns);
}

/** Shares of each flow's packets that arrive in 300 ms, after 50 ms in which the last ones leave. */
async function arrivals(replica: Replica): Promise<Map<string, number>> {
  await run(replica, 50e6);
  const before = replica.network.fabric.flowStats();
  await run(replica, 300e6);
  return new Map(
    replica.network.fabric.flowStats().map((sums, i) => {
      const sent = sums.sentPackets - before[i]!.sentPackets;
      const arrived = sums.deliveredPackets - before[i]!.deliveredPackets;
      return [sums.name, arrived / sent];
    }),
  );
}

/** The switch that a host is attached to. */
function leafOf(host: string): string {
  const { a, b } = topology.links.find((link) => [link.a.node, link.b.node].includes(host))!;
  return a.node === host ? b.node : a.node;
}

/** Hosts that a set of nodes keeps together with `from`: reached over links that are not cut. */
function together(failure: LinkDegradation, from: string): Set<string> {
  const isCut = new Set(linksOf(topology, failure).map(({ name }) => name));
  const seen = new Set([from]);
  for (let before = 0; before !== seen.size; ) {
    before = seen.size;
    for (const { name, a, b } of topology.links) {
      if (isCut.has(name) || seen.has(a.node) === seen.has(b.node)) continue;
      seen.add(a.node).add(b.node);
    }
  }
  return seen;
}

test('nothing passes between any set of nodes and the rest, in either direction', async (t) => {
  const replica = await warm();
  const nodes = [...hosts, ...topology.switches.map(({ name }) => name)];
  const prng = new Prng(5);
  for (let round = 0; round < 12; round++) {
    const inside = nodes.filter(() => prng.below(3) === 0);
    if (inside.length === 0 || inside.length === nodes.length) continue;
    const failure = cut(...inside);
    const fault = await replica.faults.inject(failure, 10e6);
    for (const [name, share] of await arrivals(replica)) {
      const [client, server] = name.split(' ') as [string, string];
      const isSame = inside.includes(client) === inside.includes(server);
      if (!isSame) t.is(share, 0, `${name}, cut off: ${inside.join()}`);
      // Routes are as they were: only ways of one hop are sure to avoid the cut.
      const isNear = leafOf(client) === leafOf(server) && together(failure, client).has(server);
      if (isNear) t.true(share > 0.95, `${name}: ${share}`);
    }
    await replica.faults.clear(fault.id);
  }
  for (const [name, share] of await arrivals(replica)) t.true(share > 0.95, `${name} is back`);
});

test('one direction only: what is cut off hears everything and is not heard', async (t) => {
  const replica = await warm();
  const [host] = hosts;
  await replica.faults.inject({ ...cut(host!), direction: 'a-to-b' }, 10e6);
  for (const [name, share] of await arrivals(replica)) {
    t.true(name.startsWith(`${host} `) ? share === 0 : share > 0.95, `${name}: ${share}`);
  }
});

test('a partition composes with other stages, clashes with names, and ends by itself', async (t) => {
  const replica = await warm();
  const { faults } = replica;
  const [link] = linksOf(topology, cut('leaf1', ...hosts.slice(0, 2)));
  const on = { type: 'link_degradation', link: link!.name, direction: 'both' } as const;
  await faults.inject({ ...on, delayNs: 1e6 }, 10e6);
  await faults.inject(cut('leaf1', ...hosts.slice(0, 2)), 500_000);
  const clash = faults.inject({ ...on, loss: 0.1 }, 1e6);
  await t.throwsAsync(clash, { code: 'CONFLICT', message: /partition leaf1, .*: down/ });
  t.is((await arrivals(replica)).get(`${hosts[0]} ${hosts[5]}`), 0);
  await run(replica, 200e6);
  t.true((await arrivals(replica)).get(`${hosts[0]} ${hosts[5]}`)! > 0.95);
});

test('the contract of a partition', (t) => {
  const made = failureOf(topology, '', 'link_degradation', { partition: ['leaf1'] });
  t.is(describeFailure(made), 'partition leaf1: down');
  const both = { type: 'link_degradation', link: 'x', partition: ['leaf1'] };
  t.throws(() => readFailure(both), { message: /'link' or 'partition'/ });
  t.throws(() => readFailure({ type: 'link_degradation' }), { message: /'link' or 'partition'/ });
  t.throws(() => linksOf(topology, cut('leaf9')), { code: 'NOT_FOUND', message: /'leaf9'/ });
  const all = topology.switches.map(({ name }) => name);
  t.throws(() => linksOf(topology, cut(...all, ...hosts)), { message: /no link leads/ });
});
