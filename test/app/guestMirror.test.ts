/** `umbra up` beside a production that mirrors: completeness as a guest sees it, and fidelity. */
import { createSocket } from 'node:dgram';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { readConfig, Service } from '../../src/app/index.js';
import { silentProgress } from '../../src/base/log.js';
import { MIRROR_PORT } from '../../src/mirror/index.js';
import { P4RuntimeServer } from '../../src/p4runtime/index.js';
import { tcpFrame, udpFrame } from '../packet/frames.js';
import { mirrored, openMirror } from '../mirror/mirrorLab.js';

/** A free UDP port of the loopback. */
async function freePort(): Promise<number> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(() => resolve()));
  return port;
}

async function eventually<T>(get: () => Promise<T>, isDone: (value: T) => boolean): Promise<T> {
  let value = await get();
  for (let i = 0; i < 250 && !isDone(value); i++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    value = await get();
  }
  return value;
}

function writeFiles(address: string, udp: number, rules: object[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'umbra-mirror-'));
  const { switches: _, ...network } = mirrored;
  const links = network.links.map(({ a, b, bandwidthMbps }) => {
    return { a: a.node, b: `${b.node}:${b.port}`, bandwidthMbps };
  });
  const hosts = Object.fromEntries(
    network.hosts.map(({ name, ip, ip6 }) => [name, { ip: `${ip}/24`, ip6 }]),
  );
  writeFileSync(join(folder, 'net.json'), JSON.stringify({ switches: { s1: {} }, hosts, links }));
  const config = {
    topology: 'net.json',
    devices: { s1: { address } },
    sync: { periodMs: 50 },
    mirror: { collect: `udp:${udp}`, rules, sources: { '10.0.0.9': 's1' } },
  };
  const file = join(folder, 'umbra.yaml');
  writeFileSync(file, JSON.stringify(config));
  return file;
}

