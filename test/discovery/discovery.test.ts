/** A network found by LLDP, on embedded switches under virtual time. */
import test from 'ava';
import { buildNetwork, discover, loadProgram, Production } from '../../src/app/index.js';
import { shippedFile } from '../../src/base/paths.js';
import { Prng } from '../../src/base/prng.js';
import { ProductionDevice } from '../../src/device/index.js';
import { describeFindings, Discovery } from '../../src/discovery/index.js';
import { decodeLldp, encodeLldp } from '../../src/packet/index.js';
import { ruleEntity, type Channel } from '../../src/p4runtime/index.js';
import { fatTree, hostPorts, readTopology, type Topology } from '../../src/topology/index.js';
import { pair } from '../laboratory.js';

const key = new Uint8Array(32).fill(7);
const PORTS = Array.from({ length: 8 }, (_, i) => i + 1);

/** A network of switches that their controller has set up and left. */
async function build(topology: Topology) {
  const network = buildNetwork(topology, 1);
  const production = await Production.open(topology, () => network.channel);
  for (const device of production.devices.values()) device.close();
  const { fabric } = network;
  const wait = async (): Promise<void> => fabric.runUntil(fabric.nowNs + 10e6);
  const run = (channelOf = (_: string): Channel => network.channel, rounds = 1) =>
    discover({
      devices: topology.switches.map(({ name, deviceId }) => {
        return { name, deviceId, channel: channelOf(name) };
      }),
      ports: PORTS,
      rounds,
      wait,
      key,
    });
  return { ...network, run };
}

/** Links between switches, in one order. */
function linksOf({ links, switches }: Topology): string[] {
  const isSwitch = new Set(switches.map(({ name }) => name));
  return links
    .filter(({ a, b }) => isSwitch.has(a.node) && isSwitch.has(b.node))
    .map(({ a, b }) => [a, b].map(({ node, port }) => `${node}:${port}`).sort().join(' '))
    .sort();
}

/** A channel on which PacketIns are lost. */
function lossy(channel: Channel, isLost: (port: number) => boolean): Channel {
  return new Proxy(channel, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property);
      if (property !== 'openStream') return typeof value === 'function' ? value.bind(target) : value;
      const openStream: Channel['openStream'] = (onMessage, onEnd) =>
        target.openStream((message) => {
          const { update } = message;
          const bytes = update?.$case === 'packet' ? update.value.metadata[0]!.value : undefined;
          if (bytes && isLost(bytes.at(-1)!)) return;
          onMessage(message);
        }, onEnd);
      return openStream;
    },
  });
}

test('every link of a fat tree is found, and none invented', async (t) => {
  const topology = fatTree(4);
  const { run } = await build(topology);
  const { file, findings } = await run();
  const read = readTopology(file, 'discovered.json');
  t.deepEqual(linksOf(read), linksOf(topology));
  t.is(findings.links.length, 32);
  t.deepEqual(
    read.switches.map(({ name, deviceId }) => [name, deviceId]),
    topology.switches.map(({ name, deviceId }) => [name, deviceId]),
  );
  t.deepEqual([findings.oneWay, findings.loops, findings.shared, findings.foreign], [[], [], [], []]);
  // Behind ports without an answer are hosts, or nothing.
  for (const { node, ports } of findings.silent) {
    for (const port of hostPorts(topology, node).keys()) t.true(ports.includes(port));
  }
  t.true(describeFindings(findings).includes('no answer: core1:5-8'));
});

test('links that lose three in ten frames are found; a link of one direction is none', async (t) => {
  const topology = fatTree(4);
  const { run, channel } = await build(topology);
  const prng = new Prng(5);
  // core1 hears nothing at port 2, where agg21 is.
  const { findings } = await run(
    (name) =>
      lossy(channel, (port) => prng.unit() < 0.3 || (name === 'core1' && port === 2)),
    10,
  );
  t.is(findings.links.length, 31);
  t.deepEqual(findings.oneWay, [
    { from: { node: 'core1', port: 2 }, to: { node: 'agg21', port: 3 } },
  ]);
  t.true(describeFindings(findings).includes('one way only: core1:2 to agg21:3'));
});

test('other speakers, forgers and loops make no link', async (t) => {
  const topology = structuredClone(fatTree(4));
  const [first] = topology.links;
  const ends = { a: { node: 'core1', port: 7 }, b: { node: 'core1', port: 8 } };
  topology.links.push({ ...first!, name: 'loop', ...ends });
  const { fabric, channel } = await build(topology);
  const speaker = encodeLldp(
    { chassis: 'printer', port: 'eth0', ttlSeconds: 120, organisations: [] },
    '02:00:00:00:00:09',
  );
  const forger = new Discovery(
    [
      {
        name: 'agg11',
        mac: '02:00:00:00:00:08',
        ports: [1],
        send: (_, frame) => fabric.inject('edge21', 2, frame),
      },
    ],
    new Uint8Array(32),
  );
  const { findings } = await discover({
    devices: topology.switches.map(({ name, deviceId }) => ({ name, deviceId, channel })),
    ports: PORTS,
    rounds: 1,
    key,
    wait: async () => {
      fabric.inject('edge11', 1, speaker);
      fabric.inject('edge11', 1, speaker.subarray(0, 20));
      forger.probe();
      fabric.runUntil(fabric.nowNs + 10e6);
    },
  });
  t.is(findings.links.length, 32);
  t.deepEqual(findings.foreign, [
    { at: { node: 'edge11', port: 1 }, chassis: 'printer', port: 'eth0' },
    { at: { node: 'edge21', port: 2 }, chassis: 'agg11', port: '1' },
  ]);
  t.deepEqual(findings.loops.map(({ from, to }) => [from.port, to.port]), [
    [7, 8],
    [8, 7],
  ]);
});

