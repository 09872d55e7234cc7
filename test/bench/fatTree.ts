/** A k=4 fat tree of switches that run shadow.p4, under 32 TCP flows; and what a fork costs. */
import { accessOf, buildNetwork, shippedProgram, type Network } from '../../src/app/index.js';
import { isRouting, planRoutes } from '../../src/control/index.js';
import { ShadowDevice } from '../../src/device/index.js';
import { fatTree } from '../../src/topology/index.js';
import { bulkFlows } from './bulkFlows.js';
import type { Benchmark, BenchRow } from './row.js';

const WARM_NS = 100e6;
const WINDOW_NS = 300e6;
const ROUNDS = 4;
const FORKS = 50;
/** ns-3 3.37, no P4, on a machine of this kind: 0.029 to 0.044 million packet-hops a second. */
const NS3_MHOPS = 0.04;

async function build(): Promise<Network> {
  const topology = fatTree(4);
  const network = buildNetwork(topology, 1);
  const devices = new Map<string, ShadowDevice>();
  for (const access of accessOf(topology, network.channel, shippedProgram('shadow'))) {
    devices.set(access.name, await ShadowDevice.open(access));
  }
  const plan = planRoutes(topology, (name) => devices.get(name)!.schema);
  for (const [name, entities] of plan) {
    const device = devices.get(name)!;
    await device.reconcile(entities, isRouting(device.schema));
  }
  network.fabric.start(bulkFlows(topology), 1);
  return network;
}

function seconds(run: () => void): number {
  const began = process.hrtime.bigint();
  run();
  return Number(process.hrtime.bigint() - began) / 1e9;
}

export const run: Benchmark = async () => {
  const { fabric } = await build();
  fabric.runUntil(WARM_NS);
  let best = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const before = fabric.packetHops;
    const took = seconds(() => fabric.runUntil(fabric.nowNs + WINDOW_NS));
    best = Math.max(best, (fabric.packetHops - before) / took / 1e6);
  }
  const snapshot = fabric.save();
  const save = seconds(() => {
    for (let i = 0; i < FORKS; i++) fabric.save();
  });
  const load = seconds(() => {
    for (let i = 0; i < FORKS; i++) fabric.load(snapshot);
  });
  const rows: BenchRow[] = [
    {
      name: 'k=4 fat tree, 32 TCP flows, shadow.p4 on every switch',
      value: best,
      unit: 'M P4 packet-hops/s',
      peer: { name: 'ns-3 3.37 without P4 (recorded)', value: NS3_MHOPS },
      ratio: best / NS3_MHOPS,
      goal: '>= 1 M packet-hops/s',
    },
    {
      name: 'fork of the whole network: restore',
      value: (load / FORKS) * 1e3,
      unit: 'ms',
      peer: { name: 'save', value: (save / FORKS) * 1e3 },
      ratio: load / save,
    },
    { name: 'state of the fabric in one arena', value: fabric.stateBytes / 1e6, unit: 'MB' },
  ];
  return rows;
};
