/** Failures of hosts in virtual time: for each parameter, what was asked is what is measured. */
import test from 'ava';
import { HEARTBEAT_US, LEASE_US, type Failure } from '../../src/fault/index.js';
import { metricsOf, type FlowMetrics } from '../../src/telemetry/index.js';
import { readTopology, type ServerCapacity, type TrafficFlow } from '../../src/topology/index.js';
import { buildLaboratory, type Laboratory } from '../laboratory.js';

const MEAN_NS = 1e6;

function laboratoryOf(server: ServerCapacity = {}): Promise<Laboratory> {
  const fast = { bandwidthMbps: 10000, delay: '1us' };
  const topology = readTopology(
    JSON.stringify({
      switches: { s1: {} },
      hosts: { a: { ip: '10.0.1.1/24' }, b: { ip: '10.0.2.1/24', server } },
      links: [
        { a: 'a', b: 's1:1', ...fast },
        { a: 'b', b: 's1:2', ...fast },
      ],
      traffic: [{ kind: 'ping', client: 'a', server: 'b' }],
    }),
    'hosts.json',
  );
  return buildLaboratory(topology);
}

const requests = (requestsPerSecond: number, serviceNs = MEAN_NS): TrafficFlow => ({
  ...{ kind: 'http', name: 'requests', client: 'a', server: 'b', port: 80, requestsPerSecond },
  ...{ requestBytes: 200, responseBytes: 300, serviceNs },
});
const pings: TrafficFlow = {
  ...{ kind: 'ping', name: 'pings', client: 'a', server: 'b', intervalNs: 10e6 },
};

const cpu = { type: 'resource_exhaustion', host: 'b', resource: 'cpu' } as const;
const memory = { ...cpu, resource: 'memory' } as const;
const disk = { ...cpu, resource: 'disk' } as const;
const broken = { type: 'device_failure', device: 'b' } as const;

/** What a time shows of the first flow, and of b's server. */
function observe({ network, run }: Laboratory, ns: number) {
  const { fabric } = network;
  const flows = fabric.flowStats();
  const server = fabric.serverStats('b');
  run(ns);
  const metrics = fabric.flowStats().map((sums, i) => metricsOf(flows[i], sums, ns));
  const after = fabric.serverStats('b');
  const served = Object.fromEntries(
    Object.entries(after).map(([name, value]) => [name, value - server[name as keyof typeof after]]),
  ) as unknown as typeof after;
  return { flow: metrics[0]!, other: metrics[1], served };
}

/** Runs requests under a failure that is there from the beginning. */
async function under(failure: Failure, perSecond: number, seconds: number, server?: ServerCapacity) {
  const laboratory = await laboratoryOf(server);
  laboratory.network.fabric.start([requests(perSecond)], 1);
  await laboratory.faults.inject(failure, 3600e6);
  laboratory.run(500e6);
  return observe(laboratory, seconds * 1e9);
}

/** Whether a share of `of` lies within 99.7 %. */
function isShare(count: number, of: number, share: number): boolean {
  return Math.abs(count - share * of) <= 3 * Math.sqrt(of * share * (1 - share));
}

const errorsOf = ({ errors, completed }: FlowMetrics): [number, number] => [
  errors,
  errors + completed,
];

test('cpu: a share of the service rate: work takes longer, exactly so', async (t) => {
  const { flow: before } = await under({ ...cpu, share: 0 }, 400, 30);
  const { flow } = await under({ ...cpu, share: 0.75 }, 400, 30);
  // The same draws of work, a quarter of the rate; the way takes some microseconds.
  t.true(Math.abs(flow.p50Ms / before.p50Ms / 4 - 1) < 0.05, `${before.p50Ms} ${flow.p50Ms}`);
  t.true(Math.abs(flow.p50Ms / (4 * Math.LN2) - 1) < 0.05);
});

test('cpu: one worker left: the waiting time of M/M/1', async (t) => {
  const { served: before } = await under({ ...cpu, amount: 1000 }, 500, 5);
  t.is(before.waitedNs, 0);
  const { served } = await under({ ...cpu, amount: 1 }, 500, 120);
  const wait = served.waitedNs / served.begun / MEAN_NS;
  t.true(Math.abs(wait - 1) < 0.1, `${wait} service times`);
});

test('cpu: a ramp goes through its steps, on requests that are under way', async (t) => {
  const laboratory = await laboratoryOf();
  const { faults, network } = laboratory;
  network.fabric.start([requests(400)], 1);
  laboratory.run(100e6);
  const ramp = { parameter: 'share', from: 0, overNs: 20e9 };
  await faults.inject({ ...cpu, share: 0.95, ramp }, 3600e6);
  for (let step = 0; step < 20; step++) {
    const { flow } = observe(laboratory, 1e9);
    const expected = Math.LN2 / (1 - 0.0475 * step);
    t.true(Math.abs(flow.p50Ms / expected - 1) < 0.25, `step ${step}: ${flow.p50Ms}`);
    await faults.step();
  }
});

