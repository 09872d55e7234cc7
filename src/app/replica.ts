/** A network of shadow switches with its faults: what faults act on and campaigns run on. */
import { defined } from '../base/assert.js';
import { ShadowDevice, ShadowHost } from '../device/index.js';
import { FaultEngine, type FaultEngineOptions } from '../fault/index.js';
import type { PacketPoolOptions } from '../packet/index.js';
import type { Entity, ForwardingPipelineConfig } from '../proto/index.js';
import type { Topology } from '../topology/index.js';
import { buildNetwork, stageIdOf, type Network } from './network.js';
import { shippedProgram } from './programs.js';

/** What a replica is made with besides what it replicates. */
export type ReplicaOptions = Pick<FaultEngineOptions, 'record' | 'recordStop'> & {
  /** Room for packets; whole frames want `wirePool`, forks are cheaper without. */
  pool?: PacketPoolOptions;
};

/**
 * A replica as data that any thread can make it from: whatever is not state of packets on their
 * way.
 */
export interface ReplicaImage {
  topology: Topology;
  seed: number;
  /** Programs of switches that do not run ours. */
  foreign: [device: string, config: ForwardingPipelineConfig][];
  entities: [device: string, entities: Entity[]][];
}

/** What a replica is of. */
export interface ReplicaParts {
  topology: Topology;
  seed: number;
  network: Network;
  devices: ReadonlyMap<string, ShadowDevice>;
  faults: FaultEngine;
  /** Programs of switches that do not run ours: they have a fault stage around them. */
  foreign: ReadonlyMap<string, ForwardingPipelineConfig>;
}

/** Shadow switches, their network, and the faults on them. */
export class Replica {
  readonly topology: Topology;
  readonly network: Network;
  readonly devices: ReadonlyMap<string, ShadowDevice>;
  readonly faults: FaultEngine;
  readonly #parts: ReplicaParts;

  protected constructor(parts: ReplicaParts) {
    this.topology = parts.topology;
    this.network = parts.network;
    this.devices = parts.devices;
    this.faults = parts.faults;
    this.#parts = parts;
  }

  /** Builds the network; its switches have programs and no entries. */
  protected static async parts(
    topology: Topology,
    seed: number,
    foreign: ReadonlyMap<string, ForwardingPipelineConfig>,
    options: ReplicaOptions,
  ): Promise<ReplicaParts> {
    const { pool, ...journal } = options;
    const network = buildNetwork(topology, seed, new Set(foreign.keys()), pool);
    const devices = new Map<string, ShadowDevice>();
    const faulty: ShadowDevice[] = [];
    for (const { name, deviceId } of topology.switches) {
      const open = (id: bigint, config: ForwardingPipelineConfig): Promise<ShadowDevice> =>
        ShadowDevice.open({ name, channel: network.channel, deviceId: id, config });
      const config = foreign.get(name);
      const device = await open(BigInt(deviceId), config ?? shippedProgram('shadow'));
      devices.set(name, device);
      faulty.push(config ? await open(stageIdOf(deviceId), shippedProgram('stage')) : device);
    }
    const faults = new FaultEngine({
      topology,
      devices: faulty,
      hosts: topology.hosts.map(({ name }) => {
        return new ShadowHost(name, network.fabric.hostControl(name));
      }),
      nowUs: () => Math.floor(network.fabric.nowNs / 1000),
      replicas: [...devices.values()],
      ...journal,
    });
    return { topology, seed, network, devices, faults, foreign };
  }

  /** Makes a replica that is equal to the one that the image was taken of. */
  static async of(image: ReplicaImage, options: ReplicaOptions = {}): Promise<Replica> {
    const { topology, seed } = image;
    const foreign = new Map(image.foreign);
    const replica = new Replica(await Replica.parts(topology, seed, foreign, options));
    for (const [name, entities] of image.entities) {
      const device = replica.device(name);
      await device.reconcile(entities, (entity) => !device.isShadowOnly(entity));
    }
    return replica;
  }

  /** What the switches hold now, without faults. */
  async image(): Promise<ReplicaImage> {
    const entities: ReplicaImage['entities'] = [];
    for (const [name, device] of this.devices) {
      const state = await device.readState();
      entities.push([name, state.filter((entity) => !device.isShadowOnly(entity))]);
    }
    const { topology, seed, foreign } = this.#parts;
    return { topology, seed, foreign: [...foreign], entities };
  }

  device(name: string): ShadowDevice {
    return defined(this.devices.get(name), `shadow device ${name}`);
  }
}