test('a port that hears several others has no cable, and its neighbours no link', (t) => {
  const sent: [string, number, Uint8Array][] = [];
  const switches = ['s1', 's2', 's3'].map((name, i) => ({
    name,
    mac: `02:00:00:00:00:0${i}`,
    ports: [1],
    send: (port: number, frame: Uint8Array) => void sent.push([name, port, frame]),
  }));
  const discovery = new Discovery(switches, key);
  discovery.probe();
  for (const [from, , frame] of sent) {
    for (const { name } of switches) if (name !== from) discovery.hear(name, 1, frame);
  }
  const { links, shared, oneWay } = discovery.findings();
  t.deepEqual([links, oneWay], [[], []]);
  t.deepEqual(shared.map(({ at, from }) => [at.node, from.map((end) => end.node)]), [
    ['s2', ['s1', 's3']],
    ['s3', ['s1', 's2']],
    ['s1', ['s2', 's3']],
  ]);
});

test('hosts are taken from what the switches pass on, and from what was given', async (t) => {
  const network = buildNetwork(pair, 1);
  const { fabric, channel } = network;
  const production = await Production.open(pair, () => channel);
  const device = production.device('s1');
  const match = { ether_type: '0x0806' };
  const punt = { table: 'acl.filter', match, priority: 1, action: 'punt' };
  await device.reconcile([ruleEntity(device.schema, punt)], () => false);
  device.close();
  fabric.start(pair.traffic, 1);
  const { file } = await discover({
    devices: [{ name: 's1', deviceId: 1, channel }],
    ports: PORTS,
    rounds: 2,
    key,
    wait: async () => fabric.runUntil(fabric.nowNs + 3e9),
    hosts: [{ name: 'b', address: '10.0.2.1/24', at: { node: 's1', port: 2 } }],
  });
  const read = readTopology(file, 'discovered.json');
  t.deepEqual(read.hosts.map(({ name, ip, mac }) => [name, ip, mac]), [
    ['b', '10.0.2.1', '02:00:0a:00:02:01'],
    ['seen1', '10.0.1.1', pair.hosts[0]!.mac],
  ]);
  t.deepEqual(read.links.map(({ name, b }) => `${name}:${b.port}`), ['b-s1:2', 'seen1-s1:1']);
});

test('where Umbra may not write, discovery says so', async (t) => {
  const { channel } = buildNetwork(pair, 1);
  const devices = [{ name: 's1', deviceId: 1, channel }];
  const options = { devices, ports: [1], rounds: 1, wait: async () => {}, key };
  await t.throwsAsync(discover(options), { message: /s1: no pipeline has been set/ });
  const production = await Production.open(pair, () => channel);
  await t.throwsAsync(discover(options), {
    code: 'REFUSED',
    message: /s1: another controller is primary.*only the primary may; as a guest/,
  });
  t.is(await production.installRoutes(), 8, 'the controller that was there still is');
  production.device('s1').close();
  const json = shippedFile('test/programs/build/router.json');
  const config = loadProgram({ json, p4info: json.replace('.json', '.p4info.txtpb') });
  (await ProductionDevice.open({ name: 's1', channel, deviceId: 1n, config })).close();
  await t.throwsAsync(discover(options), {
    code: 'UNSUPPORTED_PROGRAM',
    message: /s1: its program has no packet_in and packet_out headers that name a port/,
  });
});

test('LLDP frames: what is written reads back; torn and disordered ones are none', (t) => {
  const message = {
    chassis: 'leaf1',
    port: '48',
    ttlSeconds: 600,
    organisations: [{ oui: 0x0080c2, subtype: 3, value: Uint8Array.of(1, 2, 3) }],
  };
  const frame = encodeLldp(message, '02:00:00:00:00:01');
  t.like(decodeLldp(frame), { chassis: 'leaf1', port: '48', ttlSeconds: 600 });
  t.deepEqual([...decodeLldp(frame)!.organisations[0]!.value], [1, 2, 3]);
  // Without its end a frame counts as long as what it must have is whole, and nothing is torn.
  for (const length of [0, 13, 14, 21, 22, 26, 27, 30, 33, 36, 39]) {
    t.is(decodeLldp(frame.subarray(0, length)), undefined, `${length}`);
  }
  const mac = Uint8Array.from([...frame.subarray(0, 14), 2, 7, 4, 2, 0, 0, 0, 0, 9]);
  t.is(decodeLldp(mac), undefined, 'a chassis alone');
  const rest = Uint8Array.from([...mac, 4, 3, 5, 0x65, 0x30, 6, 2, 0, 20, 0, 0]);
  t.like(decodeLldp(rest), { chassis: '02:00:00:00:00:09', port: 'e0', ttlSeconds: 20 });
  const tlvs = [4, 2, 7, 65, 2, 2, 7, 65, 6, 2, 0, 1, 0, 0];
  const disordered = Uint8Array.from([...frame.subarray(0, 14), ...tlvs]);
  t.is(decodeLldp(disordered), undefined);
});
