/** Network functions in a network: conversations through them, and their failures in the shadow. */
import { readFileSync } from 'node:fs';
import test from 'ava';
import { buildNetwork, Loop, Production, Shadow } from '../../src/app/index.js';
import { silentProgress } from '../../src/base/log.js';
import { shippedFile } from '../../src/base/paths.js';
import { BUCKETS, bucketsOf } from '../../src/control/index.js';
import type { Fabric } from '../../src/fabric/index.js';
import { namesByAddress } from '../../src/mirror/index.js';
import { readTopology, type Topology, type TrafficFlow } from '../../src/topology/index.js';

const file = 'topologies/shop.json';
const shop = readTopology(readFileSync(shippedFile(file), 'utf8'), file);
const SECOND = 1e9;

async function build(topology = shop) {
  const network = buildNetwork(topology, 1);
  const production = await Production.open(topology, () => network.channel);
  await production.installRoutes();
  const verdicts = async (device: string): Promise<number[]> =>
    (await production.device(device).readCounter('network_function.verdicts')).map(
      ({ packets }) => packets,
    );
  return { fabric: network.fabric, production, verdicts };
}

/** Requests, and what came of them, by flow. */
function outcomes(fabric: Fabric): Record<string, { completed: number; errors: number }> {
  return Object.fromEntries(
    fabric.flowStats().map(({ name, completed, errors }) => [name, { completed, errors }]),
  );
}

const request = (client: string, server: string, port: number): TrafficFlow => ({
  kind: 'http',
  name: `${client}-${server}`,
  client,
  server,
  port,
  requestsPerSecond: 50,
  requestBytes: 400,
  responseBytes: 5000,
  serviceNs: 1e6,
});

test('conversations pass a firewall, a balancer and a NAT', async (t) => {
  const { fabric, production, verdicts } = await build();
  t.is(await production.installRoutes(), 0, 'what was written reads back equal');
  fabric.start(shop.traffic, 1);
  fabric.runUntil(2 * SECOND);
  for (const [name, { completed, errors }] of Object.entries(outcomes(fabric))) {
    t.true(completed > 8, name);
    t.is(errors, 0, name);
  }
  const [opened, known, ...refused] = await verdicts('firewall');
  t.true(opened! > 150 && known! > opened!);
  t.is(Math.max(...refused), 0);
  const [out, back] = await verdicts('nat');
  t.true(out! > 1000 && back! > 1000, 'the database answers the public address');
  const used = new Map<string, number>();
  for (const { params, counter } of await production.device('balancer').rules('buckets')) {
    const backend = params?.['backend'];
    if (backend) used.set(backend, (used.get(backend) ?? 0) + counter!.packets);
  }
  t.deepEqual([...used.keys()].sort(), [0x0a000201, 0x0a000202].map(String));
  for (const connections of used.values()) t.true(connections > 40);
});

test('the mirror learns who asks whom, whatever is translated on the way', async (t) => {
  const options = { topology: shop, seed: 1, progress: silentProgress, wallSeconds: () => 0 };
  const { loop } = await Loop.build(options);
  await loop.syncOnce();
  await loop.connectMirror();
  await loop.runTogether(loop.nowNs + 3 * SECOND);
  const learned = loop.learner.flows(namesByAddress(shop.hosts));
  t.deepEqual(learned.map(({ name }) => name).sort(), [
    'http customer1-shop:80',
    'http customer2-shop:80',
    'http web1-bank:443',
    'http web1-db:5432',
    'http web2-db:5432',
  ]);
  for (const flow of learned) {
    const wanted = shop.traffic.find(
      (one) => one.client === flow.client && one.server === flow.server,
    );
    if (flow.kind !== 'http' || wanted?.kind !== 'http') return t.fail(flow.name);
    t.is(flow.requestBytes, wanted.requestBytes);
    t.is(flow.responseBytes, wanted.responseBytes);
    t.true(Math.abs(flow.requestsPerSecond / wanted.requestsPerSecond - 1) < 0.4, flow.name);
  }
});

test('from outside nothing comes in but what is open, and nobody passes a NAT backwards', async (t) => {
  const { fabric, verdicts } = await build();
  const flows = [
    request('customer1', 'web1', 8080),
    request('bank', 'db', 5432),
    request('db', 'web1', 8080),
    request('customer1', 'shop', 80),
    request('web2', 'bank', 443),
  ];
  fabric.start(flows, 1);
  fabric.runUntil(2 * SECOND);
  const { 'customer1-shop': open, 'web2-bank': outgoing, ...closed } = outcomes(fabric);
  for (const [name, { completed, errors }] of Object.entries(closed)) {
    t.is(completed, 0, name);
    t.true(errors > 30, name);
  }
  t.true(open!.completed > 60 && outgoing!.completed > 60);
  t.is(open!.errors + outgoing!.errors, 0);
  t.true((await verdicts('firewall'))[2]! > 50);
  t.true((await verdicts('nat'))[2]! > 50);
});