test('completeness by the counters of production, and what it does to fidelity', async (t) => {
  const rules = [{ name: 'web', application: 'http', priority: 20 }, { name: 'rest' }];
  const lab = await openMirror(rules);
  const { fabric, switches } = lab.network;
  const server = new P4RuntimeServer([...switches.values()]);
  const address = `127.0.0.1:${await server.listen('127.0.0.1:0')}`;
  const udp = await freePort();
  const socket = createSocket('udp4');
  let isLosing = false;
  let sent = 0;
  fabric.tap('s1', MIRROR_PORT, (packet) => {
    if (isLosing && sent++ % 2 === 0) return;
    socket.send(packet.slice(), udp, '127.0.0.1');
  });
  const before = await lab.production.device('s1').readState();
  const service = await Service.start(readConfig(writeFiles(address, udp, rules)), silentProgress);
  const { system } = service;
  const send = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i++) {
      fabric.runUntil(fabric.nowNs + 1e6);
      const ends = { from: '10.0.1.1', to: '10.0.2.1', fromPort: 2000 + i };
      fabric.inject('s1', 1, i % 2 === 0 ? tcpFrame(ends, 16, 1) : udpFrame(ends, 50));
      if (i % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const mirror = () => system.mirror();
  await send(200);
  const whole = await eventually(mirror, ({ rules: [a, b] }) => a!.copied + b!.copied === 301);
  // Host b refuses each connection, after an ARP question: that is the other direction.
  t.like(whole.rules[0], { name: 'web', expected: 200, copied: 200, completeness: 1 });
  t.like(whole.rules[1], { name: 'rest', expected: 101, copied: 101, basis: 'counters' });
  t.deepEqual(whole.strangers, {});
  const full = await eventually(
    async () => service.fidelity(),
    ({ unmeasured }) => !unmeasured.includes('mirror'),
  );
  t.is(full.mirror, 1);
  isLosing = true;
  await send(200);
  const poor = await eventually(
    async () => service.fidelity(),
    (fidelity) => fidelity.mirror < 0.8,
  );
  // A half of what was sent of late: all that is known, or less of it.
  t.true(poor.mirror >= 0.4 && poor.mirror < 0.8, `${poor.mirror}`);
  t.is(poor.score, poor.state * poor.freshness * poor.mirror);
  t.regex((await system.shadow()).inconclusive!, /is below 0.9: .*mirror 0\.[4-7]/);
  t.true(service.fidelity().unmeasured.includes('baseline'));
  const half = await mirror();
  t.is(half.rules[0]!.copied + half.rules[1]!.copied, 451);
  const refused = { code: 'REFUSED', message: /a guest writes nothing/ };
  await t.throwsAsync(system.setMirrorRules([]), refused);
  t.deepEqual(await lab.production.device('s1').readState(), before);
  await service.close();
  socket.close();
  for (const device of lab.production.devices.values()) device.close();
  await server.close();
});

test('baselines are compared while copies come, and are a part of fidelity', async (t) => {
  const lab = await openMirror([{ name: 'all' }]);
  const { fabric, switches } = lab.network;
  const server = new P4RuntimeServer([...switches.values()]);
  const address = `127.0.0.1:${await server.listen('127.0.0.1:0')}`;
  const udp = await freePort();
  const socket = createSocket('udp4');
  fabric.tap('s1', MIRROR_PORT, (packet) => socket.send(packet.slice(), udp, '127.0.0.1'));
  const config = readConfig(writeFiles(address, udp, [{ name: 'all' }]));
  // Whatever the score is here, campaigns may run.
  const fidelity = { baselinePeriodMs: 200, minimum: 0 };
  const service = await Service.start({ ...config, fidelity }, silentProgress);
  const parts = { kind: 'http', client: 'a', server: 'b', port: 80 } as const;
  const sizes = { requestsPerSecond: 100, requestBytes: 300, responseBytes: 3000, serviceNs: 1e6 };
  fabric.start([{ ...parts, name: 'web', ...sizes }], 1);
  const state = await eventually(
    () => {
      fabric.runUntil(fabric.nowNs + 50e6);
      return service.system.shadow();
    },
    ({ baseline }) => baseline !== undefined,
  );
  t.like(state.baseline, { conversations: 1 });
  t.is(state.parts!.baseline, state.baseline!.closeness);
  t.false(state.parts!.unmeasured.includes('baseline'));

  // Campaigns run the traffic that the mirror has shown.
  const { campaigns } = service.system;
  const held = { metric: 'errorRate', of: 'flow http a-b:80', comparison: '<=', value: 0.5 };
  const times = { before: '100ms', after: '0s', window: '100ms', warmUp: '100ms' };
  const scenarios = [{ name: 'nothing', failures: [] }];
  const { id } = await campaigns.start({ name: 'n', ...times, hypothesis: [held], scenarios });
  const view = await eventually(
    () => Promise.resolve(campaigns.view(id)),
    ({ state: now }) => now !== 'running',
  );
  t.is(view.state, 'done');
  const [run] = view.summary!.runs;
  t.is(run!.verdict, 'survived', run!.reason);
  await service.close();
  socket.close();
  for (const device of lab.production.devices.values()) device.close();
  await server.close();
});

test('sources and rules that cannot be are named', async (t) => {
  const lab = await openMirror([]);
  const server = new P4RuntimeServer([...lab.network.switches.values()]);
  const address = `127.0.0.1:${await server.listen('127.0.0.1:0')}`;
  const start = (mirror: object): Promise<Service> => {
    const config = readConfig(writeFiles(address, 1, []));
    return Service.start({ ...config, mirror: { collect: 'udp:1', ...mirror } }, silentProgress);
  };
  const cases: [object, RegExp][] = [
    [{ sources: { '10.0.0.9': 's7' } }, /^mirror.sources: 10.0.0.9: no switch 's7'/],
    [{ sources: { gateway: 's1' } }, /^mirror.sources: gateway: not an IPv4 address/],
    [{ rules: [{ name: 'r', port: 3 }] }, /^mirror rule 'r': port: needs a device/],
  ];
  for (const [mirror, message] of cases) await t.throwsAsync(start(mirror), { message });
  await server.close();
});
