/**
 * A host of the shadow, as faults hold it. Like ShadowDevice it is nominal: only who builds a
 * shadow makes one, from the control of a host that it runs (invariant I1).
 */
import {
  hostParts,
  type HostControl,
  type HostPart,
  type TimedLimits,
} from '../base/hostLimits.js';
import { UmbraError } from '../base/errors.js';

/** A shadow host: limits are put on it, read back and taken off. */
export class ShadowHost {
  /** Makes the type nominal: nothing else is taken for a host of the shadow. */
  readonly #control: HostControl;

  /** @param control carries the limits out on a host that belongs to the shadow */
  constructor(
    readonly name: string,
    control: HostControl,
  ) {
    this.#control = control;
  }

  /** Puts limits on a part and reads them back. Throws RPC when they are not there then. */
  async apply(part: HostPart, timed: TimedLimits): Promise<void> {
    await this.#control.apply(part, timed);
    const found = await this.#control.read(part);
    if (!found || textOf(found) !== textOf(timed)) {
      throw new UmbraError('RPC', `${this.name}: limits of ${part} are not as they were set`);
    }
  }

  async read(part: HostPart): Promise<TimedLimits | undefined> {
    return this.#control.read(part);
  }

  /** Takes a part's limits off and reads back that they are gone; true when there were any. */
  async clear(part: HostPart): Promise<boolean> {
    const before = await this.#control.read(part);
    await this.#control.clear(part);
    if (await this.#control.read(part)) {
      throw new UmbraError('RPC', `${this.name}: limits of ${part} remain`);
    }
    return before !== undefined;
  }

  /** Clears every part; returns how many had limits. */
  async clearAll(): Promise<number> {
    let cleared = 0;
    for (const part of hostParts) cleared += (await this.clear(part)) ? 1 : 0;
    return cleared;
  }

  /** The controller's heartbeat: limits act until so long after `nowUs`; 0 ends what they do. */
  renew(nowUs: number, leaseUs: number): void {
    this.#control.renew(nowUs, leaseUs);
  }
}

/** The same text for the same limits. */
function textOf({ limits, expiresUs }: TimedLimits): string {
  const given = Object.entries(limits).filter(([, value]) => value !== undefined);
  return JSON.stringify([expiresUs, ...given.sort(([a], [b]) => (a < b ? -1 : 1))]);
}
