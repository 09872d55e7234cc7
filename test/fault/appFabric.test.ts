/** Errors of applications as simulated clients notice them, and as a campaign measures them. */
import test from 'ava';
import { UmbraError } from '../../src/base/errors.js';
import { describeFailure, targetOf, type AppError } from '../../src/fault/index.js';
import { metricsOf, type FlowMetrics } from '../../src/telemetry/index.js';
import { readTopology, type TrafficFlow } from '../../src/topology/index.js';
import { buildLaboratory } from '../laboratory.js';

const shop = readTopology(
  JSON.stringify({
    switches: { s1: {} },
    hosts: {
      a: { ip: '10.0.1.1/24' },
      b: {
        ip: '10.0.2.1/24',
        services: [
          { name: 'checkout', protocol: 'http', port: 80 },
          { name: 'orders', protocol: 'tcp', port: 5432 },
        ],
      },
    },
    links: [
      { a: 'a', b: 's1:1', bandwidthMbps: 10000, delay: '1us' },
      { a: 'b', b: 's1:2', bandwidthMbps: 10000, delay: '1us' },
    ],
    traffic: [{ kind: 'ping', client: 'a', server: 'b' }],
  }),
  'shop.json',
);

const requests = (name: string, port: number): TrafficFlow => ({
  ...{ kind: 'http', name, client: 'a', server: 'b', port, requestsPerSecond: 300 },
  ...{ requestBytes: 400, responseBytes: 12_000, serviceNs: 1e6 },
});

/** Metrics of checkout and orders under a failure. */
async function under(failure: Partial<AppError>, seconds = 2): Promise<FlowMetrics[]> {
  const { network, faults, run } = await buildLaboratory(shop);
  const { fabric } = network;
  fabric.start([requests('checkout', 80), requests('orders', 5432)], 1);
  run(100e6);
  await faults.inject({ type: 'app_error', service: 'checkout', mode: 'status', ...failure }, 60e6);
  run(600e6);
  const before = fabric.flowStats();
  run(seconds * 1e9);
  return fabric.flowStats().map((sums, i) => metricsOf(before[i], sums, seconds * 1e9));
}

test('checkout answers 503 for 10 % of requests: an error rate of 10 %', async (t) => {
  const [checkout, orders] = await under({ status: 503, share: 0.1 }, 10);
  const all = checkout!.completed + checkout!.errors;
  const band = 3 * Math.sqrt(all * 0.1 * 0.9);
  t.true(all > 2800);
  t.true(Math.abs(checkout!.errors - 0.1 * all) <= band, `${checkout!.errors} of ${all}`);
  t.true(checkout!.p50Ms < 3, 'an error takes its time, and no more');
  t.deepEqual([orders!.errors, orders!.errorRate], [0, 0], "others' answers are untouched");
});

test('clients notice a closed, reset, refused and missing answer, and a late one', async (t) => {
  const failures: Partial<AppError>[] = [
    { mode: 'cut', afterBytes: 5000 },
    { mode: 'cut' },
    { mode: 'reset', afterBytes: 3000 },
    { mode: 'refuse' },
    { mode: 'hang' },
    { mode: 'delay', delayNs: 5e9 },
    { mode: 'error', service: 'orders' },
    { mode: 'status', status: 404 },
  ];
  for (const failure of failures) {
    const flows = await under(failure);
    const [hit, other] = failure.service === 'orders' ? flows.reverse() : flows;
    t.true(hit!.errors > 500, `${failure.mode}: ${hit!.errors} errors`);
    t.is(hit!.completed, 0, failure.mode);
    t.deepEqual([other!.errors, other!.errorRate], [0, 0], failure.mode);
  }
  const [late] = await under({ mode: 'delay', delayNs: 20e6 });
  t.is(late!.errors, 0);
  t.true(late!.p50Ms > 20.5 && late!.p50Ms < 23, `median ${late!.p50Ms}`);
});

test('what a service is: by name, by host and port, behind a switch; mistakes are named', async (t) => {
  const { faults } = await buildLaboratory(shop);
  const fine: [Partial<AppError>, string][] = [
    [{ service: 'checkout', share: 0.1 }, 'service checkout: 10 % of answers: status 503'],
    [{ host: 'b', port: 80, status: 404 }, 'service b:80: 100 % of answers: status 404'],
    [{ device: 's1', port: 5432, mode: 'error' }, 'service s1:5432: 100 % of answers: error reply'],
    [{ host: 'b', service: 'orders', mode: 'refuse' },
      'service orders at b: 100 % of connections: refused'],
  ];
  for (const [failure, text] of fine) {
    const whole: AppError = { type: 'app_error', mode: 'status', ...failure };
    t.is(describeFailure(whole), text);
    t.true(text.includes(targetOf(whole)));
    await faults.clear((await faults.inject(whole, 1e6)).id);
  }
  const wrong: [Partial<AppError>, UmbraError['code'], RegExp][] = [
    [{}, 'INVALID_INPUT', /'service', 'host' or 'device' is missing/],
    [{ host: 'b' }, 'INVALID_INPUT', /app_error of b: 'port' or 'service' is missing/],
    [{ service: 'basket' }, 'NOT_FOUND', /no TCP service 'basket'/],
    [{ host: 'c', port: 80 }, 'NOT_FOUND', /no host 'c'/],
    [{ device: 's2', port: 80 }, 'NOT_FOUND', /no switch 's2'/],
    [{ service: 'orders' }, 'INVALID_INPUT', /mode status is for http, the service is postgres/],
    [{ service: 'checkout', mode: 'error' }, 'INVALID_INPUT', /for postgres, mysql and redis/],
    [{ service: 'checkout', status: 1000 }, 'INVALID_INPUT', /status is 1000/],
    [{ service: 'checkout', mode: 'delay' }, 'INVALID_INPUT', /needs delayNs/],
    [{ service: 'checkout', flow: { destinationPort: 1 } }, 'INVALID_INPUT', /flow.destinationPort/],
  ];
  for (const [failure, code, message] of wrong) {
    const whole: AppError = { type: 'app_error', mode: 'status', ...failure };
    await t.throwsAsync(faults.inject(whole, 1e6), { code, message });
  }
});
