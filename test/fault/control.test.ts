/** Failures of control planes: slow and stale; never in the way of a fault's end. */
import { setImmediate } from 'node:timers/promises';
import test from 'ava';
import { Replica, Shadow, ShadowTestbed, buildNetwork, shippedProgram } from '../../src/app/index.js';
import { isRouting, planRoutes } from '../../src/control/index.js';
import { ProductionDevice, ProductionView, type ShadowDevice } from '../../src/device/index.js';
import {
  describeFailure,
  failureOf,
  planFailure,
  type DeviceFailure,
  type Failure,
} from '../../src/fault/index.js';
import { Update_Type } from '../../src/proto/index.js';
import { DeviceFollower } from '../../src/sync/index.js';
import { leafSpine } from '../../src/topology/index.js';
import { buildLaboratory } from '../laboratory.js';
import { datagram, Tap } from './tap.js';

const slow = (device: string, delayNs: number): DeviceFailure => ({
  ...{ type: 'device_failure', mode: 'slow_control', device, delayNs },
});
const stale = (device: string, entryShare: number, seed = 1): DeviceFailure => ({
  ...{ type: 'device_failure', mode: 'stale', device, entryShare, seed },
});

/** A rule that no packet of the tests meets. */
function rule(device: ShadowDevice, i: number, action: 'permit' | 'deny' = 'deny') {
  const match = { ipv4_src: `192.0.${i >> 8}.${i & 255}` };
  return device.entityOf({ table: 'acl.filter', match, priority: 7, action: `acl.${action}` });
}
const insert = (device: ShadowDevice, i: number) => ({
  type: Update_Type.INSERT,
  entity: rule(device, i),
});

test('a slow control plane: writes, reads and PacketIns take exactly so long', async (t) => {
  const tap = await Tap.open();
  const { device, faults } = tap;
  const punt = { table: 'acl.filter', match: { ip_protocol: '17' }, priority: 1, action: 'acl.punt' };
  await device.write([{ type: Update_Type.INSERT, entity: device.entityOf(punt) }]);
  await faults.inject(slow('s1', 250e6), 3600e6);
  const begin = tap.nowNs;
  const ends: number[] = [];
  const note = (): void => void ends.push(tap.nowNs - begin);
  const tasks = [
    device.write([insert(device, 1)]).then(note),
    device.rules('acl.filter').then(note),
    device.readCounter('link_fault.dropped', 1).then(note),
  ];
  tap.put(1, datagram(1));
  for (let ms = 0; ms <= 300; ms++) {
    if (ms === 249) t.deepEqual([tap.packetIns.length, ends], [0, []]);
    await faults.step();
    await setImmediate();
    if (ms === 250) t.is(tap.packetIns.length, 1);
    tap.advance(1e6);
  }
  await Promise.all(tasks);
  t.deepEqual(ends, [250e6, 250e6, 250e6]);
});

test('it waits for nobody: other faults, their end, and its own end are at once', async (t) => {
  const tap = await Tap.open();
  const { device, faults } = tap;
  const fault = await faults.inject(slow('s1', 60e9), 3600e6);
  const loss = { type: 'link_degradation', link: 'b-s1', direction: 'both', loss: 1 } as const;
  await faults.clear((await faults.inject(loss, 3600e6)).id);
  const write = device.write([insert(device, 1)]);
  await faults.clear(fault.id);
  await write;
  await faults.inject(slow('s1', 60e9), 3600e6);
  await faults.inject(loss, 3600e6);
  const second = device.write([insert(device, 2)]);
  t.is((await faults.stop('a drill')).removedEntries, 2);
  await second;
  faults.release();
  t.is((await device.rules('acl.filter')).length, 2);
});

test('it ends with its expiry, and with the lease', async (t) => {
  for (const [expiresUs, lasts] of [
    [5e6, 5],
    [3600e6, 10],
  ] as const) {
    const tap = await Tap.open();
    await tap.faults.inject(slow('s1', 60e9), expiresUs);
    let isDone = false;
    const write = tap.device.write([insert(tap.device, 1)]).then(() => (isDone = true));
    tap.advance(lasts * 1e9 - 1e6);
    await tap.faults.step();
    await setImmediate();
    t.false(isDone);
    t.true(Math.abs(tap.faults.nextStepUs * 1000 - tap.nowNs - 1e6) <= 2000);
    tap.advance(2e6);
    await tap.faults.step();
    await write;
    await tap.device.rules('acl.filter');
  }
});

