/**
 * Keeps shadow switches what production is, by reading production as a guest and writing the
 * shadow alone. Faults are the shadow's own and stay out of the comparison.
 */
import {
  compareEntities,
  entityKey,
  Translator,
  updatesFor,
  type Difference,
} from '../p4runtime/index.js';
import { ProductionView, ShadowDevice } from '../device/index.js';

/** A production switch and its replica. */
export interface Pair {
  production: ProductionView;
  shadow: ShadowDevice;
}

/** How one replica stood before it was repaired. */
export interface DeviceSync {
  device: string;
  /** Entities that production has, and how many of them the shadow had equal. */
  entities: number;
  equal: number;
  differences: Difference[];
}

/** A whole comparison. */
export interface SyncReport {
  devices: DeviceSync[];
  entities: number;
  equal: number;
  /** equal / entities before repair; 1 when there is nothing to compare. */
  fidelity: number;
}

/** Clones and re-clones a set of switches. */
export class ShadowSync {
  constructor(private readonly pairs: readonly Pair[]) {}

  /** Compares every pair; with `repair` the shadow is made equal. */
  async compare(repair: boolean): Promise<SyncReport> {
    // Side by side, so that a switch that is slow to answer keeps no other one waiting.
    const devices = await Promise.all(this.pairs.map((pair) => this.#compareOne(pair, repair)));
    const sum = (pick: (d: DeviceSync) => number): number =>
      devices.reduce((total, device) => total + pick(device), 0);
    const entities = sum((d) => d.entities);
    const equal = sum((d) => d.equal);
    return { devices, entities, equal, fidelity: entities === 0 ? 1 : equal / entities };
  }

  async #compareOne({ production, shadow }: Pair, repair: boolean): Promise<DeviceSync> {
    const translator = new Translator(production.schema, shadow.schema);
    const carried = (await production.readState()).map((entity) => translator.entity(entity));
    const have = (await shadow.readState()).filter((entity) => !shadow.isShadowOnly(entity));
    // What is stale on purpose is no difference of the replica's.
    const differences = compareEntities(have, carried).filter(
      ({ entity }) => !shadow.hindrance.holds(entity),
    );
    const known = new Set(carried.map(entityKey));
    const wrong = differences.filter((d) => known.has(d.key)).length;
    if (repair) for (const batch of updatesFor(differences)) await shadow.write(batch);
    return {
      device: production.name,
      entities: carried.length,
      equal: carried.length - wrong,
      differences,
    };
  }
}
