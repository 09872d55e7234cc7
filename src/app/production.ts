/** Production under Umbra's own controller: its devices, its routes and its mirror. */
import { defined } from '../base/assert.js';
import {
  isMirroring,
  isOfFunction,
  isRouting,
  planFunctions,
  planRoutes,
  type NetworkPlan,
} from '../control/index.js';
import { ProductionDevice, ProductionView } from '../device/index.js';
import {
  planMirror,
  type MirrorCollector,
  type MirrorCounters,
  type MirrorRule,
} from '../mirror/index.js';
import type { Channel, Difference, GuestChannel, Schema } from '../p4runtime/index.js';
import type { Entity } from '../proto/index.js';
import type { Topology } from '../topology/index.js';
import { shippedProgram } from './programs.js';

/** A production network under Umbra's own controller. */
export class Production {
  private constructor(
    readonly topology: Topology,
    readonly devices: ReadonlyMap<string, ProductionDevice>,
    private readonly channelOf: (device: string) => GuestChannel,
  ) {}

  /** Becomes primary on every switch and sets its pipeline: production's, or a function's. */
  static async open(
    topology: Topology,
    channelOf: (device: string) => Channel,
  ): Promise<Production> {
    const devices = new Map<string, ProductionDevice>();
    for (const { name, deviceId, function: networkFunction } of topology.switches) {
      const config = shippedProgram(networkFunction?.program ?? 'production');
      const access = { name, channel: channelOf(name), deviceId: BigInt(deviceId), config };
      devices.set(name, await ProductionDevice.open(access));
    }
    return new Production(topology, devices, channelOf);
  }

  device(name: string): ProductionDevice {
    return defined(this.devices.get(name), `device ${name}`);
  }

  /**
   * Installs the routes of all shortest paths, and what the network functions are told; returns how
   * many entities were written.
   */
  async installRoutes(): Promise<number> {
    const schemaOf = (name: string): Schema => this.device(name).schema;
    const routes = await this.#apply(planRoutes(this.topology, schemaOf), isRouting);
    return routes + (await this.#apply(planFunctions(this.topology, schemaOf), isOfFunction));
  }

  /** Installs mirror rules, replacing those before. */
  async installMirror(rules: readonly MirrorRule[]): Promise<number> {
    return this.#apply(this.#mirrorPlan(rules), isMirroring);
  }

  /** Throws what `installMirror` would refuse. */
  checkMirror(rules: readonly MirrorRule[]): void {
    this.#mirrorPlan(rules);
  }

  /** Selects no packet any more; copies that wait in a switch still leave it. */
  async pauseMirror(rules: readonly MirrorRule[]): Promise<void> {
    const plan = this.#mirrorPlan(rules);
    for (const [name, entities] of plan) {
      const { tables } = this.device(name).schema;
      const ids = ['mirror.selection', 'mirror.selection_v6'].map((table) => tables.get(table).id);
      const isSelection = ({ entity }: Entity): boolean =>
        entity?.$case === 'tableEntry' && ids.includes(entity.value.tableId);
      plan.set(
        name,
        entities.filter((entity) => !isSelection(entity)),
      );
    }
    await this.#apply(plan, isMirroring);
  }

  /** Every switch as a guest that can only read. */
  async views(): Promise<ProductionView[]> {
    const views: ProductionView[] = [];
    for (const { name, deviceId } of this.topology.switches) {
      views.push(await ProductionView.open(name, this.channelOf(name), BigInt(deviceId)));
    }
    return views;
  }

  /** `listener` hears which switch has just been written to. */
  onWritten(listener: (device: string) => void): void {
    for (const [name, device] of this.devices) device.onWritten = () => listener(name);
  }

  #mirrorPlan(rules: readonly MirrorRule[]): NetworkPlan {
    const plan: NetworkPlan = new Map();
    for (const [name, device] of this.devices) {
      plan.set(name, planMirror(this.topology, name, rules, device.schema));
    }
    return plan;
  }

  async #apply(plan: NetworkPlan, owner: typeof isRouting): Promise<number> {
    let written = 0;
    for (const [name, entities] of plan) {
      const device = this.device(name);
      const differences: Difference[] = await device.reconcile(entities, owner(device.schema));
      written += differences.length;
    }
    return written;
  }
}

/** Installs other rules so that no copy made by the old ones is counted as one of the new. */
export async function replaceMirror(
  production: Production,
  collector: MirrorCollector,
  counters: MirrorCounters,
  rules: readonly MirrorRule[],
  drained: () => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  const before = collector.rules;
  // What cannot be installed is refused before anything has changed.
  production.checkMirror(rules);
  await production.pauseMirror(before);
  await drained();
  collector.restart(rules);
  await counters.begin(rules.length);
  await production.installMirror(rules);
}
