/**
 * Four production switches of 10,000 entries each, in processes of their own, followed over gRPC:
 * the first clone, how soon a changed entry is in the shadow, and what it costs when nothing changes.
 * The figures are compared with the limits that were set for them.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { buildNetwork, shippedProgram } from '../../src/app/index.js';
import { ProductionDevice, ProductionView, ShadowDevice } from '../../src/device/index.js';
import { GrpcChannel, memberEntity, ruleEntity } from '../../src/p4runtime/index.js';
import { Update_Type, type Entity } from '../../src/proto/index.js';
import { DeviceFollower, Following } from '../../src/sync/index.js';
import { leafSpine } from '../../src/topology/index.js';
import type { Benchmark, BenchRow } from './row.js';
import { startSwitchProcess, type SwitchProcess } from './switchProcess.js';

const ENTRIES = 10_000;
const CHANGES_PER_SECOND = 100;
const CHANGES = 1000;
const IDLE_MS = 10_000;
/** Two leaves and two spines. */
const topology = leafSpine(2, 2, 1);

const nowMs = (): number => performance.now();

const route = ({ schema }: ProductionDevice, i: number, member: number): Entity =>
  ruleEntity(schema, {
    table: 'routing.ipv4_lpm',
    match: { ipv4_dst: `10.${i >> 8}.${i & 255}.0/24` },
    member,
  });

async function fill(device: ProductionDevice): Promise<void> {
  const members = [1, 2].map((id) => {
    const params = { src_mac: '02:00:00:00:00:01', dst_mac: '02:00:00:00:00:02', port: String(id) };
    return memberEntity(device.schema, 'routing.ecmp', id, 'routing.forward', params);
  });
  const routes = Array.from({ length: ENTRIES }, (_, i) => route(device, i, 1));
  for (const entities of [members, routes]) {
    await device.write(entities.map((entity) => ({ type: Update_Type.INSERT, entity })));
  }
}

/** Changes one route after the other; ms from each Write's return until the shadow has it. */
async function changeAndWatch(
  devices: readonly ProductionDevice[],
  following: Following,
): Promise<number[]> {
  const { followers } = following;
  const base = followers.map((follower) => follower.status().carried);
  const written: number[][] = devices.map(() => []);
  const delays: number[] = [];
  const watch = (): void => {
    followers.forEach((follower, d) => {
      const done = follower.status().carried - base[d]!;
      while (seen[d]! < done) {
        delays.push(nowMs() - written[d]!.shift()!);
        seen[d]!++;
      }
    });
  };
  const seen = devices.map(() => 0);
  const timer = setInterval(watch, 5);
  for (let i = 0; i < CHANGES; i++) {
    const d = i % devices.length;
    const entity = route(devices[d]!, i, 2);
    await devices[d]!.write([{ type: Update_Type.MODIFY, entity }]);
    written[d]!.push(nowMs());
    await sleep(1000 / CHANGES_PER_SECOND);
  }
  for (let i = 0; i < 400 && delays.length < CHANGES; i++) await sleep(10);
  clearInterval(timer);
  return delays.sort((a, b) => a - b);
}

async function measure(processes: readonly SwitchProcess[]): Promise<BenchRow[]> {
  const network = buildNetwork(topology, 1);
  const devices: ProductionDevice[] = [];
  const followers: DeviceFollower[] = [];
  for (const [i, { name, deviceId }] of topology.switches.entries()) {
    const channel = new GrpcChannel(processes[i]!.address);
    const config = shippedProgram('production');
    const device = await ProductionDevice.open({ name, channel, deviceId: 1n, config });
    await fill(device);
    devices.push(device);
    const shadow = await ShadowDevice.open({
      name,
      channel: network.channel,
      deviceId: BigInt(deviceId),
      config: shippedProgram('shadow'),
    });
    const view = await ProductionView.open(name, new GrpcChannel(processes[i]!.address), 1n);
    followers.push(new DeviceFollower(view, shadow, nowMs));
  }
  const following = new Following(followers, nowMs);
  const began = nowMs();
  const cloned = await following.once();
  const cloneS = (nowMs() - began) / 1000;
  const entities = cloned.reduce((sum, { equal }) => sum + equal, 0);
  if (entities < topology.switches.length * ENTRIES) throw new Error(`${entities} entities equal`);
  following.start((error) => {
    throw error;
  });
  const delays = await changeAndWatch(devices, following);
  if (delays.length < CHANGES) throw new Error(`${delays.length} of ${CHANGES} changes arrived`);
  const cpu = process.cpuUsage();
  await sleep(IDLE_MS);
  const used = process.cpuUsage(cpu);
  const share = (used.user + used.system) / 1000 / IDLE_MS;
  following.stop();
  for (const device of devices) device.close();
  return rows(cloneS, entities, delays, share);
}

function rows(
  cloneS: number,
  entities: number,
  delays: readonly number[],
  share: number,
): BenchRow[] {
  const limit = (value: number) => ({ name: 'limit', value });
  const p95 = delays[Math.floor(delays.length * 0.95)]!;
  return [
    {
      name: `first clone of ${topology.switches.length} switches, ${entities} entities`,
      value: cloneS,
      unit: 's',
      peer: limit(10),
      ratio: cloneS / 10,
      goal: '<= 10 s',
    },
    {
      name: `a changed entry in the shadow, p95, at ${CHANGES_PER_SECOND} changes/s`,
      value: p95,
      unit: 'ms',
      peer: limit(1000),
      ratio: p95 / 1000,
      goal: '<= 1000 ms',
    },
    {
      name: 'following when nothing changes, share of a core',
      value: share,
      unit: '',
      peer: limit(0.05),
      ratio: share / 0.05,
      goal: '<= 0.05',
    },
  ];
}

/** See the head of the file. */
export const run: Benchmark = async () => {
  const processes: SwitchProcess[] = [];
  try {
    for (const _ of topology.switches) processes.push(await startSwitchProcess());
    return await measure(processes);
  } finally {
    for (const one of processes) one.stop();
  }
};
