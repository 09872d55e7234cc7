/** What no fault can reach: the heartbeat, the CPU port and the mirror's port. */
import test from 'ava';
import { Replica, shippedProgram } from '../../src/app/index.js';
import { isRouting, planRoutes } from '../../src/control/index.js';
import { UmbraError } from '../../src/base/errors.js';
import { Prng } from '../../src/base/prng.js';
import { planFailure, type Failure, type LinkDegradation } from '../../src/fault/index.js';
import { mirrorAll, MIRROR_PORT, planMirror } from '../../src/mirror/index.js';
import { Update_Type } from '../../src/proto/index.js';
import { CPU_PORT } from '../../src/switch/index.js';
import { leafSpine, switchPorts } from '../../src/topology/index.js';
import { pair, udpFlow } from '../laboratory.js';
import { datagram, Tap } from './tap.js';

const anyFlow = { source: '0.0.0.0/0', destination: '0.0.0.0/0' };
const onLink = { type: 'link_degradation', link: 'b-s1', direction: 'both' } as const;
/** One fault for each stage, every one with the widest key that it can have. */
const everywhere: Failure[] = [
  { type: 'device_failure', device: 's1', mode: 'stuck' },
  { ...onLink, flow: anyFlow, loss: 1 },
  { ...onLink, flow: anyFlow, corrupt: 1 },
  { ...onLink, flow: anyFlow, duplicate: 1 },
  { ...onLink, flow: anyFlow, reorder: 1, reorderNs: 1e9 },
  { ...onLink, flow: anyFlow, delayNs: 1e9, jitterNs: 1e6 },
];

async function failEverywhere(tap: Tap): Promise<void> {
  for (const failure of everywhere) await tap.faults.inject(failure, 3600e6);
}

test('a shadow counts what its mirror selects, whatever its links suffer', async (t) => {
  const tap = await Tap.open();
  const { device } = tap;
  const plan = planMirror(pair, 's1', [mirrorAll()], device.schema);
  for (const entity of plan) await device.write([{ type: Update_Type.INSERT, entity }]);
  const selected = async (): Promise<number> =>
    (await device.readCounter('mirror.selected', 0))[0]!.packets;
  tap.send(50, 1000);
  t.is(await selected(), 50);
  await failEverywhere(tap);
  // The copies themselves are production's: a shadow makes none.
  t.deepEqual(tap.send(50, 1000), []);
  t.is(await selected(), 100);
});

test('packets to the controller arrive whatever fails, a dead switch included', async (t) => {
  const tap = await Tap.open();
  const { device } = tap;
  const punt = { table: 'acl.filter', match: { ip_protocol: '17' }, priority: 1, action: 'punt' };
  const entity = device.entityOf(punt);
  await device.write([{ type: Update_Type.INSERT, entity }]);
  await failEverywhere(tap);
  await tap.faults.inject({ type: 'device_failure', device: 's1', mode: 'outage' }, 3600e6);
  for (let i = 0; i < 50; i++) tap.put(1, datagram(i));
  t.is(tap.packetIns.length, 50);
});

test('heartbeats are heard whatever fails: the lease goes on, and its end ends all', async (t) => {
  const tap = await Tap.open();
  await failEverywhere(tap);
  await tap.faults.inject({ type: 'device_failure', device: 's1', mode: 'outage' }, 3600e6);
  for (let second = 0; second < 30; second++) {
    tap.faults.heartbeat();
    tap.advance(1e9);
  }
  tap.faults.heartbeat();
  t.is(tap.put(1, datagram(1)).length, 0, 'alive after three leases');
  const { removedEntries } = await tap.faults.stop('a drill');
  t.true(removedEntries >= everywhere.length + 1);
  t.is(tap.put(1, datagram(1)).length, 1);
});

test('by no name, port number or wildcard does a plan name a port without a link', (t) => {
  const topology = leafSpine(2, 2, 2);
  const prng = new Prng(11);
  const any = <T>(values: readonly T[]): T => values[prng.below(values.length)]!;
  const links = topology.links.map(({ name }) => name);
  const nodes = [...topology.switches, ...topology.hosts].map(({ name }) => name);
  const odd = ['cpu', 'mirror', `leaf1:${CPU_PORT}`, `leaf1-${MIRROR_PORT}`, '0', '', '__proto__'];
  const ports = [0, 1, 2, 3, 255, 256, 257, 258, MIRROR_PORT, CPU_PORT, 511];
  const addresses = ['0.0.0.0/0', '10.254.0.1', '10.0.0.0/8', '127.0.0.1'];
  let planned = 0;
  for (let i = 0; i < 20_000; i++) {
    const flow = any<LinkDegradation['flow']>([
      undefined,
      {},
      { source: any(addresses), destination: any(addresses), protocol: any([0, 6, 17, 47]) },
    ]);
    const failure = any<object>([
      { ...onLink, link: any([...links, ...odd]), ...any([{ loss: 1 }, { delayNs: 1 }]), flow },
      { ...onLink, link: undefined, partition: [any([...nodes, ...odd])] },
      { type: 'device_failure', device: any([...nodes, ...odd]), mode: 'stuck', port: any(ports) },
      { type: 'device_failure', device: any(nodes), mode: 'graceful', portShare: any([0.5, 1]) },
      { type: 'app_error', device: any([...nodes, ...odd]), port: any(ports), mode: 'hang' },
      { type: 'app_error', host: any([...nodes, ...odd]), port: 80, mode: 'reset' },
    ]);
    try {
      for (const entry of planFailure(topology, failure as Failure, 0, 1e6)) {
        if (entry.kind !== 'rule') continue;
        const { egress_port: egress, ingress_port: ingress } = entry.rule.match;
        const has = switchPorts(topology, entry.device);
        for (const port of [egress, ingress]) {
          if (port !== undefined && !has.has(Number(port))) t.fail(JSON.stringify([failure, entry]));
        }
        planned++;
      }
    } catch (error) {
      if (!(error instanceof UmbraError)) throw error;
    }
  }
  t.true(planned > 5000);
});

test('around a program of others, too: its mirror port does not pass the fault stage', async (t) => {
  const config = shippedProgram('production');
  const foreign: [string, typeof config][] = [['s1', config]];
  const replica = await Replica.of({ topology: pair, seed: 1, foreign, entities: [] });
  const device = replica.device('s1');
  const plan = planRoutes(pair, () => device.schema);
  await device.reconcile(plan.get('s1')!, isRouting(device.schema));
  for (const entity of planMirror(pair, 's1', [mirrorAll()], device.schema)) {
    await device.write([{ type: Update_Type.INSERT, entity }]);
  }
  const { fabric } = replica.network;
  let copies = 0;
  fabric.tap('s1', MIRROR_PORT, () => void copies++);
  fabric.start([udpFlow(1000)], 1);
  fabric.runUntil(fabric.nowNs + 1e9);
  const healthy = copies;
  t.true(healthy > 950);
  for (const failure of everywhere) await replica.faults.inject(failure, 3600e6);
  fabric.runUntil(fabric.nowNs + 1e9);
  t.true(Math.abs(copies - 2 * healthy) <= 20, `${healthy}, then ${copies - healthy}`);
});
