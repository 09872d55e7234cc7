/** Switches that are short of table space or of buffers: what was asked is what is measured. */
import test from 'ava';
import { buildNetwork, Shadow, shippedProgram } from '../../src/app/index.js';
import { UmbraError } from '../../src/base/errors.js';
import { ProductionDevice, ProductionView, ShadowDevice } from '../../src/device/index.js';
import {
  DEFAULT_BLAST_LIMIT,
  describeFailure,
  failureOf,
  FaultEngine,
  planFailure,
  readFailure,
  targetOf,
  type Failure,
  type ResourceExhaustion,
} from '../../src/fault/index.js';
import { Code, ruleEntity, WriteError, type Schema } from '../../src/p4runtime/index.js';
import { Update_Type, type Entity } from '../../src/proto/index.js';
import { DeviceFollower } from '../../src/sync/index.js';
import { leafSpine, readTopology } from '../../src/topology/index.js';
import { buildLaboratory, pair, udpFlow } from '../laboratory.js';
import { Tap } from './tap.js';

const ACL_SIZE = 1024;
const WIRE_OVERHEAD_BYTES = 24;
const FRAME_BYTES = 42 + 64;
const QUEUE_BYTES = 262_144;

const short = (of: Partial<ResourceExhaustion>): Failure => ({
  ...{ type: 'resource_exhaustion', device: 's1', resource: 'table_space' },
  ...of,
});

const acl = (schema: Schema, port: number): Entity =>
  ruleEntity(schema, {
    table: 'acl.filter',
    match: { l4_dst_port: String(port) },
    priority: 10,
    action: 'deny',
  });

/** Inserts ACL entries for ports 1 to `count`; returns the failures. */
async function fill(device: ShadowDevice, count: number) {
  const entities = Array.from({ length: count }, (_, i) => acl(device.schema, i + 1));
  const inserts = entities.map((entity) => ({ type: Update_Type.INSERT, entity }));
  try {
    await device.write(inserts);
    return [];
  } catch (error) {
    if (error instanceof WriteError) return error.failures;
    throw error;
  }
}

test('table space: exactly as many entries fit as are left', async (t) => {
  const cases: [Partial<ResourceExhaustion>, number][] = [
    [{ share: 0 }, 1024],
    [{ share: 0.25 }, 768],
    [{ share: 0.999 }, 1],
    [{ share: 1 }, 0],
    [{ amount: 300 }, 300],
    [{ amount: 5, table: 'acl.filter' }, 5],
    [{ amount: 0, table: 'ipv4_lpm' }, 1024],
  ];
  for (const [asked, fits] of cases) {
    const { device, faults } = await buildLaboratory();
    const table = asked.table === 'ipv4_lpm' ? {} : { table: 'acl.filter' };
    await faults.inject(short({ ...table, ...asked }), 60e6);
    const count = Math.min(ACL_SIZE, 1100);
    const failures = await fill(device, count);
    t.is(count - failures.length, fits, JSON.stringify(asked));
    t.is((await device.rules('acl.filter')).length, fits);
    t.true(failures.every(({ status, index }) => status === Code.RESOURCE_EXHAUSTED && index >= fits));
  }
});

test('table space: a full table still changes and shrinks, and what leaves it makes room', async (t) => {
  const { device, faults } = await buildLaboratory();
  await fill(device, 3);
  await faults.inject(short({ amount: 3 }), 60e6);
  const entity = (port: number): Entity => acl(device.schema, port);
  const routes = await device.rules();
  await t.throwsAsync(device.write([{ type: Update_Type.INSERT, entity: entity(9) }]), {
    message: /s1: 1 of 1 updates failed.*RESOURCE_EXHAUSTED: .*acl.filter: full, 3 .* and 3 fit/,
  });
  t.is((await device.rules()).length, routes.length, 'what is there stays');
  await device.write([{ type: Update_Type.MODIFY, entity: entity(1) }]);
  await device.write([
    { type: Update_Type.DELETE, entity: entity(1) },
    { type: Update_Type.INSERT, entity: entity(9) },
  ]);
  const failed = await t.throwsAsync(
    device.write([
      { type: Update_Type.INSERT, entity: entity(10) },
      { type: Update_Type.DELETE, entity: entity(9) },
      { type: Update_Type.DELETE, entity: entity(99) },
      { type: Update_Type.INSERT, entity: entity(11) },
    ]),
  );
  const { failures } = failed as WriteError;
  const got = failures.map(({ index, status }) => [index, status]);
  t.deepEqual(got, [[0, Code.RESOURCE_EXHAUSTED], [2, Code.NOT_FOUND]]);
  const ports = (await device.rules('acl.filter')).map(({ match }) => match['l4_dst_port']);
  t.deepEqual(ports.map(Number).sort((a, b) => a - b), [2, 3, 11]);
});