test('memory: requests that fit are served, the others get 503 by Erlang loss', async (t) => {
  const failure: Failure = { ...memory, amount: 3 };
  const { flow, served } = await under(failure, 2000, 20, { backlog: 0 });
  // B(3, 2) = 4/19.
  const share = served.refused / served.requests;
  t.true(Math.abs(share - 4 / 19) < 0.01, `${share}`);
  t.true(Math.abs(flow.errors - served.refused) <= 3);
  const half: Failure = { ...memory, share: 0.5 };
  const { served: same } = await under(half, 2000, 20, { concurrent: 6, backlog: 0 });
  t.true(Math.abs(same.refused / same.requests - 4 / 19) < 0.01, 'half of six is three');
});

test('memory: when nothing fits nobody is served: requests wait in the backlog', async (t) => {
  const { flow, served } = await under({ ...memory, amount: 0 }, 100, 3);
  t.deepEqual([flow.completed, served.begun], [0, 0]);
  t.true(flow.errors > 200);
});

test('memory: killed at once, refused for its time, back to the nanosecond', async (t) => {
  const laboratory = await laboratoryOf();
  const { faults, network } = laboratory;
  network.fabric.start([requests(1000), pings], 1);
  laboratory.run(500e6);
  await faults.inject({ ...memory, mode: 'oom_restart', downNs: 2e9 }, 3600e6);
  const { flow, other, served } = observe(laboratory, 2e9 - 1e6);
  t.deepEqual([flow.completed, served.requests], [0, 0]);
  t.true(flow.errors > 1800, 'each is refused at once');
  t.is(other!.lossRate, 0, 'the host itself lives');
  laboratory.run(1e6);
  const after = observe(laboratory, 1e9);
  t.is(after.flow.errors, 0);
  t.true(after.flow.completed > 900);
});

test('memory: every time requests outgrow it the server is killed for so long', async (t) => {
  const failure: Failure = { ...memory, mode: 'oom_restart', amount: 5, downNs: 1e9 };
  const { flow, served } = await under(failure, 1500, 60);
  t.true(served.restarts > 10);
  // Up: until a sixth request meets five. Down: 1 s each time.
  const downShare = 1 - served.requests / (1500 * 60);
  t.true(Math.abs(downShare * 60 - served.restarts) < 3, `${downShare * 60} s, ${served.restarts}`);
  t.true(flow.errors > 1400 * served.restarts);
});

test('disk: a share of requests takes so much longer', async (t) => {
  const { flow: all } = await under({ ...disk, latencyNs: 50e6 }, 200, 10);
  t.true(all.p50Ms > 50.5 && all.p50Ms < 51, `${all.p50Ms}`);
  const { flow: few } = await under({ ...disk, latencyNs: 50e6, share: 0.25 }, 200, 30);
  t.true(few.p50Ms < 2 && few.p95Ms > 50, `${few.p50Ms} ${few.p95Ms}`);
});

test('disk: full for a share of requests: answers of 500, in the band', async (t) => {
  const { flow, served } = await under({ ...disk, mode: 'full', share: 0.3 }, 300, 30);
  t.true(isShare(...errorsOf(flow), 0.3), `${errorsOf(flow)}`);
  t.true(Math.abs(served.failed - flow.errors) <= 2);
  const { flow: whole } = await under({ ...disk, mode: 'full' }, 300, 3);
  t.is(whole.completed, 0);
});

test('graceful: a share of requests never answered, the rate left, answers late', async (t) => {
  const graceful = { ...broken, mode: 'graceful' } as const;
  const { flow: lost } = await under({ ...graceful, share: 0.2 }, 300, 30);
  t.true(isShare(...errorsOf(lost), 0.2), `${errorsOf(lost)}`);
  const { flow: slow } = await under({ ...graceful, serviceRate: 0.5 }, 300, 30);
  t.true(Math.abs(slow.p50Ms / (2 * Math.LN2) - 1) < 0.05, `${slow.p50Ms}`);
  const { flow: late } = await under({ ...graceful, delayNs: 20e6 }, 300, 5);
  t.true(late.p50Ms > 20.5 && late.p50Ms < 21.2, `${late.p50Ms}`);
});

