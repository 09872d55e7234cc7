/** The shadow: a network of its own, made like production by reading it, and where faults act. */
import { defined } from '../base/assert.js';
import type { ProductionView } from '../device/index.js';
import { ShadowSync, type Pair } from '../sync/index.js';
import type { Topology } from '../topology/index.js';
import { isShippedProgram } from './programs.js';
import { Replica, type ReplicaOptions, type ReplicaParts } from './replica.js';

/** A shadow network with its sync and its faults. */
export class Shadow extends Replica {
  /** Production beside its replica, switch by switch. */
  readonly pairs: readonly Pair[];
  readonly sync: ShadowSync;

  private constructor(views: readonly ProductionView[], parts: ReplicaParts) {
    super(parts);
    this.pairs = views.map((production) => ({
      production,
      shadow: defined(this.devices.get(production.name), `shadow of ${production.name}`),
    }));
    this.sync = new ShadowSync(this.pairs);
  }

  /** Builds the replica of a topology; its state is production's after the first sync. */
  static async build(
    topology: Topology,
    seed: number,
    views: readonly ProductionView[],
    options: ReplicaOptions = {},
  ): Promise<Shadow> {
    // Switches that run our program run its shadow; any other program gets a stage around it.
    const foreign = new Map(
      views
        .filter(({ config }) => !isShippedProgram('production', config))
        .map(({ name, config }) => [name, config] as const),
    );
    return new Shadow(views, await Replica.parts(topology, seed, foreign, options));
  }
}
