/** A network of embedded switches in one process: the fabric, and P4Runtime to its devices. */
import { UmbraError } from '../base/errors.js';
import { deriveSeed } from '../base/prng.js';
import { Fabric } from '../fabric/index.js';
import { P4RuntimeServer, type Channel } from '../p4runtime/index.js';
import type { PacketPoolOptions } from '../packet/index.js';
import type { ForwardingPipelineConfig } from '../proto/index.js';
import { EmbeddedSwitch, StagedSwitch, SWITCH_SIDE } from '../switch/index.js';
import { switchPorts, type Topology } from '../topology/index.js';

/** A running network. */
export interface Network {
  fabric: Fabric;
  switches: Map<string, EmbeddedSwitch>;
  /** The fault stages around switches that run programs of others. */
  stages: Map<string, EmbeddedSwitch>;
  server: P4RuntimeServer;
  channel: Channel;
}

/** Device ids of fault stages: that of their switch plus this. */
const FIRST_STAGE_ID = 2n ** 32n;

/** The device id of the fault stage around a switch. */
export function stageIdOf(deviceId: number): bigint {
  return FIRST_STAGE_ID + BigInt(deviceId);
}

/**
 * Builds the switches and links of a topology; no switch has a pipeline yet.
 * @param staged names of the switches that get a fault stage around them
 * @param pool room for packets; the fabric's own unless given
 */
export function buildNetwork(
  topology: Topology,
  seed: number,
  staged: ReadonlySet<string> = new Set(),
  pool?: PacketPoolOptions,
): Network {
  const switches = new Map<string, EmbeddedSwitch>();
  const stages = new Map<string, EmbeddedSwitch>();
  const options = { seed, ...(pool && { pool }) };
  const fabric = new Fabric(topology, options, (device, attachment, packets, now) => {
    const { name } = device;
    const make = (deviceId: bigint, what: string) => (around: typeof attachment) =>
      new EmbeddedSwitch({
        deviceId,
        pool: packets,
        attachment: around,
        seed: deriveSeed(seed, what),
        now,
      });
    const makeSwitch = make(BigInt(device.deviceId), name);
    if (!staged.has(name)) {
      const made = makeSwitch(attachment);
      switches.set(name, made);
      return made;
    }
    const makeStage = make(stageIdOf(device.deviceId), `${name} stage`);
    const beyond = [...switchPorts(topology, name).keys()].find((port) => port >= SWITCH_SIDE);
    if (beyond !== undefined) {
      const what = `a program of others has links at ports below ${SWITCH_SIDE} only`;
      throw new UmbraError('LIMIT', `${name} port ${beyond}: ${what}`);
    }
    const made = new StagedSwitch(attachment, makeSwitch, makeStage);
    switches.set(name, made.inner);
    stages.set(name, made.stage);
    return made;
  });
  const server = new P4RuntimeServer([...switches.values(), ...stages.values()]);
  return { fabric, switches, stages, server, channel: server.inProcess() };
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
