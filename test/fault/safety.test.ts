/** What keeps failures where they belong: the contract, the blast radius, the stop, the journal. */
import test from 'ava';
import { buildNetwork, Replica, shippedProgram, Shadow } from '../../src/app/index.js';
import { UmbraError } from '../../src/base/errors.js';
import { Prng } from '../../src/base/prng.js';
import { ProductionDevice, ProductionView, ShadowDevice } from '../../src/device/index.js';
import {
  DEFAULT_BLAST_LIMIT,
  failureOf,
  FaultEngine,
  failureTypes,
  readFailure,
  type Failure,
  type Fault,
  type StopState,
} from '../../src/fault/index.js';
import type { Channel } from '../../src/p4runtime/index.js';
import { leafSpine, type TrafficFlow } from '../../src/topology/index.js';
import { buildLaboratory, udpFlow } from '../laboratory.js';

const onLink = { type: 'link_degradation', link: 'b-s1', direction: 'both' } as const;
const topology = leafSpine(2, 2, 1);

const wrong: [string, unknown, RegExp][] = [
  ['no type', {}, /unknown type of failure 'undefined'; link_degradation, device_failure/],
  ['an unknown type', { type: 'meteor' }, /unknown type of failure 'meteor'/],
  ['null', null, /unknown type of failure/],
  ['an unknown parameter', { ...onLink, lost: 1 }, /unknown parameter 'lost'/],
  ['a share above 1', { ...onLink, loss: 1.5 }, /link_degradation: loss must be <= 1/],
  ['a text for a number', { ...onLink, delayNs: '5 ms' }, /delayNs must be number/],
  ['a nested one', { ...onLink, burstLoss: { enter: 1 } }, /burstLoss .*leave/],
  ['a mode', { type: 'device_failure', device: 's1', mode: 'sad' }, /device_failure: mode/],
  ['no device', { type: 'device_failure', mode: 'outage' }, /device/],
];

for (const [name, json, message] of wrong) {
  test(`the contract names what is wrong: ${name}`, (t) => {
    t.throws(() => readFailure(json), { message, code: 'INVALID_INPUT' });
  });
}

test('the contract: device, type, parameters; a link by the port of a device', (t) => {
  const [link] = topology.links.filter(({ a }) => a.node === 'leaf1');
  const port = link!.a.port;
  t.deepEqual(failureOf(topology, 'leaf1', 'link_degradation', { port, loss: 0.1 }), {
    type: 'link_degradation',
    link: link!.name,
    direction: 'a-to-b',
    loss: 0.1,
  } as Failure);
  const outage = failureOf(topology, 'leaf1', 'device_failure', { mode: 'outage' });
  t.deepEqual(outage, { type: 'device_failure', device: 'leaf1', mode: 'outage' });
  const nowhere = () => failureOf(topology, 'leaf1', 'link_degradation', { port: 99, loss: 1 });
  t.throws(nowhere, { code: 'NOT_FOUND', message: /leaf1: no link at port 99/ });
  const names = failureTypes().map(({ type }) => type);
  t.deepEqual(names.slice(0, 3), ['link_degradation', 'device_failure', 'app_error']);
});

test('the blast radius: refused with both numbers, and overridden', async (t) => {
  const network = buildNetwork(topology, 1);
  const devices: ShadowDevice[] = [];
  for (const { name, deviceId } of topology.switches) {
    const config = shippedProgram('shadow');
    const access = { name, channel: network.channel, deviceId: BigInt(deviceId), config };
    devices.push(await ShadowDevice.open(access));
  }
  const faults = new FaultEngine({ topology, devices, nowUs: () => 1e9 });
  faults.blast = DEFAULT_BLAST_LIMIT;
  faults.traffic = [];
  const outage = (device: string) => ({ type: 'device_failure', device, mode: 'outage' }) as const;
  await faults.inject(outage('leaf1'), 1e6);
  await faults.inject(outage('leaf2'), 1e6);
  const error = await t.throwsAsync(faults.inject(outage('spine1'), 1e6), { code: 'REFUSED' });
  t.regex(error!.message, /3 of 4 devices, 2 are allowed/);
  await faults.inject(outage('spine1'), 1e6, true);
  t.is(faults.list().length, 3);
});

