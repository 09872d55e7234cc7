/** The shadow: a network of its own, made like production by reading it, and where faults act. */
import { defined } from '../base/assert.js';
import { ShadowDevice, type ProductionView } from '../device/index.js';
import { FaultEngine, type FaultEngineOptions } from '../fault/index.js';
import { ShadowSync, type Pair } from '../sync/index.js';
import type { PacketPoolOptions } from '../packet/index.js';
import type { ForwardingPipelineConfig } from '../proto/index.js';
import type { Topology } from '../topology/index.js';
import { buildNetwork, stageIdOf, type Network } from './network.js';
import { isShippedProgram, shippedProgram } from './programs.js';

/** What a shadow is made with besides what it replicates. */
export type ShadowOptions = Pick<FaultEngineOptions, 'record' | 'recordStop'> & {
  /** Room for packets; whole frames want `wirePool`, forks are cheaper without. */
  pool?: PacketPoolOptions;
};

/** A shadow network with its sync and its faults. */
export class Shadow {
  private constructor(
    readonly topology: Topology,
    readonly network: Network,
    readonly devices: ReadonlyMap<string, ShadowDevice>,
    readonly sync: ShadowSync,
    /** Production beside its replica, switch by switch. */
    readonly pairs: readonly Pair[],
    readonly faults: FaultEngine,
  ) {}

  /** Builds the replica of a topology; its state is production's after the first sync. */
  static async build(
    topology: Topology,
    seed: number,
    views: readonly ProductionView[],
    options: ShadowOptions = {},
  ): Promise<Shadow> {
    // Switches that run our program run its shadow; any other program gets a stage around it.
    const foreign = new Map(
      views
        .filter(({ config }) => !isShippedProgram('production', config))
        .map(({ name, config }) => [name, config] as const),
    );
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
    const pairs = views.map((production) => ({
      production,
      shadow: defined(devices.get(production.name), `shadow of ${production.name}`),
    }));
    const faults = new FaultEngine({
      topology,
      devices: faulty,
      nowUs: () => Math.floor(network.fabric.nowNs / 1000),
      ...journal,
    });
    return new Shadow(topology, network, devices, new ShadowSync(pairs), pairs, faults);
  }

  device(name: string): ShadowDevice {
    return defined(this.devices.get(name), `shadow device ${name}`);
  }
}
