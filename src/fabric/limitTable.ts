/**
 * Limits of hosts in the arena, so that they fork with the network: for each part of a host its
 * limits with their end, and for each host the lease without which none acts.
 */
import type { Arena } from '../base/arena.js';
import { hostParts, type HostLimits, type HostPart, type TimedLimits } from '../base/hostLimits.js';

const numbers = [
  'serviceRate',
  'workers',
  'concurrent',
  'restartNs',
  'diskShare',
  'diskNs',
  'lateNs',
  'unanswered',
  'goneUntilUs',
] as const;
const flags = ['isDiskFull', 'isSilent', 'isRefusing', 'keepsConnections'] as const;
const FIELDS = numbers.length + flags.length;

/** The limits of all hosts. Times are the controller's, us. */
export class LimitTable {
  /** A field that is not limited is NaN; flags are 0 or 1. */
  readonly #cells: Float64Array;
  /** End by host and part; 0 when there are no limits. */
  readonly #expiresUs: Float64Array;
  readonly #leaseUntilUs: Float64Array;

  constructor(arena: Arena, hosts: number) {
    this.#cells = arena.float64(hosts * hostParts.length * FIELDS);
    this.#expiresUs = arena.float64(hosts * hostParts.length);
    this.#leaseUntilUs = arena.float64(hosts);
  }

  set(host: number, part: HostPart, { limits, expiresUs }: TimedLimits): void {
    const row = rowOf(host, part);
    const at = row * FIELDS;
    this.#expiresUs[row] = expiresUs;
    numbers.forEach((name, i) => (this.#cells[at + i] = limits[name] ?? NaN));
    flags.forEach((name, i) => {
      const value = limits[name];
      this.#cells[at + numbers.length + i] = value === undefined ? NaN : Number(value);
    });
  }

  get(host: number, part: HostPart): TimedLimits | undefined {
    const row = rowOf(host, part);
    const expiresUs = this.#expiresUs[row]!;
    return expiresUs === 0 ? undefined : { limits: this.#limitsAt(row), expiresUs };
  }

  clear(host: number, part: HostPart): void {
    this.#expiresUs[rowOf(host, part)] = 0;
  }

  renew(host: number, untilUs: number): void {
    this.#leaseUntilUs[host] = untilUs;
  }

  /** Whether a host has any limits, acting or not. */
  isLimited(host: number): boolean {
    return hostParts.some((part) => this.#expiresUs[rowOf(host, part)] !== 0);
  }

  /** Forgets limits whose end has come; what the others do together. */
  acting(host: number, nowUs: number): HostLimits {
    const all: HostLimits = {};
    const isLeased = this.#leaseUntilUs[host]! > nowUs;
    for (const part of hostParts) {
      const row = rowOf(host, part);
      if (this.#expiresUs[row] === 0) continue;
      if (this.#expiresUs[row]! <= nowUs) this.#expiresUs[row] = 0;
      else if (isLeased) join(all, this.#limitsAt(row), nowUs);
    }
    return all;
  }

  /** When what acts on a host changes by itself; Infinity for never. */
  nextChangeUs(host: number, nowUs: number): number {
    if (!this.isLimited(host)) return Infinity;
    let next = Infinity;
    const consider = (timeUs: number): void => {
      if (timeUs > nowUs && timeUs < next) next = timeUs;
    };
    consider(this.#leaseUntilUs[host]!);
    const goneUntil = numbers.indexOf('goneUntilUs');
    for (const part of hostParts) {
      const row = rowOf(host, part);
      if (this.#expiresUs[row] === 0) continue;
      consider(this.#expiresUs[row]!);
      consider(this.#cells[row * FIELDS + goneUntil]!);
    }
    return next;
  }

  #limitsAt(row: number): HostLimits {
    const limits: HostLimits = {};
    const at = row * FIELDS;
    numbers.forEach((name, i) => {
      const value = this.#cells[at + i]!;
      if (!Number.isNaN(value)) limits[name] = value;
    });
    flags.forEach((name, i) => {
      const value = this.#cells[at + numbers.length + i]!;
      if (!Number.isNaN(value)) limits[name] = value === 1;
    });
    return limits;
  }
}

function rowOf(host: number, part: HostPart): number {
  return host * hostParts.length + hostParts.indexOf(part);
}

/** Adds limits of one part to those of others. */
function join(all: HostLimits, limits: HostLimits, nowUs: number): void {
  const { serviceRate = 1, workers, concurrent, goneUntilUs = Infinity, ...rest } = limits;
  const { isSilent, isRefusing, ...others } = rest;
  const isGone = nowUs < goneUntilUs;
  Object.assign(all, others);
  all.serviceRate = (all.serviceRate ?? 1) * serviceRate;
  all.workers = Math.min(all.workers ?? Infinity, workers ?? Infinity);
  all.concurrent = Math.min(all.concurrent ?? Infinity, concurrent ?? Infinity);
  if (isSilent && isGone) all.isSilent = true;
  if (isRefusing && isGone) all.isRefusing = true;
}
