/**
 * Which table entries have been idle for their whole time to live. Looked at on the switch's own
 * clock, in steps of a scan; an entry is looked at once per time to live, not once per scan.
 * Spec: P4Runtime 1.5, sections 9.1.8 and 16.4.
 */
import type { TableControl } from '../v1model/index.js';

/** How late a notification may be. */
export const IDLE_SCAN_NS = 10_000_000;

interface Watched {
  table: TableControl;
  handle: number;
  ttlNs: number;
  /** When the time began to run: insertion, or the notification before. */
  sinceNs: number;
  /** The scan at which it is looked at next. */
  scan: number;
}

/** The entries with a time to live, by their keys. */
export class IdleTimeouts {
  #watched = new Map<string, Watched>();
  /** Keys by scan, and the scans in ascending order. */
  readonly #scans = new Map<number, Set<string>>();
  readonly #order: number[] = [];

  /** @param wakeAt asks for `expired` at that time; Infinity when nothing is due */
  constructor(private readonly wakeAt: (timeNs: number) => void) {}

  /** Watches an entry, from now on with this time to live; 0 ends it. */
  watch(key: string, table: TableControl, handle: number, ttlNs: number, nowNs: number): void {
    const before = this.#watched.get(key);
    this.forget(key);
    if (ttlNs === 0) return;
    const sinceNs = before?.sinceNs ?? nowNs;
    this.#add(key, { table, handle, ttlNs, sinceNs, scan: 0 });
    this.#ask();
  }

  forget(key: string): void {
    const watched = this.#watched.get(key);
    if (!watched) return;
    this.#watched.delete(key);
    const keys = this.#scans.get(watched.scan)!;
    keys.delete(key);
    if (keys.size > 0) return;
    this.#scans.delete(watched.scan);
    this.#order.splice(this.#position(watched.scan), 1);
    this.#ask();
  }

  /** The keys of the entries whose time has run out; it begins again for each of them. */
  expired(nowNs: number): string[] {
    const idle: string[] = [];
    while (this.#order.length > 0 && this.#order[0]! * IDLE_SCAN_NS <= nowNs) {
      const scan = this.#order.shift()!;
      const keys = this.#scans.get(scan)!;
      this.#scans.delete(scan);
      for (const key of keys) {
        const watched = this.#watched.get(key)!;
        const isIdle = deadline(watched) <= nowNs;
        if (isIdle) idle.push(key);
        this.#add(key, isIdle ? { ...watched, sinceNs: nowNs } : watched);
      }
    }
    this.#ask();
    return idle;
  }

  /** Whoever loads also restores what was asked of `wakeAt`. */
  save(): Map<string, Watched> {
    return new Map(this.#watched);
  }

  load(saved: Map<string, Watched>): void {
    this.#watched = new Map();
    this.#scans.clear();
    this.#order.length = 0;
    for (const [key, watched] of saved) this.#add(key, watched);
  }

  #add(key: string, watched: Watched): void {
    const scan = Math.ceil(deadline(watched) / IDLE_SCAN_NS);
    this.#watched.set(key, { ...watched, scan });
    const keys = this.#scans.get(scan);
    if (keys) {
      keys.add(key);
      return;
    }
    this.#scans.set(scan, new Set([key]));
    this.#order.splice(this.#position(scan), 0, scan);
  }

  /** Where a scan stands in the order, or would. */
  #position(scan: number): number {
    let [low, high] = [0, this.#order.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#order[middle]! < scan) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #ask(): void {
    const [first] = this.#order;
    this.wakeAt(first === undefined ? Infinity : first * IDLE_SCAN_NS);
  }
}

function deadline({ table, handle, ttlNs, sinceNs }: Watched): number {
  return Math.max(sinceNs, table.lastHitNs(handle)) + ttlNs;
}
