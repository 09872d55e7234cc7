import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { silentProgress } from '../../src/base/log.js';
import { buildApi } from '../../src/api/index.js';
import { Loop, runLive, type Report } from '../../src/app/index.js';
import { leafSpine } from '../../src/topology/index.js';

const topology = {
  ...leafSpine(1, 2, 1),
  traffic: [{ kind: 'ping', name: 'ping', client: 'h11', server: 'h21', intervalNs: 20e6 } as const],
};
const campaign = {
  name: 'short',
  before: '200ms',
  after: '400ms',
  recovery: '0s',
  window: '200ms',
  warmUp: '100ms',
  hypothesis: [{ metric: 'lossRate', of: 'all', comparison: '<=', value: 0 }],
  scenarios: [
    {
      name: 'spine out',
      failures: [
        {
          duration: '200ms',
          failure: { type: 'device_failure', device: 'spine1', mode: 'outage' },
        },
      ],
    },
    { name: 'nothing', failures: [] },
  ],
};

test('a campaign through the API: begun, watched, its runs read; what is wrong is said', async (t) => {
  const settings = { topology, seed: 1, progress: silentProgress, wallSeconds: () => 0 };
  const { loop } = await Loop.build(settings);
  await loop.syncOnce();
  const report = { forecasts: [], recommendations: [] } as unknown as Report;
  const system = runLive(loop, report, silentProgress);
  const app = await buildApi(() => system);
  const get = async (url: string): Promise<any> => (await app.inject(`/api/v1/${url}`)).json();
  const post = (url: string, payload?: object) =>
    app.inject({ method: 'POST', url: `/api/v1/${url}`, ...(payload && { payload }) });

  t.deepEqual(await get('campaigns'), []);
  const wrong = await post('campaigns', { ...campaign, windw: '1s' });
  t.is(wrong.statusCode, 422);
  t.regex(wrong.json().detail, /the request:\d+: windw: unknown key/);
  const nowhere = structuredClone(campaign);
  nowhere.scenarios[0]!.failures[0]!.failure.device = 'x';
  const refused = await post('campaigns', nowhere);
  t.is(refused.statusCode, 404);
  t.regex(refused.json().detail, /spine out: failure 'failure-1': .*'x'/);
  t.deepEqual(await get('campaigns'), [], 'nothing of it is kept');

  const begun = await post('campaigns', campaign);
  t.is(begun.statusCode, 201);
  const { id } = begun.json();
  t.is((await post('campaigns', campaign)).statusCode, 409, 'one at a time');
  const end = performance.now() + 30_000;
  let view = await get(`campaigns/${id}`);
  for (; view.state === 'running' && performance.now() < end; view = await get(`campaigns/${id}`)) {
    await sleep(50);
  }
  t.is(view.state, 'done');
  t.deepEqual(
    view.summary.runs.map((run: any) => [run.scenario, run.verdict]),
    [
      ['spine out', 'degraded'],
      ['nothing', 'survived'],
    ],
  );
  t.is((await get('runs')).length, 2);
  t.is((await get(`campaigns/${id}/runs`)).length, 2);
  t.is((await get(`runs/${id}/spine out`)).outcome.verdict, 'degraded');
  t.is((await post(`campaigns/${id}/resume`)).statusCode, 409);
  t.is((await post(`campaigns/${id}/pause`)).statusCode, 409);
  t.is((await post('campaigns/campaign-9/cancel')).statusCode, 404);
  t.is((await get('campaigns/schema')).title, 'Umbra campaign');
  t.is(system.faults.list().length, 0, 'the live shadow had no fault');
  system.close();
  await app.close();
});
