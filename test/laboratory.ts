/** One shadow switch between two hosts, in virtual time: what tests measure faults on. */
import { planRoutes, isRouting } from '../src/control/index.js';
import { ShadowDevice, ShadowHost } from '../src/device/index.js';
import { FaultEngine } from '../src/fault/index.js';
import { buildNetwork, shippedProgram, type Network } from '../src/app/index.js';
import { readTopology, type Topology, type TrafficFlow } from '../src/topology/index.js';

/** A laboratory. */
export interface Laboratory {
  topology: Topology;
  network: Network;
  device: ShadowDevice;
  faults: FaultEngine;
  /** Runs the traffic for a time, with heartbeats. */
  run(ns: number): void;
}

/** Hosts a and b on switch s1; the links are fast unless a test says otherwise. */
export const pair: Topology = readTopology(
  JSON.stringify({
    switches: { s1: {} },
    hosts: { a: { ip: '10.0.1.1/24' }, b: { ip: '10.0.2.1/24' } },
    links: [
      { a: 'a', b: 's1:1', bandwidthMbps: 10000, delay: '1us' },
      { a: 'b', b: 's1:2', bandwidthMbps: 10000, delay: '1us' },
    ],
    traffic: [{ kind: 'ping', client: 'a', server: 'b' }],
  }),
  'pair.json',
);

/** Builds it, with routes and without traffic. */
export async function buildLaboratory(topology: Topology = pair, seed = 1): Promise<Laboratory> {
  const network = buildNetwork(topology, seed);
  const [first] = topology.switches;
  const device = await ShadowDevice.open({
    name: first!.name,
    channel: network.channel,
    deviceId: BigInt(first!.deviceId),
    config: shippedProgram('shadow'),
  });
  const plan = planRoutes(topology, () => device.schema);
  await device.reconcile(plan.get(first!.name)!, isRouting(device.schema));
  const { fabric } = network;
  const faults = new FaultEngine({
    topology,
    devices: [device],
    hosts: topology.hosts.map(({ name }) => new ShadowHost(name, fabric.hostControl(name))),
    nowUs: () => Math.floor(fabric.nowNs / 1000),
  });
  return {
    topology,
    network,
    device,
    faults,
    run(ns) {
      const end = fabric.nowNs + ns;
      while (fabric.nowNs < end) {
        faults.heartbeat();
        fabric.runUntil(Math.min(end, fabric.nowNs + 2e9));
      }
    },
  };
}

/** A datagram stream from a to b. */
export function udpFlow(packetsPerSecond: number, payloadBytes = 100): TrafficFlow {
  const common = { kind: 'udp', name: 'udp', client: 'a', server: 'b', port: 4000 } as const;
  return { ...common, packetsPerSecond, payloadBytes };
}