test('table space: it ends with the fault, with the lease, and with the stop', async (t) => {
  const laboratory = await buildLaboratory();
  const { device, faults, network } = laboratory;
  const isFull = async (): Promise<boolean> => {
    const entity = acl(device.schema, 77);
    const written = device.write([{ type: Update_Type.INSERT, entity }]);
    const full = await written.then(() => false, () => true);
    if (!full) await device.write([{ type: Update_Type.DELETE, entity }]);
    return full;
  };
  const all = short({ share: 1 });
  await faults.inject(all, 5e6);
  t.true(await isFull());
  laboratory.run(5e9);
  t.false(await isFull(), 'it has expired');
  t.is(faults.list()[0]!.state, 'expired');
  await faults.inject(all, 3600e6);
  t.true(await isFull(), 'an expired one makes way');
  network.fabric.runUntil(network.fabric.nowNs + 10.1e9);
  t.false(await isFull(), 'without a heartbeat');
  faults.heartbeat();
  t.true(await isFull());
  t.is((await faults.stop('a drill')).removedEntries, 1);
  t.false(await isFull(), 'after the stop');
  faults.release();
  const fault = await faults.inject(all, 3600e6);
  await faults.inject({ type: 'device_failure', device: 's1', mode: 'outage' }, 60e6);
  t.is((await device.rules('device_fault.state')).length, 1, 'tables of faults are never full');
  await faults.clear(fault.id);
  t.false(await isFull());
  await faults.inject(all, 3600e6);
  faults.forget();
  t.false(await isFull(), 'a network that was set back');
});

test('table space grows in steps; two of one table clash by name; mistakes leave nothing', async (t) => {
  const { device, faults, network } = await buildLaboratory();
  const ramp = { parameter: 'share', from: 0, overNs: 1e9 };
  const grown = await faults.inject(short({ share: 1, table: 'acl.filter', ramp }), 60e6);
  network.fabric.runUntil(network.fabric.nowNs + 0.5e9);
  await faults.step();
  t.is(ACL_SIZE - (await fill(device, ACL_SIZE)).length, ACL_SIZE / 2);
  await t.throwsAsync(faults.inject(short({ share: 1 }), 60e6), {
    code: 'CONFLICT',
    message: /fault-1 .* already acts on s1 table space of acl.filter/,
  });
  await faults.inject(short({ share: 1, table: 'ipv4_lpm' }), 60e6);
  const nowhere = faults.inject(short({ share: 1, table: 'nowhere' }), 60e6);
  await t.throwsAsync(nowhere, { message: /nowhere/ });
  t.is(faults.list().length, 2);
  t.is(device.room.size, 2);
  await faults.clear(grown.id);
});

test('table space: a follower carries over what found no room once there is some', async (t) => {
  const production = buildNetwork(pair, 1);
  const config = shippedProgram('production');
  const access = { name: 's1', channel: production.channel, deviceId: 1n, config };
  const device = await ProductionDevice.open(access);
  const view = await ProductionView.open('s1', production.channel, 1n);
  const shadow = await Shadow.build(pair, 1, [view]);
  const replica = shadow.device('s1');
  const follower = new DeviceFollower(view, replica, () => 0);
  await follower.follow();
  const fault = await shadow.faults.inject(short({ share: 1, table: 'acl.filter' }), 60e6);
  await device.write([{ type: Update_Type.INSERT, entity: acl(device.schema, 22) }]);
  const during = await follower.follow();
  t.regex(during.reason!, /RESOURCE_EXHAUSTED: .*acl.filter: full/);
  t.is(during.entities - during.equal, 1);
  await shadow.faults.clear(fault.id);
  const after = await follower.follow();
  t.deepEqual([after.reason, after.entities - after.equal], [undefined, 0]);
  t.is((await replica.rules('acl.filter')).length, 1);
});

test('buffers: of a burst, exactly what the shorter queue takes leaves; nothing is late', async (t) => {
  const cases: [Partial<ResourceExhaustion>, number][] = [
    [{ share: 0 }, QUEUE_BYTES],
    [{ share: 0.5 }, QUEUE_BYTES / 2],
    [{ share: 0.99 }, QUEUE_BYTES * 0.01],
    [{ share: 1 }, 0],
    [{ amount: 10_000, port: 2 }, 10_000],
  ];
  for (const [asked, bytes] of cases) {
    const tap = await Tap.open();
    await tap.faults.inject(short({ resource: 'buffers', ...asked }), 3600e6);
    const seen = tap.send(3000, 0);
    const fits = Math.floor(bytes / (FRAME_BYTES + WIRE_OVERHEAD_BYTES)) + 1;
    t.true(Math.abs(seen.length - Math.min(3000, fits)) <= 2, `${seen.length}, ${fits} asked`);
    t.true(seen.every(({ timeNs }) => timeNs === tap.nowNs));
    tap.advance(1e9);
    t.is(tap.send(3000, 0).length, seen.length, 'it drains');
  }
});

