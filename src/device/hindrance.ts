/**
 * What hinders a shadow switch's control plane. It is kept by the handle and not by the switch, so
 * it works on every target, and a controller that dies takes it with it.
 */
import { UmbraError } from '../base/errors.js';
import { deriveSeed, Prng } from '../base/prng.js';
import { entityKey } from '../p4runtime/index.js';
import { Update_Type, type Entity, type Update } from '../proto/index.js';

/** What is hindered. Hindrances of different parts act together. */
export type ControlPart = 'slow' | 'stale';

/** The parts, in their order. */
export const controlParts: readonly ControlPart[] = ['slow', 'stale'];

/** How a part is hindered; shares are 0 to 1. */
export interface ControlLimits {
  /** slow: what every request and every PacketIn takes longer, ns. */
  delayNs?: number;
  /** stale: share of table entries that stay as they are; which follows from `seed`. */
  share?: number;
  seed?: number;
}

/** A hindrance with its end in controller time, us. */
export interface TimedControlLimits {
  limits: ControlLimits;
  expiresUs: number;
}

/** Requests and packets that may wait at once. */
const WAITING_LIMIT = 4096;
/** Changes that may be held back at once; the oldest of more is left to the next comparison. */
const HELD_LIMIT = 65_536;

/** The hindrances of one switch. */
export class Hindrance {
  /** Controller time, us; set by whoever puts hindrances on. */
  nowUs: () => number = () => 0;
  /** What entries would be were they not stale, by key; undefined: gone. */
  readonly #held = new Map<string, Entity | undefined>();
  readonly #parts = new Map<ControlPart, TimedControlLimits>();
  #waiting: { dueUs: number; done: () => void }[] = [];
  #leaseEndUs = 0;
  /** PacketIns that found no room to wait, and changes that found none to be held back. */
  dropped = 0;

  constructor(private readonly device: string) {}

  set(part: ControlPart, timed: TimedControlLimits): void {
    this.#parts.set(part, timed);
  }

  get(part: ControlPart): TimedControlLimits | undefined {
    return this.#parts.get(part);
  }

  /** Ends one; what waits goes on. True when there was one. */
  clear(part: ControlPart): boolean {
    const was = this.#parts.delete(part);
    this.settle();
    return was;
  }

  /** Hindrances act until so long after `nowUs`; 0 ends what they do. */
  renew(nowUs: number, leaseUs: number): void {
    this.#leaseEndUs = nowUs + leaseUs;
    this.settle();
  }

  /** Limits of a part that act now. */
  acting(part: ControlPart): ControlLimits | undefined {
    const timed = this.#parts.get(part);
    return timed && this.nowUs() < this.#endUs(timed) ? timed.limits : undefined;
  }

  /** How many changes are held back. */
  get heldCount(): number {
    return this.#held.size;
  }

  /** When something is to be done, controller time in us; Infinity for never. */
  get dueUs(): number {
    const ends = this.#waiting.map(({ dueUs }) => dueUs);
    for (const part of controlParts) {
      const timed = this.#parts.get(part);
      const isNeeded = part === 'slow' ? this.#waiting.length > 0 : this.#held.size > 0;
      if (timed && isNeeded) ends.push(this.#endUs(timed));
    }
    return Math.min(Infinity, ...ends);
  }

  /** Whether changes are kept that need not be any more. */
  get hasToRelease(): boolean {
    return this.#held.size > 0 && !this.acting('stale');
  }

  /** Waits as long as the control plane is slow. Throws LIMIT when too much waits already. */
  async wait(): Promise<void> {
    const slow = this.acting('slow');
    if (!slow?.delayNs) return;
    if (this.#waiting.length >= WAITING_LIMIT) {
      const what = `${WAITING_LIMIT} requests wait for its slow control plane`;
      throw new UmbraError('LIMIT', `${this.device}: ${what}`);
    }
    // Whole microseconds, as the clock has: what is due between two of them would never be.
    const dueUs = Math.ceil(this.nowUs() + slow.delayNs / 1000);
    await new Promise<void>((done) => this.#waiting.push({ dueUs, done }));
  }

  /** Lets a PacketIn through when it is due; one that finds no room to wait is dropped. */
  pass(deliver: () => void): void {
    if (!this.acting('slow')) deliver();
    else this.wait().then(deliver, () => void this.dropped++);
  }

  /** Lets go on what has waited long enough. */
  settle(): void {
    const isSlow = this.acting('slow') !== undefined;
    const nowUs = this.nowUs();
    const due = this.#waiting.filter(({ dueUs }) => !isSlow || dueUs <= nowUs);
    this.#waiting = this.#waiting.filter((one) => !due.includes(one));
    for (const { done } of due) done();
  }

  /** Whether changes of an entity are held back. */
  holds(entity: Entity): boolean {
    const stale = this.acting('stale');
    const e = entity.entity;
    if (!stale || e?.$case !== 'tableEntry' || e.value.isDefaultAction) return false;
    const { share = 1, seed = 1 } = stale;
    const draw = new Prng(deriveSeed(seed, `${this.device} stale ${entityKey(entity)}`)).unit();
    return draw < share;
  }

  /** Notes a change that is held back; false when the entity is not stale. */
  hold({ type, entity }: Update): boolean {
    if (!entity || !this.holds(entity)) return false;
    const key = entityKey(entity);
    this.#held.delete(key);
    this.#held.set(key, type === Update_Type.DELETE ? undefined : entity);
    if (this.#held.size > HELD_LIMIT) {
      this.#held.delete(this.#held.keys().next().value!);
      this.dropped++;
    }
    return true;
  }

  /** What was held back, and is not any more. */
  takeHeld(): Map<string, Entity | undefined> {
    const held = new Map(this.#held);
    this.#held.clear();
    return held;
  }

  /** As if nothing had ever been put on. */
  forget(): void {
    this.#parts.clear();
    this.#held.clear();
    this.settle();
  }

  #endUs({ expiresUs }: TimedControlLimits): number {
    return Math.min(expiresUs, this.#leaseEndUs);
  }
}
