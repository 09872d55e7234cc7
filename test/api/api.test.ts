import test from 'ava';
import { silentProgress } from '../../src/base/log.js';
import { buildApi, listen } from '../../src/api/index.js';
import { Loop, runLive, type Report, type System } from '../../src/app/index.js';
import { leafSpine } from '../../src/topology/index.js';

async function buildSystem(): Promise<System> {
  const topology = leafSpine(1, 2, 1);
  const settings = { topology, seed: 1, progress: silentProgress, wallSeconds: () => 0 };
  const { loop } = await Loop.build(settings);
  await loop.syncOnce();
  const report = { forecasts: [], recommendations: [] } as unknown as Report;
  const system = runLive(loop, report, silentProgress);
  system.close();
  return system;
}

test('rules of any switch, topology, faults, problems', async (t) => {
  const system = await buildSystem();
  const app = await buildApi(() => system);
  const get = async (url: string): Promise<[number, any]> => {
    const response = await app.inject({ url: `/api/v1/${url}` });
    return [response.statusCode, response.json()];
  };
  const [, devices] = await get('devices');
  t.is(devices.length, 6);
  const [, routes] = await get('devices/shadow.leaf1/tables/routing.ipv4_lpm/entries');
  t.deepEqual(
    routes.map((rule: { match: unknown }) => rule.match),
    [{ ipv4_dst: '10.0.1.1/32' }, { ipv4_dst: '10.0.2.0/24' }],
  );
  t.is((await get('topology'))[1].links.length, 4);
  t.deepEqual(await get('forecasts'), [200, []]);
  const [status, problem] = await get('devices/nobody/entries');
  t.is(status, 404);
  t.is(problem.code, 'NOT_FOUND');
  t.regex(problem.detail, /no device 'nobody'; there are production.spine1/);
  t.is((await get('nothing'))[0], 404);
  t.is((await get('devices/shadow.leaf1/tables/none/entries'))[1].detail, "no table 'none'");
  t.is((await get('openapi.json'))[1].openapi.slice(0, 2), '3.');

  const [, drops] = await get('devices/shadow.leaf1/drops');
  t.is(drops.no_clone_session, 0);
  const watched = get('devices/shadow.leaf1/trace?packets=1&timeoutMs=10000');
  await app.inject({ url: '/api/v1/devices' });
  const [, none] = await get('devices/shadow.leaf2/trace?timeoutMs=1&port=7');
  t.deepEqual(none, []);
  t.is((await get('devices/shadow.leaf1/trace?packets=0'))[0], 400);
  await system.faults.heartbeat();
  const [, traces] = await watched;
  t.is(traces[0].steps[0].kind, 'in');

  const failure = { type: 'link_degradation', link: 'leaf1-spine1', loss: 0.25 };
  const post = (payload: object) => app.inject({ method: 'POST', url: '/api/v1/faults', payload });
  const made = await post({ failure, durationMs: 5000 });
  t.is(made.statusCode, 201);
  t.is(made.json().description, 'link leaf1-spine1: loss 25 %');
  t.is(made.json().state, 'active');
  const [, entries] = await get('devices/shadow.leaf1/tables/link_fault.loss/entries');
  t.is(entries[0].params.threshold, String(Math.round(0.25 * 4294967295)));
  t.is((await post({ failure, durationMs: 5000 })).statusCode, 409);
  t.is((await post({ failure: { ...failure, loss: 3 }, durationMs: 5000 })).statusCode, 400);
  t.is((await post({ failure: { ...failure, link: 'x' }, durationMs: 5 })).statusCode, 404);
  t.is((await post({ failure: { type: 'nonsense' }, durationMs: 5 })).statusCode, 400);
  const cleared = await app.inject({ method: 'DELETE', url: `/api/v1/faults/${made.json().id}` });
  t.is(cleared.json().state, 'cleared');
  t.deepEqual((await get('faults'))[1], []);
  await app.close();
});

test('before the system is there, the API says so', async (t) => {
  const app = await buildApi(() => undefined);
  const response = await app.inject({ url: '/api/v1/devices' });
  t.is(response.statusCode, 503);
  t.regex(String(response.headers['content-type']), /^application\/problem\+json/);
  await app.close();
});

test('a port in use is named', async (t) => {
  const [first, second] = [await buildApi(() => undefined), await buildApi(() => undefined)];
  const address = await listen(first, '127.0.0.1', 0);
  const port = Number(new URL(address).port);
  await t.throwsAsync(listen(second, '127.0.0.1', port), {
    code: 'ADDRESS_IN_USE',
    message: `API on 127.0.0.1:${port}: address is already in use`,
  });
  await first.close();
  await second.close();
});

test('mirror rules: read, replaced, refused with rule and field; metrics', async (t) => {
  const system = await buildSystem();
  const app = await buildApi(() => system);
  const get = (url: string) => app.inject({ url });
  t.is((await get('/api/v1/mirror/rules')).json()[0].name, 'everything');
  const put = (payload: object) => app.inject({ method: 'PUT', url: '/api/v1/mirror/rules', payload });
  const rules = [
    { name: 'web', application: 'http', limitMbps: 10 },
    { name: 'rest', share: 0.5, truncateBytes: 128, priority: 5 },
  ];
  const replaced = await put(rules);
  t.is(replaced.statusCode, 200);
  t.deepEqual(
    replaced.json().map(({ name }: { name: string }) => name),
    ['web', 'rest'],
  );
  const production = system.devices.get('production.leaf1')!;
  // One port with a host: web there and back, in both tables; the rest in both.
  t.is((await production.rules('mirror.selection')).length, 2 + 1);
  t.is((await production.rules('mirror.selection_v6')).length, 2 + 1);
  const wrong = await put([{ name: 'web', dscp: 99 }]);
  t.is(wrong.statusCode, 400);
  t.is(wrong.json().detail, "mirror rule 'web': dscp: 99 is no number from 0 to 63");
  const own = await put([{ name: 'web', session: 9 }]);
  t.regex(own.json().detail, /^mirror rule 'web': session: /);
  t.is((await get('/api/v1/mirror')).json().rules.length, 2);
  t.is((await put([])).statusCode, 200);
  t.is((await production.rules('mirror.selection')).length, 0);
  await put(rules);
  const { body } = await get('/metrics');
  t.regex(body, /^umbra_up 1$/m);
  t.regex(body, /^umbra_mirror_expected_total\{rule="web"\} 0$/m);
  t.regex(body, /^umbra_shadow_fidelity [\d.]+$/m);
  const none = await buildApi(() => undefined);
  t.regex((await none.inject({ url: '/metrics' })).body, /^umbra_up 0$/m);
});