test('a backend without weight gets nothing new and keeps what it has', async (t) => {
  const topology: Topology = structuredClone(shop);
  const { fabric, production, verdicts } = await build(topology);
  const bulk = (i: number): TrafficFlow => ({
    kind: 'bulk',
    name: `upload ${i}`,
    client: 'customer1',
    server: 'shop',
    port: 80,
    transferBytes: 0,
    transfersPerSecond: 0,
  });
  const uploads = Array.from({ length: 8 }, (_, i) => bulk(i));
  fabric.start([...uploads, request('customer2', 'shop', 80)], 1);
  fabric.runUntil(2 * SECOND);
  const delivered = (): number[] =>
    fabric.flowStats().slice(0, 8).map(({ deliveredBytes }) => deliveredBytes);
  const before = delivered();
  const balancer = topology.switches.find(({ name }) => name === 'balancer')!.function!;
  if (balancer.program !== 'balancer') return t.fail();
  balancer.services[0]!.backends[0]!.weight = 0;
  t.true((await production.installRoutes()) > 80, 'its buckets move');
  const fresh = (await verdicts('balancer'))[0]!;
  fabric.runUntil(4 * SECOND);
  delivered().forEach((bytes, i) => t.true(bytes > before[i]! + 2e5, `upload ${i}: ${before[i]}, ${bytes}`));
  t.is(outcomes(fabric)['customer2-shop']!.errors, 0);
  t.true((await verdicts('balancer'))[0]! > fresh + 50);
  for (const backend of balancer.services[0]!.backends) backend.weight = 0;
  await production.installRoutes();
  const { completed } = outcomes(fabric)['customer2-shop']!;
  fabric.runUntil(5 * SECOND);
  const after = outcomes(fabric)['customer2-shop']!;
  t.true(after.completed < completed + 5 && after.errors > 20, 'nobody is left');
});

test('buckets go by weight, and one backend that goes moves no bucket of the others', (t) => {
  const backends = ['a', 'b', 'c'].map((address, i) => ({ address, port: 80, weight: i + 1 }));
  const full = bucketsOf(backends);
  const share = (address: string): number =>
    full.filter((backend) => backend?.address === address).length / BUCKETS;
  t.true(Math.abs(share('a') - 1 / 6) < 0.07);
  t.true(Math.abs(share('b') - 2 / 6) < 0.08);
  t.true(Math.abs(share('c') - 3 / 6) < 0.09);
  const withoutB = backends.map((one) => (one.address === 'b' ? { ...one, weight: 0 } : one));
  const less = bucketsOf(withoutB);
  full.forEach((backend, i) => {
    if (backend!.address === 'b') t.not(less[i]!.address, 'b');
    else t.is(less[i]!.address, backend!.address);
  });
  t.deepEqual(bucketsOf([]), Array.from({ length: BUCKETS }, () => undefined));
});

test('in the shadow functions fail as switches do, and production does not', async (t) => {
  const { fabric: real, production } = await build();
  const shadow = await Shadow.build(shop, 1, await production.views());
  await shadow.sync.compare(true);
  t.is((await shadow.sync.compare(false)).fidelity, 1);
  const { fabric } = shadow.network;
  /** What became of the requests of a second, once those before have ended. */
  const second = (): ReturnType<typeof outcomes> => {
    fabric.start(shop.traffic, 1);
    const end = fabric.nowNs + 1.3 * SECOND;
    while (fabric.nowNs < end) {
      shadow.faults.heartbeat();
      fabric.runUntil(Math.min(end, fabric.nowNs + SECOND));
    }
    return outcomes(fabric);
  };
  const errorsOf = (all: ReturnType<typeof outcomes>): Record<string, boolean> =>
    Object.fromEntries(Object.entries(all).map(([name, { errors }]) => [name, errors > 0]));
  const healthy = {
    'customer1-shop': false,
    'customer2-shop': false,
    'web1-db': false,
    'web2-db': false,
    'web1-bank': false,
  };
  t.deepEqual(errorsOf(second()), healthy);
  const outage = { type: 'device_failure', device: 'firewall', mode: 'outage' } as const;
  const fault = await shadow.faults.inject(outage, 60e6);
  const dark = second();
  t.deepEqual(errorsOf(dark), {
    ...healthy,
    'customer1-shop': true,
    'customer2-shop': true,
    'web1-bank': true,
  });
  t.is(dark['customer1-shop']!.completed, 0);
  await shadow.faults.clear(fault.id);
  t.deepEqual(errorsOf(second()), healthy);
  const degraded = { ...outage, device: 'balancer', mode: 'graceful', share: 0.4 } as const;
  const half = await shadow.faults.inject(degraded, 60e6);
  const { completed, errors } = second()['customer1-shop']!;
  const lost = errors / (errors + completed);
  t.true(lost > 0.2 && lost < 0.75, `${lost} of the customers' connections are lost`);
  await shadow.faults.clear(half.id);
  t.deepEqual(errorsOf(second()), healthy);
  real.start(shop.traffic, 1);
  real.runUntil(SECOND);
  t.deepEqual(errorsOf(outcomes(real)), healthy);
});