test('the blast radius: a share of the traffic that is known', async (t) => {
  const wide = leafSpine(4, 4, 1);
  const replica = await Replica.of({ topology: wide, seed: 1, foreign: [], entities: [] });
  const { faults } = replica;
  faults.blast = DEFAULT_BLAST_LIMIT;
  const [h1, h2, h3, h4] = wide.hosts.map(({ name }) => name) as [string, string, string, string];
  const udp = (client: string, server: string): TrafficFlow => ({
    ...{ kind: 'udp', name: `${client} ${server}`, client, server, port: 4000 },
    ...{ packetsPerSecond: 100, payloadBytes: 100 },
  });
  faults.traffic = [udp(h1, h2), udp(h1, h3), udp(h2, h3), udp(h3, h4)];
  const outage = (device: string) => ({ type: 'device_failure', device, mode: 'outage' }) as const;
  // A spine has a quarter of every flow, the first leaf half of the flows.
  await faults.inject(outage('spine1'), 10e6);
  const refused = faults.inject(outage('leaf1'), 10e6);
  const message = /62\.5 % of the traffic of 4 flows, 50\.0 % are allowed/;
  await t.throwsAsync(refused, { code: 'REFUSED', message });
  await faults.inject(outage('leaf1'), 10e6, true);
  await faults.clearAll();
  const between = { source: wide.hosts[0]!.ip, protocol: 17 };
  const links = wide.links.filter(({ a, b }) => [a.node, b.node].includes('leaf3'));
  const host = links.find(({ a, b }) => [a.node, b.node].includes(h3))!.name;
  const hurt = { type: 'link_degradation', link: host, direction: 'both', loss: 1 } as const;
  await faults.inject(outage('spine1'), 10e6);
  await t.throwsAsync(faults.inject(hurt, 10e6), { code: 'REFUSED', message: /81\.3 %/ });
  // The same of one flow only.
  await faults.inject({ ...hurt, flow: between }, 10e6);
  // One device is always allowed, though all flows pass it.
  await faults.clearAll();
  faults.traffic = [udp(h3, h4), udp(h1, h3)];
  await faults.inject(outage('leaf3'), 10e6);
});

test('a ramp grows in steps to its value', async (t) => {
  const laboratory = await buildLaboratory();
  const { faults, device, network } = laboratory;
  network.fabric.start([udpFlow(1000)], 1);
  const ramp = { parameter: 'loss', from: 0, overNs: 1e9 };
  const fault = await faults.inject({ ...onLink, loss: 1, ramp }, 10e6);
  const threshold = async (): Promise<number> =>
    Number((await device.rules('link_fault.loss'))[0]!.params!['threshold']) / 4294967295;
  t.is(await threshold(), 0);
  for (let step = 1; step <= 20; step++) {
    t.true(faults.nextStepUs * 1000 <= network.fabric.nowNs + 50e6 + 1000);
    laboratory.run(50e6);
    await faults.step();
    t.true(Math.abs((await threshold()) - step / 20) < 1e-6);
  }
  t.is(faults.nextStepUs, Infinity);
  await faults.clear(fault.id);
  t.is((await device.rules('link_fault.loss')).length, 0);
  const bad = { ...onLink, loss: 0.5, ramp: { ...ramp, parameter: 'jitter' } };
  await t.throwsAsync(faults.inject(bad, 1e6), { message: /'jitter', which is no number/ });
  const growing = { ...onLink, delayNs: 1e6, jitterNs: 1e6, jitterShape: 'normal' } as const;
  const fromNothing = { ...growing, ramp: { parameter: 'jitterNs', from: 0, overNs: 1e9 } };
  await t.throwsAsync(faults.inject(fromNothing, 1e6), { message: /begin closer/ });
});

test('the stop: nothing acts at once, nothing is left, new faults wait for the release', async (t) => {
  const laboratory = await buildLaboratory();
  const { faults, device, network } = laboratory;
  network.fabric.start([udpFlow(1000)], 1);
  laboratory.run(100e6);
  await faults.inject({ ...onLink, loss: 1 }, 3600e6);
  await faults.inject({ type: 'device_failure', device: 's1', mode: 'outage' }, 3600e6);
  const { removedEntries } = await faults.stop('a drill');
  t.is(removedEntries, 2);
  t.is((await device.rules('link_fault.loss')).length, 0);
  const before = network.fabric.flowStats()[0]!.deliveredPackets;
  laboratory.run(500e6);
  t.true(network.fabric.flowStats()[0]!.deliveredPackets - before >= 490);
  const refused = faults.inject({ ...onLink, loss: 1 }, 1e6);
  await t.throwsAsync(refused, { code: 'REFUSED', message: /a drill/ });
  faults.release();
  await faults.inject({ ...onLink, loss: 1 }, 1e6);
});

test('the stop works when the journal does not, and says so', async (t) => {
  const { topology: pair, device, network } = await buildLaboratory();
  let isFull = false;
  const fail = (): void => {
    if (isFull) throw new UmbraError('STORE', 'journal.jsonl: no space left on device');
  };
  const faults = new FaultEngine({
    topology: pair,
    devices: [device],
    nowUs: () => Math.floor(network.fabric.nowNs / 1000),
    record: fail,
    recordStop: fail,
  });
  await faults.inject({ ...onLink, loss: 1 }, 3600e6);
  isFull = true;
  const done = await faults.stop('disk full');
  t.regex(done.notRecorded!, /no space left/);
  t.is((await device.rules('link_fault.loss')).length, 0);
  isFull = false;
  faults.release();
  isFull = true;
  await t.throwsAsync(faults.inject({ ...onLink, loss: 1 }, 1e6), { code: 'STORE' });
  t.is((await device.rules('link_fault.loss')).length, 0, 'no record, no fault');
});

