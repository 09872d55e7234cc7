import test from 'ava';
import { UmbraError } from '../../src/base/errors.js';
import {
  ShadowTestbed,
  TestbedPool,
  topologyImage,
  type RunRequest,
  type TestbedImage,
} from '../../src/app/index.js';
import { measure, sweepFailures } from '../../src/campaign/index.js';
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

const requests: RunRequest[] = sweepFailures(topology)
  .slice(0, 12)
  .map((failure, i) => ({ seed: 1 + (i % 2), durationNs: 400e6, failure }));

test('a run shows the same on any thread, and in this one', async (t) => {
  const image = await makeImage();
  const testbed = await ShadowTestbed.of(image);
  const here = [];
  for (const { seed, durationNs, failure } of requests) {
    here.push(await measure(testbed, seed, durationNs, failure));
  }
  t.true(new Set(here.map((flows) => JSON.stringify(flows))).size > 3);
  for (const threads of [1, 3]) {
    const pool = await TestbedPool.open(image, threads);
    const results = await Promise.all(requests.map((request) => pool.run(request)));
    t.deepEqual(
      results.map(({ flows }) => flows),
      here,
    );
    t.true(results.every(({ packetHops }) => packetHops > 0));
    await pool.close();
  }
});

test('what a run throws is thrown; what the threads cannot do any more is said', async (t) => {
  const pool = await TestbedPool.open(await makeImage(), 1);
  const failure = { ...requests[0]!.failure!, link: 'nowhere' } as RunRequest['failure'];
  const error = await t.throwsAsync(pool.run({ ...requests[0]!, failure }), {
    instanceOf: UmbraError,
  });
  t.regex(error.message, /nowhere/);
  t.is((await pool.run(requests[1]!)).flows.length, 1, 'the thread goes on');
  const underWay = pool.run(requests[2]!);
  const waiting = pool.run(requests[3]!);
  const ended = [underWay, waiting].map((run) => t.throwsAsync(run, { message: /ended/ }));
  await pool.close();
  await Promise.all(ended);
  await t.throwsAsync(pool.run(requests[1]!), { message: /ended/ });
});
