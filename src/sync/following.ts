/** All replicas of a shadow kept in step, each at its own pace, and how faithful they are. */
import type { DeviceFollower, FollowStatus } from './follower.js';

/** How far a shadow can be trusted, each part 0 to 1. */
export interface Fidelity {
  /** Entities that are equal, of those that production has. */
  state: number;
  /** 1 while every switch was seen within two periods, then falling with the oldest look. */
  freshness: number;
  /** Copies that arrived, of those that production announced. */
  mirror: number;
  /** How close the unfaulted shadow's latency and loss are to production's. */
  baseline: number;
  /** The product. */
  score: number;
}

/** Looks of one switch follow each other after this long, ms. */
export const LOOK_PERIOD_MS = 500;
/** How much sooner after a look that found a change. */
const BUSY_FACTOR = 10;

/** Follows a set of switches until it is stopped. */
export class Following {
  readonly #timers = new Map<DeviceFollower, NodeJS.Timeout>();
  #isRunning = false;

  /** @param nowMs the followers' clock, ms */
  constructor(
    readonly followers: readonly DeviceFollower[],
    private readonly nowMs: () => number,
    private readonly periodMs = LOOK_PERIOD_MS,
  ) {}

  /** One look at every switch, side by side. */
  async once(): Promise<FollowStatus[]> {
    return Promise.all(this.followers.map((follower) => follower.follow()));
  }

  /** Looks again and again. `onError` hears what is no operating error of production's. */
  start(onError: (error: unknown) => void): void {
    this.#isRunning = true;
    for (const follower of this.followers) this.#next(follower, onError);
  }

  stop(): void {
    this.#isRunning = false;
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }

  status(): FollowStatus[] {
    return this.followers.map((follower) => follower.status());
  }

  /** Age of the oldest look, ms; Infinity before the first of some switch. */
  get ageMs(): number {
    const now = this.nowMs();
    return Math.max(0, ...this.status().map(({ lookedMs }) => now - lookedMs));
  }

  /**
   * The score with the parts that only others know.
   * @param mirror completeness, 0 to 1
   * @param baseline 1 when the unfaulted shadow behaves as production does
   */
  fidelity(mirror = 1, baseline = 1): Fidelity {
    const all = this.status();
    const sum = (pick: (status: FollowStatus) => number): number =>
      all.reduce((total, status) => total + pick(status), 0);
    const entities = sum(({ entities: count }) => count);
    const state = entities === 0 ? 1 : sum(({ equal }) => equal) / entities;
    const limit = 2 * this.periodMs;
    const freshness = Math.min(1, limit / Math.max(limit, this.ageMs));
    return { state, freshness, mirror, baseline, score: state * freshness * mirror * baseline };
  }

  #next(follower: DeviceFollower, onError: (error: unknown) => void): void {
    const look = async (): Promise<void> => {
      const before = follower.status().carried;
      try {
        await follower.follow();
      } catch (error) {
        onError(error);
      }
      // Where something changes, more is about to.
      const isBusy = follower.status().carried !== before;
      const pauseMs = isBusy ? this.periodMs / BUSY_FACTOR : this.periodMs;
      if (this.#isRunning) this.#timers.set(follower, setTimeout(look, pauseMs));
    };
    this.#timers.set(follower, setTimeout(look, 0));
  }
}
