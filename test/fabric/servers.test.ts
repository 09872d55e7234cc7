/** Servers of the fabric against queueing theory, in virtual time. */
import test from 'ava';
import { metricsOf } from '../../src/telemetry/index.js';
import { readTopology, type ServerCapacity, type TrafficFlow } from '../../src/topology/index.js';
import { responseHead, messageBytesOf, statusOf } from '../../src/fabric/http.js';
import { buildLaboratory, type Laboratory } from '../laboratory.js';

const MEAN_NS = 1e6;
const BATCHES = 20;
/** Student's t for 19 degrees of freedom, 99.7 % in the middle. */
const T_VALUE = 3.43;

/** Hosts a and b on one switch; b has so much. */
function laboratoryOf(server: ServerCapacity): Promise<Laboratory> {
  const b = { ip: '10.0.2.1/24', server };
  const fast = { bandwidthMbps: 10000, delay: '1us' };
  const topology = readTopology(
    JSON.stringify({
      switches: { s1: {} },
      hosts: { a: { ip: '10.0.1.1/24' }, b },
      links: [
        { a: 'a', b: 's1:1', ...fast },
        { a: 'b', b: 's1:2', ...fast },
      ],
      traffic: [{ kind: 'ping', client: 'a', server: 'b' }],
    }),
    'queue.json',
  );
  return buildLaboratory(topology);
}

const requests = (requestsPerSecond: number, serviceNs = MEAN_NS): TrafficFlow => ({
  ...{ kind: 'http', name: 'requests', client: 'a', server: 'b', port: 80, requestsPerSecond },
  ...{ requestBytes: 200, responseBytes: 300, serviceNs },
});