test('a journal that fails once the fault acts: the fault is taken off again', async (t) => {
  const { topology: pair, device, network } = await buildLaboratory();
  const fail = ({ state }: Fault): void => {
    if (state !== 'pending') throw new UmbraError('STORE', 'journal.jsonl: no space left on device');
  };
  const nowUs = (): number => Math.floor(network.fabric.nowNs / 1000);
  const faults = new FaultEngine({ topology: pair, devices: [device], nowUs, record: fail });
  await t.throwsAsync(faults.inject({ ...onLink, loss: 1 }, 1e6), { code: 'STORE' });
  t.is((await device.rules('link_fault.loss')).length, 0);
  t.deepEqual(faults.list(), []);
});

test('a controller that takes over knows what was under way, and leaves nothing', async (t) => {
  const { topology: pair, device, network } = await buildLaboratory();
  const nowUs = (): number => Math.floor(network.fabric.nowNs / 1000);
  const journal = new Map<string, Fault>();
  const record = (fault: Fault): void => void journal.set(fault.id, structuredClone(fault));
  let stop: StopState | undefined;
  const recordStop = (state: StopState): void => void (stop = state);
  const options = { topology: pair, devices: [device], nowUs, record, recordStop };
  const first = new FaultEngine(options);
  await first.inject({ ...onLink, loss: 0.5 }, 3600e6);
  const second = new FaultEngine(options);
  const marked = await second.recover([...journal.values()], stop);
  t.deepEqual(
    marked.map(({ id, state }) => [id, state]),
    [['fault-1', 'interrupted']],
  );
  t.is(journal.get('fault-1')!.state, 'interrupted');
  t.is((await device.rules('link_fault.loss')).length, 0);
  t.is((await second.inject({ ...onLink, loss: 0.5 }, 1e6)).id, 'fault-2');
});

/** A channel that counts what would change the device behind it. */
function recording(channel: Channel, writes: { count: number }): Channel {
  return new Proxy(channel, {
    get(target, name, receiver) {
      if (name === 'write' || name === 'setPipeline' || name === 'openStream') writes.count++;
      return Reflect.get(target, name, receiver) as unknown;
    },
  });
}

test('no target, alias or re-used name leads to a production device', async (t) => {
  const network = buildNetwork(topology, 1);
  const production: ProductionDevice[] = [];
  const views: ProductionView[] = [];
  const writes = { count: 0 };
  for (const { name, deviceId } of topology.switches) {
    const channel = recording(network.channel, writes);
    const config = shippedProgram('production');
    const access = { name, channel, deviceId: BigInt(deviceId), config };
    production.push(await ProductionDevice.open(access));
    views.push(await ProductionView.open(name, channel, BigInt(deviceId)));
  }
  const before = await Promise.all(views.map((view) => view.readState()));
  const shadow = await Shadow.build(topology, 1, views);
  await shadow.sync.compare(true);
  writes.count = 0;
  const names = [
    ...topology.switches.flatMap(({ name }) => [name, `production.${name}`, `../${name}`]),
    ...topology.links.map(({ name }) => name),
    ...topology.hosts.map(({ name }) => name),
    '__proto__',
    'constructor',
    '',
    '0',
  ];
  const prng = new Prng(7);
  const any = <T>(values: readonly T[]): T => values[prng.below(values.length)]!;
  let accepted = 0;
  for (let i = 0; i < 100_000; i++) {
    const failure = any([
      { type: 'link_degradation', link: any(names), direction: any(['both', 'a-to-b', 'x']) },
      { type: 'device_failure', device: any(names), mode: any(['outage', 'stuck', 'reboot']) },
    ]);
    const parameters = any([{ loss: 1 }, { delayNs: 1e6 }, { downNs: 1e6 }, {}]);
    try {
      readFailure({ ...failure, ...parameters });
    } catch {
      continue;
    }
    // Most targets do not exist; what does is injected into the shadow, now and then for real.
    const planned = any([0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    if (planned === 0 && accepted > 300) continue;
    try {
      const fault = await shadow.faults.inject({ ...failure, ...parameters } as Failure, 1e6);
      accepted++;
      await shadow.faults.clear(fault.id);
    } catch (error) {
      if (!(error instanceof UmbraError)) throw error;
    }
  }
  t.true(accepted > 300);
  t.is(writes.count, 0);
  t.deepEqual(await Promise.all(views.map((view) => view.readState())), before);
  for (const device of production) {
    t.throws(
      () => new FaultEngine({ topology, devices: [device as never], nowUs: () => 0 }),
      { code: 'REFUSED' },
    );
  }
});
