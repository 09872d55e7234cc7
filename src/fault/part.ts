/** What keeps faults on the handles of the shadow, as the engine keeps entries on its switches. */
import type { FaultEntry } from './entry.js';

/** One kind of entries, among all that it is given. */
export interface FaultPart {
  /** Throws NOT_FOUND for an unknown switch or host. */
  write(entries: readonly FaultEntry[]): void | Promise<void>;
  remove(entries: readonly FaultEntry[]): void | Promise<void>;
  /** Returns how many there were. */
  clearAll(): number | Promise<number>;
  /** The heartbeat: what is there acts until so long after `nowUs`. */
  renew(nowUs: number, leaseUs: number): void;
}
