/** Failures by the dozen: every single one, every pair, weighted random ones. */
import { deriveSeed, Prng } from '../base/prng.js';
import { UmbraError } from '../base/errors.js';
import { targetOf, type Failure } from '../fault/index.js';
import type { Topology } from '../topology/index.js';
import { randomFailureOf } from './trial.js';

/** Every link down, and every switch out. */
export function singleFailures({ links, switches }: Topology): Failure[] {
  return [
    ...links.map(({ name }): Failure => {
      return { type: 'link_degradation', link: name, direction: 'both', loss: 1 };
    }),
    ...switches.map(({ name }): Failure => {
      return { type: 'device_failure', device: name, mode: 'outage' };
    }),
  ];
}

/** Every two of them, in the order of the list; those of one target stay apart. */
export function pairsOf(failures: readonly Failure[]): [Failure, Failure][] {
  return failures.flatMap((one, i) =>
    failures
      .slice(i + 1)
      .filter((other) => targetOf(other) !== targetOf(one))
      .map((other): [Failure, Failure] => [one, other]),
  );
}

/** What random failures are drawn by. */
export interface Weights {
  /**
   * How often each link or switch fails, in any one unit, such as a year: measured rates. Parts
   * that are not named fail as often as the mean of those that are.
   */
  rates?: Readonly<Record<string, number>>;
}

/**
 * Failures of mixed kinds and severities on parts drawn by their rates; equal seeds give equal
 * failures. Throws NOT_FOUND for the rate of an unknown part.
 */
export function weightedFailures(
  topology: Topology,
  seed: number,
  count: number,
  { rates = {} }: Weights = {},
): Failure[] {
  const parts = [
    ...topology.links.map(({ name }) => ({ name, isLink: true })),
    ...topology.switches.map(({ name }) => ({ name, isLink: false })),
  ];
  const known = Object.entries(rates);
  const stranger = known.find(([name]) => parts.every((part) => part.name !== name));
  if (stranger) throw new UmbraError('NOT_FOUND', `rates: no link or switch '${stranger[0]}'`);
  const mean = known.reduce((sum, [, rate]) => sum + rate, 0) / (known.length || 1);
  const weights = parts.map(({ name }) => rates[name] ?? (known.length > 0 ? mean : 1));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  if (!(total > 0)) throw new UmbraError('INVALID_INPUT', 'rates: nothing ever fails');
  const prng = new Prng(deriveSeed(seed, 'weighted failures'));
  return Array.from({ length: count }, () => {
    let at = prng.unit() * total;
    const drawn = weights.findIndex((weight) => (at -= weight) < 0);
    const { isLink, name } = parts[Math.max(0, drawn)]!;
    return randomFailureOf(prng, isLink ? { link: name } : { device: name });
  });
}