test('buffers: under overload the link stays busy, and its own queue drops nothing', async (t) => {
  const topology = readTopology(
    JSON.stringify({
      switches: { s1: {} },
      hosts: { a: { ip: '10.0.1.1/24' }, b: { ip: '10.0.2.1/24' } },
      links: [
        { a: 'a', b: 's1:1', bandwidthMbps: 1000 },
        { a: 'b', b: 's1:2', bandwidthMbps: 100 },
      ],
    }),
    'narrow.json',
  );
  const laboratory = await buildLaboratory(topology);
  const { fabric } = laboratory.network;
  fabric.start([udpFlow(20_000, 1000)], 1);
  laboratory.run(100e6);
  await laboratory.faults.inject(short({ resource: 'buffers', share: 0.9 }), 60e6);
  laboratory.run(500e6);
  const drops = (): number => fabric.linkCounters('b-s1').reduce((sum, c) => sum + c.drops, 0);
  const [before, dropped] = [fabric.flowStats()[0]!, drops()];
  laboratory.run(2e9);
  const after = fabric.flowStats()[0]!;
  const rate = (after.deliveredPackets - before.deliveredPackets) / 2;
  const expected = 100e6 / 8 / (1042 + WIRE_OVERHEAD_BYTES);
  t.true(Math.abs(rate / expected - 1) < 0.005, `${rate} packets/s, ${expected} expected`);
  t.is(drops(), dropped);
  await t.throwsAsync(
    laboratory.faults.inject(
      { type: 'link_degradation', link: 'b-s1', direction: 'both', rateBps: 1e7 },
      1e6,
    ),
    { code: 'CONFLICT', message: /s1: buffers: 90 % used up.* already acts on s1 link_fault.rate/ },
  );
});

test('the contract of a switch that is short of something', (t) => {
  const given = { resource: 'table_space', share: 0.5, table: 'acl.filter' } as const;
  const failure = failureOf(pair, 's1', 'resource_exhaustion', given);
  t.deepEqual(failure, short(given));
  t.is(targetOf(failure), 's1');
  t.is(describeFailure(failure), 'device s1: table space: 50 % used up, table acl.filter');
  const queues = short({ resource: 'buffers', amount: 3000, port: 2 });
  t.is(describeFailure(readFailure(queues)), 'device s1: buffers: 3000 bytes left, port 2');
  const wrong: [Failure, UmbraError['code'], RegExp][] = [
    [short({ device: 's9', share: 1 }), 'NOT_FOUND', /no switch 's9'/],
    [short({ host: 'a', share: 1 }), 'INVALID_INPUT', /'host' or 'device', not both/],
    [short({}), 'INVALID_INPUT', /table_space: 'share' or 'amount' is needed/],
    [short({ share: 1, amount: 1 }), 'INVALID_INPUT', /'share' or 'amount' is needed/],
    [short({ share: 1, port: 1 }), 'INVALID_INPUT', /table_space has no 'port'/],
    [short({ share: 1.5 }), 'INVALID_INPUT', /share is 1.5/],
    [short({ resource: 'cpu', share: 1 }), 'INVALID_INPUT', /a switch has no resource 'cpu'/],
    [short({ resource: 'buffers', share: 1, table: 'x' }), 'INVALID_INPUT', /no 'table'/],
    [short({ resource: 'buffers', share: 1, port: 9 }), 'NOT_FOUND', /s1: no link at port 9/],
    [short({ resource: 'buffers', amount: 1e9 }), 'INVALID_INPUT', /has 262144 bytes/],
  ];
  for (const [bad, code, message] of wrong) {
    t.throws(() => planFailure(pair, bad, 0, 10e6), { code, message });
  }
  const { device: _, ...nowhere } = short({ share: 1 }) as ResourceExhaustion;
  t.throws(() => planFailure(pair, nowhere, 0, 10e6), { message: /'host' or 'device' is missing/ });
});

test('the blast radius counts switches that are short of something', async (t) => {
  const topology = { ...leafSpine(2, 2, 1), traffic: [] };
  const network = buildNetwork(topology, 1);
  const config = shippedProgram('shadow');
  const devices = await Promise.all(
    topology.switches.map(({ name, deviceId }) =>
      ShadowDevice.open({ name, channel: network.channel, deviceId: BigInt(deviceId), config }),
    ),
  );
  const faults = new FaultEngine({ topology, devices, nowUs: () => 1e9 });
  faults.blast = DEFAULT_BLAST_LIMIT;
  await faults.inject(short({ device: 'leaf1', share: 1 }), 1e6);
  await faults.inject(short({ device: 'leaf2', resource: 'buffers', share: 1 }), 1e6);
  await faults.inject(short({ device: 'leaf2', share: 1 }), 1e6);
  await t.throwsAsync(faults.inject(short({ device: 'spine1', share: 1 }), 1e6), {
    code: 'REFUSED',
    message: /3 of 4 devices, 2 are allowed/,
  });
});
