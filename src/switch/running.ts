/** A pipeline that a switch runs or keeps aside, with all its state. */
import type { V1Switch } from '../v1model/index.js';
import type { Alarms } from './alarms.js';
import type { Digests } from './digests.js';
import type { EntityStore } from './entityStore.js';
import type { IdleTimeouts } from './idleTimeouts.js';
import type { CheckedPipeline } from './pipeline.js';

/** A pipeline with its state. */
export interface Running extends CheckedPipeline {
  v1: V1Switch;
  store: EntityStore;
  digests: Digests;
  idle: IdleTimeouts;
  alarms: Alarms;
  /** It runs without P4Info: to P4Runtime no pipeline is set. */
  isBare: boolean;
}

/** The parts that want to be woken. */
export const Part = { packets: 0, digests: 1, idle: 2 } as const;

/** Everything that a pipeline's packets and its controller may change. */
export interface SavedState {
  v1: unknown;
  store: ReturnType<EntityStore['save']>;
  digests: ReturnType<Digests['save']>;
  idle: ReturnType<IdleTimeouts['save']>;
  alarms: ReturnType<Alarms['save']>;
}

/** A copy of a pipeline's state. */
export function saveState({ v1, store, digests, idle, alarms }: Running): SavedState {
  return {
    v1: v1.save(),
    store: store.save(),
    digests: digests.save(),
    idle: idle.save(),
    alarms: alarms.save(),
  };
}

/** Puts a pipeline's state back. */
export function loadState({ v1, store, digests, idle, alarms }: Running, saved: SavedState): void {
  v1.load(saved.v1);
  store.load(saved.store);
  digests.load(saved.digests);
  idle.load(saved.idle);
  alarms.load(saved.alarms);
}