/** Means of waiting times (ns) and refusals (share) over equal stretches of time. */
async function observe(server: ServerCapacity, perSecond: number, seconds: number) {
  const { network, run } = await laboratoryOf(server);
  const { fabric } = network;
  fabric.start([requests(perSecond)], 1);
  run(1e9);
  const waits: number[] = [];
  const refusals: number[] = [];
  for (let batch = 0; batch < BATCHES; batch++) {
    const before = fabric.serverStats('b');
    run((seconds * 1e9) / BATCHES);
    const after = fabric.serverStats('b');
    waits.push((after.waitedNs - before.waitedNs) / (after.begun - before.begun));
    refusals.push((after.refused - before.refused) / (after.requests - before.requests));
  }
  return { waits, refusals };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Half of the width of the 99.7 % confidence interval of the mean. */
function band(values: readonly number[]): number {
  const middle = mean(values);
  const variance = mean(values.map((value) => (value - middle) ** 2));
  return T_VALUE * Math.sqrt(variance / (values.length - 1));
}

/** Chance of an arrival finding all of `servers` busy when none can wait. */
function erlangB(servers: number, load: number): number {
  let blocked = 1;
  for (let n = 1; n <= servers; n++) blocked = (load * blocked) / (n + load * blocked);
  return blocked;
}

/** Mean waiting time of M/M/c in service times. */
function erlangCWait(servers: number, load: number): number {
  const blocked = erlangB(servers, load);
  const waits = blocked / (1 - (load / servers) * (1 - blocked));
  return waits / (servers - load);
}

for (const [workers, load] of [
  [1, 0.5],
  [1, 0.7],
  [3, 2.1],
] as const) {
  test(`M/M/${workers} at a load of ${load}: the waiting time of queueing theory`, async (t) => {
    const { waits, refusals } = await observe({ workers }, load * 1000, 30);
    const expected = erlangCWait(workers, load) * MEAN_NS;
    const error = Math.abs(mean(waits) - expected);
    t.true(error <= band(waits), `${mean(waits)} for ${expected}, band ${band(waits)}`);
    t.true(band(waits) < 0.35 * expected, `a band of ${band(waits)} tells nothing`);
    t.is(mean(refusals), 0);
  });
}

test('M/M/5/5 at a load of 4: Erlang loss, and nobody waits', async (t) => {
  const capacity = { workers: 5, concurrent: 5, backlog: 0 };
  const { waits, refusals } = await observe(capacity, 4000, 10);
  const error = Math.abs(mean(refusals) - erlangB(5, 4));
  t.true(error <= band(refusals), `${mean(refusals)} for ${erlangB(5, 4)}`);
  t.true(band(refusals) < 0.02);
  t.is(mean(waits), 0);
});

test('M/M/2/5: what memory and backlog do not hold is refused', async (t) => {
  const load = 1.8;
  const { refusals } = await observe({ workers: 2, concurrent: 3, backlog: 2 }, load * 1000, 20);
  // Balance of states 0 to 5: two workers, five places.
  const weights = [1];
  for (let n = 1; n <= 5; n++) weights.push((weights[n - 1]! * load) / Math.min(n, 2));
  const expected = weights[5]! / weights.reduce((sum, weight) => sum + weight, 0);
  const error = Math.abs(mean(refusals) - expected);
  t.true(error <= band(refusals), `${mean(refusals)} for ${expected}`);
});

test('a refusal is a 503, which clients take as an error, and it costs no time', async (t) => {
  const { network, run } = await laboratoryOf({ workers: 1, concurrent: 1, backlog: 0 });
  const { fabric } = network;
  fabric.start([requests(2000)], 1);
  run(5e9);
  const [sums] = fabric.flowStats();
  const server = fabric.serverStats('b');
  const { errors, completed, p50Ms } = metricsOf(undefined, sums!, 5e9);
  t.true(Math.abs(errors - server.refused) <= 2, `${errors} errors, ${server.refused} refused`);
  t.true(errors > 1.5 * completed);
  t.true(p50Ms < 0.1, `${p50Ms} ms`);
});

test('without bounds nobody waits, and each request takes its own time', async (t) => {
  const { network, run } = await laboratoryOf({});
  const { fabric } = network;
  fabric.start([requests(5000, 5e6)], 1);
  run(2e9);
  const { requests: all, begun, waitedNs, refused, workedNs } = fabric.serverStats('b');
  t.deepEqual([begun, waitedNs, refused], [all, 0, 0]);
  t.true(Math.abs(workedNs / begun - 5e6) < (3 * 5e6) / Math.sqrt(begun));
});

test('a client that gives up leaves its place to the next', async (t) => {
  const { network, run } = await laboratoryOf({ workers: 1, concurrent: 8, backlog: 0 });
  const { fabric } = network;
  // Work of ten times what clients wait for.
  fabric.start([requests(20, 5e9)], 1);
  run(60e9);
  const { begun, refused } = fabric.serverStats('b');
  t.true(begun > 100, `${begun} requests were begun: the worker is freed every 500 ms`);
  t.true(refused > 100);
  fabric.stopTraffic();
  run(2e9);
  fabric.start([requests(10, 1e6)], 1);
  run(10e9);
  t.true(fabric.flowStats()[0]!.completed > 70, 'nothing of it is left');
});

test('two runs from one snapshot do the same, queues and all', async (t) => {
  const { network, run } = await laboratoryOf({ workers: 1, concurrent: 4, backlog: 4 });
  const { fabric } = network;
  fabric.start([requests(950)], 1);
  run(1e9);
  const snapshot = fabric.save();
  run(2e9);
  const first = [fabric.serverStats('b'), fabric.flowStats()];
  fabric.load(snapshot);
  run(2e9);
  t.deepEqual([fabric.serverStats('b'), fabric.flowStats()], first);
});

test('the head of an answer counts what follows it, whatever its length', (t) => {
  for (const status of [200, 500, 503, 404]) {
    for (let bytes = 45; bytes < 2000; bytes += 1) {
      const head = responseHead(status, bytes);
      if (head.length > bytes) continue;
      t.is(messageBytesOf(head, 0, head.length), bytes);
      t.is(statusOf(head, 0), status);
    }
  }
  const alone = responseHead(503, 0);
  t.is(messageBytesOf(alone, 0, alone.length), alone.length);
  t.is(messageBytesOf(alone, 0, 20), 0, 'a head that is cut says nothing');
  const text = new TextEncoder().encode('HTTP/1.1 200 OK\r\nServer: a\r\n\r\n');
  t.is(messageBytesOf(text, 0, text.length), 0);
});