test('only the slow switch is slow: a change of routes passes at its pace in virtual time', async (t) => {
  const topology = leafSpine(2, 2, 1);
  const replica = await Replica.of({ topology, seed: 1, foreign: [], entities: [] });
  for (const [name, entities] of planRoutes(topology, (n) => replica.device(n).schema)) {
    const device = replica.device(name);
    await device.reconcile(entities, isRouting(device.schema));
  }
  const testbed = new ShadowTestbed(replica);
  const { fabric } = replica.network;
  await testbed.inject(slow('leaf1', 30_000_500), 10e9);
  const begin = fabric.nowNs;
  const plan = testbed.planReroute({ devices: new Set(['spine1']) });
  t.true((await testbed.apply(plan)) > 0);
  // One read, and the Writes that follow it.
  const took = fabric.nowNs - begin;
  t.true(took >= 60e6 && took % 30_001_000 < 100_000 && took < 200e6, `${took} ns`);
  const others = fabric.nowNs;
  await replica.device('leaf2').rules();
  t.is(fabric.nowNs, others);
});

test('stale entries: a share keeps its value, and has the new one when the failure ends', async (t) => {
  const { device, faults } = await buildLaboratory();
  const count = 400;
  const all = Array.from({ length: count }, (_, i) => rule(device, i));
  await device.write(all.map((entity) => ({ type: Update_Type.INSERT, entity })));
  const fault = await faults.inject(stale('s1', 0.3), 3600e6);
  const changed = Array.from({ length: count }, (_, i) => rule(device, i, 'permit'));
  await device.write(changed.map((entity) => ({ type: Update_Type.MODIFY, entity })));
  const denied = async (): Promise<number> =>
    (await device.rules('acl.filter')).filter(({ action = '' }) => /deny/.test(action)).length;
  const held = await denied();
  t.true(Math.abs(held - 0.3 * count) <= 3 * Math.sqrt(count * 0.3 * 0.7), `${held} of ${count}`);
  t.is(device.hindrance.heldCount, held);
  await device.write(changed.map((entity) => ({ type: Update_Type.DELETE, entity })));
  t.is((await device.rules('acl.filter')).length, held);
  await faults.clear(fault.id);
  t.is((await device.rules('acl.filter')).length, 0);
  t.is(device.hindrance.heldCount, 0);
});

test('production changes: what is stale is held and no drift, and carried over at the end', async (t) => {
  const topology = leafSpine(2, 2, 1);
  const network = buildNetwork(topology, 1);
  const [first] = topology.switches;
  const views: ProductionView[] = [];
  const devices: ProductionDevice[] = [];
  for (const { name, deviceId } of topology.switches) {
    const config = shippedProgram('production');
    const access = { name, channel: network.channel, deviceId: BigInt(deviceId), config };
    devices.push(await ProductionDevice.open(access));
    views.push(await ProductionView.open(name, network.channel, BigInt(deviceId)));
  }
  const shadow = await Shadow.build(topology, 1, views);
  let nowMs = 0;
  const [{ production, shadow: replica }] = shadow.pairs as [(typeof shadow.pairs)[0]];
  const follower = new DeviceFollower(production, replica, () => nowMs);
  await follower.follow();
  const fault = await shadow.faults.inject(stale(first!.name, 1), 3600e6);
  const plan = planRoutes(topology, () => devices[0]!.schema);
  await devices[0]!.reconcile(plan.get(first!.name)!, isRouting(devices[0]!.schema));
  nowMs += 1000;
  const held = (await follower.follow()).held;
  t.true(held >= 2, `${held}`);
  nowMs += 60_000;
  const status = await follower.follow();
  t.deepEqual([status.drift, status.held, status.state], [[], held, 'following']);
  t.is((await shadow.sync.compare(false)).devices[0]!.differences.length, 0);
  await shadow.faults.clear(fault.id);
  t.is(follower.status().held, 0);
  const { entities, equal } = await follower.compareNow();
  t.is(equal, entities);
});

test('the contract of control planes', (t) => {
  const topology = leafSpine(2, 2, 1);
  const made = failureOf(topology, 'leaf1', 'device_failure', { mode: 'slow_control', delayNs: 1e6 });
  t.deepEqual(made, slow('leaf1', 1e6));
  t.is(describeFailure(slow('leaf1', 5e8)), 'device leaf1: slow control (500 ms late)');
  t.is(describeFailure(stale('leaf1', 0.5)), 'device leaf1: stale (50 % of entries)');
  const plan = (failure: unknown) => () => planFailure(topology, failure as Failure, 0, 1e6);
  t.throws(plan({ ...slow('leaf1', 1), delayNs: undefined }), { message: /needs delayNs/ });
  t.throws(plan({ ...slow('leaf1', 1), share: 1 }), { message: /slow_control has no 'share'/ });
  t.throws(plan(slow('leaf9', 1)), { code: 'NOT_FOUND', message: /leaf9/ });
  t.throws(plan(stale('leaf1', 2)), { message: /entryShare is 2/ });
  t.throws(plan({ ...stale('leaf1', 1), delayNs: 1 }), { message: /stale has no 'delayNs'/ });
});
