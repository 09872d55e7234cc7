/** Failures that overlap in time, planned without a switch: what they put where, and clashes. */
import { UmbraError, messageOf } from '../base/errors.js';
import type { Topology } from '../topology/index.js';
import { firstClash, type FaultEntry } from './entry.js';
import type { Failure } from './failure.js';
import { planFailure } from './plan.js';

/** A failure and when it acts, us. */
export interface FailureSpan {
  /** What errors call it. */
  name: string;
  failure: Failure;
  beginUs: number;
  endUs: number;
}

/**
 * The entries of each failure. Throws what planning throws, naming the failure, and CONFLICT naming
 * both where two would meet in one stage at one time.
 */
export function planTogether(topology: Topology, spans: readonly FailureSpan[]): FaultEntry[][] {
  const planned: FaultEntry[][] = [];
  for (const [i, span] of spans.entries()) {
    const { beginUs, endUs, failure, name } = span;
    const isThere = (other: FailureSpan): boolean =>
      other.beginUs < endUs && beginUs < other.endUs;
    const others = spans.slice(0, i).flatMap((other, at) => (isThere(other) ? [at] : []));
    const present = others.flatMap((at) => planned[at]!);
    let entries: FaultEntry[];
    try {
      entries = planFailure(topology, failure, beginUs, endUs - beginUs, present);
    } catch (error) {
      if (!(error instanceof UmbraError)) throw error;
      throw new UmbraError(error.code, `${name}: ${messageOf(error)}`, { cause: error });
    }
    for (const at of others) {
      const clash = firstClash(planned[at]!, entries);
      if (clash === undefined) continue;
      throw new UmbraError('CONFLICT', `${spans[at]!.name} and ${name} would meet on ${clash}`);
    }
    planned.push(entries);
  }
  return planned;
}
