/** What a run says about a network: survived, degraded, failed, or nothing. */

/** The four answers. */
export type Verdict = 'survived' | 'degraded' | 'failed' | 'inconclusive';

/** Where a window lies: before the first failure, while one acts, while all recover, or after. */
export type Phase = 'before' | 'during' | 'recovery' | 'after';

/** What one window showed of each expectation; undefined where nothing could be measured. */
export interface WindowResult {
  phase: Phase;
  fromNs: number;
  toNs: number;
  values: (number | undefined)[];
  held: (boolean | undefined)[];
}

/** All that a verdict is given on. */
export interface Evidence {
  windows: readonly WindowResult[];
  /** The expectations as text. */
  expectations: readonly string[];
  /** The stop condition that ended the run, as text. */
  stoppedBy?: string;
}

/** A verdict with the reason for it. */
export interface Judgement {
  verdict: Verdict;
  reason: string;
}

/**
 * inconclusive: an expectation did not hold before any failure, or there was nothing to measure it
 * by; the campaign says so too of a shadow that cannot be trusted. failed: a stop condition, or
 * what was expected does not hold again after the recovery. degraded: it did not hold while
 * failures acted. survived: it held.
 */
export function judge({ windows, expectations, stoppedBy }: Evidence): Judgement {
  const inPhase = (phase: Phase): WindowResult[] => windows.filter((w) => w.phase === phase);
  const violated = (phase: Phase): string | undefined =>
    firstViolation(inPhase(phase), expectations);
  const before = violated('before');
  if (before !== undefined) {
    return { verdict: 'inconclusive', reason: `before any failure: ${before}` };
  }
  const unmeasured = expectations.find((_, e) =>
    inPhase('before').every(({ held }) => held[e] === undefined),
  );
  if (unmeasured !== undefined) {
    return { verdict: 'inconclusive', reason: `too few samples before any failure: ${unmeasured}` };
  }
  if (stoppedBy !== undefined) return { verdict: 'failed', reason: `stopped: ${stoppedBy}` };
  const during = violated('during');
  const after = violated('after');
  if (after !== undefined) return { verdict: 'failed', reason: `not recovered: ${after}` };
  if (during === undefined) return { verdict: 'survived', reason: 'everything held' };
  const isSeen = inPhase('after').some(({ held }) => held.some((h) => h !== undefined));
  if (!isSeen) return { verdict: 'inconclusive', reason: `no recovery was seen after: ${during}` };
  return { verdict: 'degraded', reason: during };
}

function firstViolation(
  windows: readonly WindowResult[],
  expectations: readonly string[],
): string | undefined {
  for (const { fromNs, held, toNs, values } of windows) {
    const e = held.indexOf(false);
    if (e < 0) continue;
    const span = `${(fromNs / 1e9).toFixed(2)} s to ${(toNs / 1e9).toFixed(2)} s`;
    return `${expectations[e]} was ${Number(values[e]!.toPrecision(3))} from ${span}`;
  }
  return undefined;
}