test('outage: a silent host, or one that refuses; both are back when it ends', async (t) => {
  for (const refuses of [false, true]) {
    const laboratory = await laboratoryOf();
    const { faults, network } = laboratory;
    network.fabric.start([requests(500), pings], 1);
    laboratory.run(500e6);
    const outage: Failure = { ...broken, mode: 'outage', ...(refuses ? { refuses } : {}) };
    const fault = await faults.inject(outage, 3600e6);
    laboratory.run(600e6);
    const { flow, other, served } = observe(laboratory, 2e9);
    t.deepEqual([flow.completed, served.requests], [0, 0]);
    t.true(flow.errors > 900);
    t.is(other!.lossRate > 0.9, !refuses);
    await faults.clear(fault.id);
    laboratory.run(600e6);
    const after = observe(laboratory, 1e9);
    t.true(after.flow.completed > 450 && after.flow.errors === 0, `${after.flow.errors}`);
    t.is(after.other!.lossRate, 0);
  }
});

test('hang: connections are accepted, nothing is answered; then work goes on', async (t) => {
  const laboratory = await laboratoryOf();
  const { faults, network } = laboratory;
  network.fabric.start([requests(100), pings], 1);
  laboratory.run(500e6);
  const fault = await faults.inject({ ...broken, mode: 'hang' }, 3600e6);
  laboratory.run(600e6);
  const { flow, other, served } = observe(laboratory, 3e9);
  t.is(flow.completed, 0);
  t.true(flow.errors > 250, 'clients give up');
  t.true(served.requests > 250, 'what they asked was heard');
  t.is(other!.lossRate, 0);
  await faults.clear(fault.id);
  const after = observe(laboratory, 1e9);
  t.is(after.flow.errors, 0, 'what still waited is answered');
  t.true(after.flow.completed > 100);
});

test('reboot: silent for its time; connections are lost, or live through it', async (t) => {
  for (const stateLost of [true, false]) {
    const laboratory = await laboratoryOf();
    const { faults, network } = laboratory;
    const bulk: TrafficFlow = {
      ...{ kind: 'bulk', name: 'bulk', client: 'a', server: 'b', port: 5001 },
      ...{ transferBytes: 0, transfersPerSecond: 0 },
    };
    network.fabric.start([bulk, pings], 1);
    laboratory.run(100e6);
    await faults.inject({ ...broken, mode: 'reboot', downNs: 1e9, stateLost }, 3600e6);
    const down = observe(laboratory, 1e9 - 1e6);
    t.true(down.flow.throughputMbps < 20, `${down.flow.throughputMbps}`);
    t.true(down.other!.lossRate > 0.98);
    laboratory.run(1e9);
    const after = observe(laboratory, 1e9);
    t.is(after.other!.lossRate, 0);
    t.is(after.flow.throughputMbps > 100, !stateLost, `${after.flow.throughputMbps}`);
  }
});

test('a limit ends with its duration, and with the lease of its controller', async (t) => {
  const laboratory = await laboratoryOf();
  const { faults, network } = laboratory;
  const { fabric } = network;
  fabric.start([requests(500)], 1);
  laboratory.run(500e6);
  const pass = (us: number): number => {
    const before = fabric.flowStats()[0]!.completed;
    fabric.runUntil(fabric.nowNs + us * 1000);
    return fabric.flowStats()[0]!.completed - before;
  };
  await faults.inject({ ...broken, mode: 'outage' }, 3e6);
  t.is(pass(3e6 - 1000), 0);
  pass(1000);
  t.true(pass(1e6) > 400, 'the duration is over');
  t.is(faults.list()[0]!.state, 'expired');
  // No heartbeat but that of the injection from here on.
  const fault = await faults.inject({ ...broken, mode: 'outage' }, 3600e6);
  t.is(pass(LEASE_US - 1000), 0);
  pass(1000);
  t.true(pass(1e6) > 400, 'the lease is over');
  faults.heartbeat();
  t.true(pass(HEARTBEAT_US) < 10, 'who comes back in time has its fault back');
  await faults.stop('a drill');
  t.true(pass(2e6) > 800);
  t.throws(() => faults.get(fault.id), { code: 'NOT_FOUND' });
});

test('limits fork with the network: a run with one and a run without, over and over', async (t) => {
  const laboratory = await laboratoryOf({ workers: 2 });
  const { faults, network } = laboratory;
  const { fabric } = network;
  fabric.start([requests(1000)], 1);
  laboratory.run(500e6);
  const warm = fabric.save();
  const runs: FlowMetrics[] = [];
  for (let i = 0; i < 4; i++) {
    fabric.load(warm);
    fabric.reseed(7);
    faults.forget();
    if (i % 2 === 1) {
      await faults.inject({ ...cpu, share: 0.4 }, 2e6);
      await faults.inject({ ...disk, mode: 'full', share: 0.1 }, 2e6);
    }
    runs.push(observe(laboratory, 2e9).flow);
  }
  t.deepEqual(runs[2], runs[0]);
  t.deepEqual(runs[3], runs[1]);
  t.is(runs[0]!.errors, 0);
  t.true(isShare(...errorsOf(runs[1]!), 0.1), `${errorsOf(runs[1]!)}`);
});
