/** A network of embedded switches in one process: the fabric, and P4Runtime to its devices. */
import { deriveSeed } from '../base/prng.js';
import { Fabric } from '../fabric/index.js';
import { P4RuntimeServer, type Channel } from '../p4runtime/index.js';
import type { ForwardingPipelineConfig } from '../proto/index.js';
import { EmbeddedSwitch } from '../switch/index.js';
import type { Topology } from '../topology/index.js';

/** A running network. */
export interface Network {
  fabric: Fabric;
  switches: Map<string, EmbeddedSwitch>;
  server: P4RuntimeServer;
  channel: Channel;
}

/** Builds the switches and links of a topology; no switch has a pipeline yet. */
export function buildNetwork(topology: Topology, seed: number): Network {
  const switches = new Map<string, EmbeddedSwitch>();
  const fabric = new Fabric(topology, { seed }, (device, attachment, pool, now) => {
    const made = new EmbeddedSwitch({
      deviceId: BigInt(device.deviceId),
      pool,
      attachment,
      seed: deriveSeed(seed, device.name),
      now,
    });
    switches.set(device.name, made);
    return made;
  });
  const server = new P4RuntimeServer([...switches.values()]);
  return { fabric, switches, server, channel: server.inProcess() };
}

/** How to open each device of a network. */
export function accessOf(
  topology: Topology,
  channel: Channel,
  config: ForwardingPipelineConfig,
): { name: string; channel: Channel; deviceId: bigint; config: ForwardingPipelineConfig }[] {
  return topology.switches.map(({ name, deviceId }) => ({
    name,
    channel,
    deviceId: BigInt(deviceId),
    config,
  }));
}
