import test from 'ava';
import { accessOf, buildNetwork, shippedProgram } from '../../src/app/index.js';
import { isRouting, planRoutes } from '../../src/control/index.js';
import { ShadowDevice } from '../../src/device/index.js';
import type { Fabric } from '../../src/fabric/index.js';
import { FaultEngine } from '../../src/fault/index.js';
import { fatTree, type TrafficFlow } from '../../src/topology/index.js';

const END_NS = 60e6;

/** Everything that an outsider can see of a run. */
async function observe(runUntil: (fabric: Fabric, untilNs: number) => void): Promise<unknown> {
  const topology = fatTree(4);
  const { fabric, channel } = buildNetwork(topology, 3);
  const devices = new Map<string, ShadowDevice>();
  for (const access of accessOf(topology, channel, shippedProgram('shadow'))) {
    devices.set(access.name, await ShadowDevice.open(access));
  }
  for (const [name, entities] of planRoutes(topology, (name) => devices.get(name)!.schema)) {
    const device = devices.get(name)!;
    await device.reconcile(entities, isRouting(device.schema));
  }
  const { hosts } = topology;
  const flows = hosts.flatMap(({ name: client }, i): TrafficFlow[] => {
    const server = hosts[(i * 5 + 7) % hosts.length]!.name;
    const other = hosts[(i + 3) % hosts.length]!.name;
    return [
      {
        kind: 'http',
        name: `http ${i}`,
        client,
        server,
        port: 80,
        requestsPerSecond: 500,
        requestBytes: 200,
        responseBytes: 20_000,
        serviceNs: 1e5,
      },
      { kind: 'ping', name: `ping ${i}`, client, server: other, intervalNs: 1e6 },
    ];
  });
  const usable = flows.filter(({ client, server }) => client !== server);
  fabric.start(usable, 3);
  const faults = new FaultEngine({
    topology,
    devices: [...devices.values()],
    nowUs: () => Math.floor(fabric.nowNs / 1000),
  });
  const [first, second] = topology.links.slice(-2).map(({ name }) => name);
  const on = { type: 'link_degradation', direction: 'both' } as const;
  await faults.inject({ ...on, link: first!, loss: 0.1, delayNs: 1e5, jitterNs: 5e4 }, 1e6);
  await faults.inject({ ...on, link: second!, rateBps: 20e6 }, 1e6);
  faults.heartbeat();
  runUntil(fabric, END_NS);
  const links = topology.links.map(({ name }) => fabric.linkCounters(name));
  return { now: fabric.nowNs, hops: fabric.packetHops, flows: fabric.flowStats(), links };
}

test('running ahead within the lookahead changes nothing that can be seen', async (t) => {
  const ahead = await observe((fabric, untilNs) => fabric.runUntil(untilNs));
  // One instant at a time, so that no part gets ahead of another.
  const inStep = await observe((fabric, untilNs) => {
    while (fabric.nextEventNs <= untilNs) fabric.runUntil(fabric.nextEventNs);
    fabric.runUntil(untilNs);
  });
  t.deepEqual(ahead, inStep);
  t.true((ahead as { hops: number }).hops > 50_000);
});
