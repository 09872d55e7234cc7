/** The shadow: a network of its own, made like production by reading it, and where faults act. */
import { defined } from '../base/assert.js';
import { ShadowDevice, type ProductionView } from '../device/index.js';
import { FaultEngine, type Fault } from '../fault/index.js';
import { ShadowSync } from '../sync/index.js';
import type { Topology } from '../topology/index.js';
import { accessOf, buildNetwork, type Network } from './network.js';
import { shippedProgram } from './programs.js';

/** A shadow network with its sync and its faults. */
export class Shadow {
  private constructor(
    readonly topology: Topology,
    readonly network: Network,
    readonly devices: ReadonlyMap<string, ShadowDevice>,
    readonly sync: ShadowSync,
    readonly faults: FaultEngine,
  ) {}

  /** Builds the replica of a topology; its state is production's after the first sync. */
  static async build(
    topology: Topology,
    seed: number,
    views: readonly ProductionView[],
    record?: (fault: Fault) => void,
  ): Promise<Shadow> {
    const network = buildNetwork(topology, seed);
    const devices = new Map<string, ShadowDevice>();
    for (const access of accessOf(topology, network.channel, shippedProgram('shadow'))) {
      devices.set(access.name, await ShadowDevice.open(access));
    }
    const pairs = views.map((production) => ({
      production,
      shadow: defined(devices.get(production.name), `shadow of ${production.name}`),
    }));
    const faults = new FaultEngine({
      topology,
      devices: [...devices.values()],
      nowUs: () => Math.floor(network.fabric.nowNs / 1000),
      ...(record ? { record } : {}),
    });
    return new Shadow(topology, network, devices, new ShadowSync(pairs), faults);
  }

  device(name: string): ShadowDevice {
    return defined(this.devices.get(name), `shadow device ${name}`);
  }
}
