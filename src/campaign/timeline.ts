/** Failures on one timeline: when each begins and ends, worked out before anything runs. */
import { UmbraError } from '../base/errors.js';
import type { Failure } from '../fault/index.js';

/** A failure with its place on a scenario's timeline. Times are of the network, ns. */
export interface TimedFailure {
  /** Unique in its scenario; other failures name it in `after`. */
  id: string;
  failure: Failure;
  /** From the end of the steady phase, or from what `after` names. */
  startNs: number;
  durationNs: number;
  /** How often it comes, and from one begin to the next. */
  repeat?: { times: number; everyNs: number };
  /** Another failure: its first begin or its last end is this one's zero. */
  after?: { id: string; edge: 'start' | 'end' };
}

/** One time that a failure acts. */
export interface Occurrence {
  id: string;
  failure: Failure;
  /** From the begin of the scenario, ns. */
  beginNs: number;
  endNs: number;
}

/** Occurrences that one scenario may have. */
const LIMIT = 10_000;

/**
 * All occurrences in the order of their begins, then of the list. Throws INVALID_INPUT naming a
 * failure: an id that is there twice, an unknown or circular `after`, repetitions that overlap.
 * @param zeroNs end of the steady phase
 */
export function occurrencesOf(failures: readonly TimedFailure[], zeroNs: number): Occurrence[] {
  const byId = new Map(failures.map((timed) => [timed.id, timed]));
  if (byId.size < failures.length) {
    const twice = failures.find(({ id }, i) => failures.findIndex((f) => f.id === id) < i)!;
    throw new UmbraError('INVALID_INPUT', `two failures have the id '${twice.id}'`);
  }
  const spans = new Map<string, Span>();
  const open = new Set<string>();
  const spanOf = (timed: TimedFailure): Span => {
    const known = spans.get(timed.id);
    if (known) return known;
    if (open.has(timed.id)) {
      throw new UmbraError('INVALID_INPUT', `'${timed.id}' comes after itself`);
    }
    open.add(timed.id);
    const span = spanFrom(timed, zeroNs + timed.startNs, (id) => {
      const other = byId.get(id);
      if (other) return spanOf(other);
      const text = `'${timed.id}' comes after '${id}', which is not there`;
      throw new UmbraError('INVALID_INPUT', text);
    });
    spans.set(timed.id, span);
    return span;
  };
  const all = failures.flatMap((timed) => expand(timed, spanOf(timed)));
  if (all.length > LIMIT) {
    throw new UmbraError('LIMIT', `${all.length} occurrences of failures, ${LIMIT} at most`);
  }
  return all.sort((a, b) => a.beginNs - b.beginNs);
}

/** First begin and last end. */
interface Span {
  beginNs: number;
  endNs: number;
}

function spanFrom(timed: TimedFailure, startNs: number, spanOf: (id: string) => Span): Span {
  const { after, durationNs, id, repeat } = timed;
  let beginNs = startNs;
  if (after) {
    const other = spanOf(after.id);
    beginNs = (after.edge === 'start' ? other.beginNs : other.endNs) + timed.startNs;
  }
  if (repeat && repeat.times > 1 && repeat.everyNs < durationNs) {
    throw new UmbraError('INVALID_INPUT', `'${id}' comes again before it has ended`);
  }
  const last = repeat ? (repeat.times - 1) * repeat.everyNs : 0;
  return { beginNs, endNs: beginNs + last + durationNs };
}

function expand({ durationNs, failure, id, repeat }: TimedFailure, { beginNs }: Span) {
  return Array.from({ length: repeat?.times ?? 1 }, (_, i): Occurrence => {
    const from = beginNs + i * (repeat?.everyNs ?? 0);
    return { id, failure, beginNs: from, endNs: from + durationNs };
  });
}
