/** A failure as a plan: the entries that carry it, on which shadow switches and hosts. */
import { UmbraError } from '../base/errors.js';
import type { Topology } from '../topology/index.js';
import type { PlanContext } from './context.js';
import { appEntries } from './app.js';
import { controlEntries, isOfControl } from './control.js';
import { deviceEntries } from './device.js';
import { hostFailureEntries, isHost, resourceEntries } from './host.js';
import type { FaultEntry } from './entry.js';
import type { Failure } from './failure.js';
import { linkEntries } from './link.js';
import { expiry } from './parameters.js';
import { switchShortage } from './switchShortage.js';

/** Cells of state and distributions that a switch has for faults. */
const SLOTS = 1024;
const DISTRIBUTIONS = 15;

/**
 * The entries of a failure that begins at `beginsUs` of the controller's time and lasts `lastsUs`.
 * Throws NOT_FOUND for an unknown target, INVALID_INPUT naming a parameter, LIMIT.
 * @param present entries of the faults that are there: their cells are taken
 */
export function planFailure(
  topology: Topology,
  failure: Failure,
  beginsUs: number,
  lastsUs: number,
  present: readonly FaultEntry[] = [],
): FaultEntry[] {
  const slots = new Allocator('cells of state', SLOTS, 0, takenBy(present, ['state']));
  const distributions = new Allocator(
    'distributions',
    DISTRIBUTIONS,
    1,
    takenBy(present, ['of_distribution']),
  );
  const context: PlanContext = {
    beginsUs,
    lastsUs,
    expires_us: expiry(beginsUs + lastsUs),
    slot: (device) => slots.take(device),
    distribution: (device) => distributions.take(device),
  };
  switch (failure.type) {
    case 'link_degradation':
      return linkEntries(topology, failure, context);
    case 'device_failure':
      if (isHost(topology, failure.device)) return hostFailureEntries(failure, context);
      return isOfControl(failure)
        ? controlEntries(topology, failure, context)
        : deviceEntries(topology, failure, context);
    case 'app_error':
      return appEntries(topology, failure, context);
    case 'resource_exhaustion':
      return failure.device === undefined
        ? resourceEntries(topology, failure, context)
        : switchShortage(topology, failure, context);
    default: {
      const { type } = failure as { type: unknown };
      throw new UmbraError('INVALID_INPUT', `unknown type of failure '${String(type)}'`);
    }
  }
}

/** Numbers that entries hold as one of their parameters, by device. */
function takenBy(
  entries: readonly FaultEntry[],
  params: readonly string[],
): Map<string, Set<number>> {
  const taken = new Map<string, Set<number>>();
  for (const entry of entries) {
    if (entry.kind !== 'rule') continue;
    for (const name of params) {
      const value = entry.rule.params?.[name];
      if (value === undefined) continue;
      const numbers = taken.get(entry.device) ?? new Set();
      taken.set(entry.device, numbers.add(Number(value)));
    }
  }
  return taken;
}

/** Small numbers, given out by device, the lowest free one first. */
class Allocator {
  constructor(
    private readonly what: string,
    private readonly count: number,
    private readonly first: number,
    private readonly taken: Map<string, Set<number>>,
  ) {}

  take(device: string): string {
    const taken = this.taken.get(device) ?? new Set();
    this.taken.set(device, taken);
    for (let number = this.first; number < this.first + this.count; number++) {
      if (taken.has(number)) continue;
      taken.add(number);
      return String(number);
    }
    throw new UmbraError('LIMIT', `${device}: all ${this.count} ${this.what} of faults are in use`);
  }
}
