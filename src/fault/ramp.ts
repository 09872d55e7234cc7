/** Failures that grow: one number goes from a start to its value in even steps. */
import { UmbraError } from '../base/errors.js';
import type { Topology } from '../topology/index.js';
import type { FaultEntry } from './entry.js';
import type { Failure, Ramp } from './failure.js';
import { planFailure } from './plan.js';

/** Steps that a ramp takes. */
const STEPS = 20;

/** When the ramp's next step is due after `elapsedNs` of the fault; Infinity when it is over. */
export function nextStepNs({ overNs }: Ramp, elapsedNs: number): number {
  const step = Math.floor((elapsedNs * STEPS) / overNs) + 1;
  return step > STEPS ? Infinity : (step * overNs) / STEPS;
}

/** The failure as it is after `elapsedNs`. Throws INVALID_INPUT when the parameter is no number. */
export function rampedFailure(failure: Failure, elapsedNs: number): Failure {
  const { ramp, ...rest } = failure;
  if (!ramp) return failure;
  const values = rest as unknown as Record<string, unknown>;
  const to = values[ramp.parameter];
  if (typeof to !== 'number') {
    throw new UmbraError(
      'INVALID_INPUT',
      `ramp.parameter is '${ramp.parameter}', which is no number of this failure`,
    );
  }
  const steps = Math.min(STEPS, Math.floor((elapsedNs * STEPS) / ramp.overNs));
  const done = steps / STEPS;
  return { ...rest, [ramp.parameter]: ramp.from + (to - ramp.from) * done } as Failure;
}

/**
 * The entries of a growing failure after `elapsedNs`, with the cells that it has. Throws
 * INVALID_INPUT when it would need other entries than those it began with.
 */
export function replanned(
  topology: Topology,
  failure: Failure,
  injectedUs: number,
  lastsUs: number,
  before: readonly FaultEntry[],
  elapsedNs: number,
): FaultEntry[] {
  const now = rampedFailure(failure, elapsedNs);
  const entries = planFailure(topology, now, injectedUs, lastsUs).map((entry, i) =>
    withCellsOf(entry, before[i]),
  );
  const places = (all: readonly FaultEntry[]): string => all.map(placeOf).join();
  if (places(entries) === places(before)) return entries;
  const name = failure.ramp?.parameter ?? '';
  throw new UmbraError(
    'INVALID_INPUT',
    `ramp: '${name}' changes what the failure is made of on its way; begin closer to its end`,
  );
}

/** What is numbered by the order in which faults came stays as it was. */
function withCellsOf(entry: FaultEntry, before: FaultEntry | undefined): FaultEntry {
  if (entry.kind !== 'rule' || before?.kind !== 'rule') return entry;
  const { match, params } = before.rule;
  const kept = (values: Record<string, string> | undefined, names: readonly string[]) =>
    Object.fromEntries(
      names.flatMap((name) => (values?.[name] === undefined ? [] : [[name, values[name]]])),
    ) as Record<string, string>;
  const rule = {
    ...entry.rule,
    match: { ...entry.rule.match, ...kept(match, ['distribution']) },
    params: { ...entry.rule.params, ...kept(params, ['state', 'of_distribution']) },
  };
  return { ...entry, rule };
}

function placeOf(entry: FaultEntry): string {
  if (entry.kind === 'host') return `${entry.host} ${entry.part}`;
  if (entry.kind === 'room') return `${entry.device} room ${entry.table}`;
  if (entry.kind === 'control') return `${entry.device} control ${entry.part}`;
  if (entry.kind === 'copies') return `${entry.device} copies ${entry.port}`;
  return `${entry.device} ${entry.rule.table} ${JSON.stringify(entry.rule.match)}`;
}
