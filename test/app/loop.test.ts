import test from 'ava';
import { silentProgress } from '../../src/base/log.js';
import { runLoop, Production, buildNetwork, Shadow } from '../../src/app/index.js';
import { ProductionView } from '../../src/device/index.js';
import { FaultEngine } from '../../src/fault/index.js';
import { ruleEntity } from '../../src/p4runtime/index.js';
import { Update_Type } from '../../src/proto/index.js';
import { mirrorAll } from '../../src/mirror/index.js';
import { leafSpine, type Topology } from '../../src/topology/index.js';

const small: Topology = {
  ...leafSpine(2, 2, 1),
  traffic: [
    {
      kind: 'http',
      name: 'web',
      client: 'h11',
      server: 'h21',
      port: 80,
      requestsPerSecond: 40,
      requestBytes: 300,
      responseBytes: 8000,
      serviceNs: 1e6,
    },
    { kind: 'ping', name: 'ping', client: 'h21', server: 'h11', intervalNs: 20e6 },
  ],
};

const options = { topology: small, progress: silentProgress, wallSeconds: () => 0 };

test('the whole loop: complete mirror, equal shadow, forecasts, a rehearsal; twice the same', async (t) => {
  const { report, loop } = await runLoop({ ...options, seed: 5 });
  const again = (await runLoop({ ...options, seed: 5 })).report;
  t.is(JSON.stringify(again), JSON.stringify(report));
  t.is(report.mirror.completeness, 1);
  t.true(report.mirror.expected > 1000);
  t.is(report.shadow.equal, report.shadow.entries);
  t.is(report.shadow.fidelity, 1);
  t.is(report.shadow.syncLagMs, 1, 'looked at when it was written, measured to 1 ms');
  t.is(report.forecasts.length, 10);
  for (const { value, low, high } of report.forecasts) t.true(low <= value && value <= high);
  for (const model of report.model) {
    t.true(model.mae < model.baselineMae, model.target);
    t.true(model.coverage > 0.85 && model.coverage < 0.95, `${model.coverage}`);
  }
  const [first] = report.recommendations;
  t.regex(first!.action, /^reroute around/);
  t.true(first!.after.errorRate <= first!.withoutAction.errorRate);
  t.is(loop.refusedCopies, 0);
  const other = (await runLoop({ ...options, seed: 6 })).report;
  t.notDeepEqual(other.effects, report.effects);
});

test('no fault changes any production counter (I1)', async (t) => {
  const network = buildNetwork(small, 1);
  const production = await Production.open(small, () => network.channel);
  await production.installRoutes();
  const shadow = await Shadow.build(small, 1, await production.views());
  await shadow.sync.compare(true);
  network.fabric.start(small.traffic, 1);
  network.fabric.runUntil(500e6);
  const counters = async (): Promise<string> => {
    const all = await Promise.all(
      [...production.devices.values()].flatMap((device) => [
        device.rules(),
        ...device.schema.counters.all.map(({ name }) => device.readCounter(name)),
      ]),
    );
    return JSON.stringify(all);
  };
  const before = await counters();
  shadow.network.fabric.start(small.traffic, 1);
  await shadow.faults.inject({ type: 'device_failure', device: 'spine1', mode: 'outage' }, 60e6);
  const onLink = { type: 'link_degradation', link: 'leaf1-spine2', direction: 'both' } as const;
  await shadow.faults.inject({ ...onLink, loss: 0.5, delayNs: 1e6, rateBps: 1e6 }, 60e6);
  shadow.network.fabric.runUntil(2e9);
  t.is(await counters(), before);
  t.is(await shadow.faults.clearAll(), 1 + 2 * 3);
});

test('faults refuse production devices, by type and at run time (I1)', async (t) => {
  const network = buildNetwork(small, 1);
  const production = await Production.open(small, () => network.channel);
  const devices = [...production.devices.values()];
  t.throws(
    // @ts-expect-error a production device is no shadow device
    () => new FaultEngine({ topology: small, devices, nowUs: () => 0 }),
    { message: /shadow devices only/ },
  );
  const [device] = devices;
  t.throws(() => device!.schema.tables.get('link_fault.loss'), { code: 'NOT_FOUND' });
});

test('what sync holds of production cannot write (I2)', async (t) => {
  const network = buildNetwork(small, 1);
  const production = await Production.open(small, () => network.channel);
  const [view] = await production.views();
  t.true(view instanceof ProductionView);
  const names = new Set<string>();
  for (let o: object | null = view!; o && o !== Object.prototype; o = Object.getPrototypeOf(o)) {
    for (const name of Object.getOwnPropertyNames(o)) names.add(name);
  }
  const writing = [...names].filter((name) =>
    /write|insert|modify|delete|set|packetOut/i.test(name),
  );
  t.deepEqual(writing, []);
});

test('drift is listed, repaired in the shadow, and production is left alone', async (t) => {
  const network = buildNetwork(small, 1);
  const production = await Production.open(small, () => network.channel);
  await production.installRoutes();
  await production.installMirror([mirrorAll()]);
  const shadow = await Shadow.build(small, 1, await production.views());
  const first = await shadow.sync.compare(true);
  t.true(first.equal < first.entities);
  t.is((await shadow.sync.compare(false)).fidelity, 1);
  const device = shadow.device('leaf1');
  const acl = (table: string) =>
    ruleEntity(device.schema, { table, match: { ip_protocol: '17' }, priority: 3, action: 'deny' });
  await device.write([{ type: Update_Type.INSERT, entity: acl('acl.filter') }]);
  const [route] = (await device.readState()).filter(
    (e) =>
      e.entity?.$case === 'tableEntry' &&
      !e.entity.value.isDefaultAction &&
      e.entity.value.tableId === device.schema.tables.get('arp.responder').id,
  );
  await device.write([{ type: Update_Type.DELETE, entity: route! }]);
  const state = JSON.stringify(await production.device('leaf1').rules());
  const report = await shadow.sync.compare(true);
  const kinds = report.devices.flatMap((d) => d.differences.map((x) => x.kind));
  t.deepEqual(kinds.sort(), ['excess', 'missing']);
  const after = await shadow.sync.compare(false);
  t.is(after.devices.flatMap((d) => d.differences).length, 0);
  t.is(JSON.stringify(await production.device('leaf1').rules()), state);
});
