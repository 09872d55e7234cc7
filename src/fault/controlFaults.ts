/** The control plane's part of the fault engine: what slows or holds back writes to switches. */
import { UmbraError } from '../base/errors.js';
import { controlParts, ShadowDevice } from '../device/index.js';
import { shadowOf, type ControlEntry, type FaultEntry } from './entry.js';
import type { FaultPart } from './part.js';

/** The shadow's switches as their controller holds them, by name. */
export class ControlFaults implements FaultPart {
  readonly #devices: ReadonlyMap<string, ShadowDevice>;

  /** Throws REFUSED for what is no switch of the shadow. */
  constructor(devices: readonly ShadowDevice[], nowUs: () => number) {
    if (devices.some((device) => !(device instanceof ShadowDevice))) {
      throw new UmbraError('REFUSED', 'faults act on shadow devices only');
    }
    for (const { hindrance } of devices) hindrance.nowUs = nowUs;
    this.#devices = new Map(devices.map((device) => [device.name, device]));
  }

  /** When something that waits goes on, controller time in us; Infinity for never. */
  get dueUs(): number {
    return Math.min(Infinity, ...[...this.#devices.values()].map((d) => d.hindrance.dueUs));
  }

  /** Puts on what is among `entries`. Throws NOT_FOUND for an unknown switch. */
  write(entries: readonly FaultEntry[]): void {
    for (const { device: name, part, limits, expiresUs } of entries.filter(isOfControl)) {
      shadowOf(this.#devices, name).hindrance.set(part, { limits, expiresUs });
    }
  }

  /** Takes it off; what was held back is carried out. */
  async remove(entries: readonly FaultEntry[]): Promise<void> {
    for (const { device, part } of entries.filter(isOfControl)) {
      shadowOf(this.#devices, device).hindrance.clear(part);
    }
    await this.settle();
  }

  /** Takes off everything; returns how much there was. */
  async clearAll(): Promise<number> {
    let removed = 0;
    for (const { hindrance } of this.#devices.values()) {
      for (const part of controlParts) removed += hindrance.clear(part) ? 1 : 0;
    }
    await this.settle();
    return removed;
  }

  /** The heartbeat: hindrances act until so long after `nowUs`. */
  renew(nowUs: number, leaseUs: number): void {
    for (const { hindrance } of this.#devices.values()) hindrance.renew(nowUs, leaseUs);
  }

  /** Lets go on what has waited long enough, or need not wait any more. */
  async settle(): Promise<void> {
    for (const device of this.#devices.values()) {
      device.hindrance.settle();
      if (device.hindrance.hasToRelease) await device.releaseHeld();
    }
  }

  /** As if nothing had ever been put on. */
  forget(): void {
    for (const { hindrance } of this.#devices.values()) hindrance.forget();
  }
}

function isOfControl(entry: FaultEntry): entry is ControlEntry {
  return entry.kind === 'control';
}
