/** All replicas of a shadow kept in step, each at its own pace, and how faithful they are. */
import type { DeviceFollower, FollowStatus } from './follower.js';
import { Rounds } from './rounds.js';

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
  /** Parts that nothing is known of yet; they count as 1. */
  unmeasured: ('mirror' | 'baseline')[];
}

/** Below this score a campaign decides nothing (our choice). */
export const LEAST_FIDELITY = 0.9;

/** Why what a shadow of this fidelity shows is inconclusive; undefined when it is conclusive. */
export function inconclusiveReason(
  fidelity: Fidelity,
  minimum = LEAST_FIDELITY,
): string | undefined {
  if (fidelity.score >= minimum) return undefined;
  const parts = (['state', 'freshness', 'mirror', 'baseline'] as const)
    .filter((part) => fidelity[part] < 1)
    .map((part) => `${part} ${fidelity[part].toFixed(3)}`);
  const score = `fidelity ${fidelity.score.toFixed(3)} is below ${minimum}`;
  return parts.length === 0 ? score : `${score}: ${parts.join(', ')}`;
}

/** Looks of one switch follow each other after this long, ms. */
export const LOOK_PERIOD_MS = 500;
/** How much sooner after a look that found a change. */
const BUSY_FACTOR = 10;

/** Follows a set of switches until it is stopped. */
export class Following {
  #rounds = new Map<string, Rounds>();

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
    this.#rounds = new Map(
      this.followers.map((follower) => [
        follower.production.name,
        new Rounds(() => this.#look(follower, onError)),
      ]),
    );
    for (const rounds of this.#rounds.values()) rounds.start();
  }

  stop(): void {
    for (const rounds of this.#rounds.values()) rounds.stop();
  }

  /** Something is known to have changed on a switch: it is looked at now, not at the next poll. */
  lookNow(device: string): void {
    this.#rounds.get(device)?.ask();
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
   * The score with the parts that only others know; undefined where nothing was measured.
   * @param mirrored completeness of the mirror, 0 to 1
   * @param closeness 1 when the unfaulted shadow behaves as production does
   */
  fidelity(mirrored?: number, closeness?: number): Fidelity {
    const all = this.status();
    const sum = (pick: (status: FollowStatus) => number): number =>
      all.reduce((total, status) => total + pick(status), 0);
    const entities = sum(({ entities: count }) => count);
    const state = entities === 0 ? 1 : sum(({ equal }) => equal) / entities;
    const limit = 2 * this.periodMs;
    const freshness = Math.min(1, limit / Math.max(limit, this.ageMs));
    const mirror = mirrored ?? 1;
    const baseline = closeness ?? 1;
    const score = state * freshness * mirror * baseline;
    const unmeasured: Fidelity['unmeasured'] = [];
    if (mirrored === undefined) unmeasured.push('mirror');
    if (closeness === undefined) unmeasured.push('baseline');
    return { state, freshness, mirror, baseline, score, unmeasured };
  }

  /** One look; returns the pause until the next. */
  async #look(follower: DeviceFollower, onError: (error: unknown) => void): Promise<number> {
    const before = follower.status().carried;
    try {
      await follower.follow();
    } catch (error) {
      onError(error);
    }
    // Where something changes, more is about to.
    const isBusy = follower.status().carried !== before;
    return isBusy ? this.periodMs / BUSY_FACTOR : this.periodMs;
  }
}
