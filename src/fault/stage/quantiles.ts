/**
 * Distributions of delay as 257 quantiles, between which the data plane interpolates: the quantile
 * of rank i is not exceeded with probability i / 256. Infinite tails are cut at a probability of
 * 1 in 16,384. Delays are never negative.
 */
import { UmbraError } from '../../base/errors.js';
import { nanoseconds } from '../parameters.js';

const RANKS = 256;
/** Where the infinite tails of a distribution are cut, as a probability. */
const TAIL = 1 / (RANKS * 64);
/** Shape of the Pareto distribution, as in the field's emulators: finite mean and variance. */
const PARETO_SHAPE = 3;

/** Normal around `mean` with deviation `sigma`, ns. */
export function normalQuantiles(mean: number, sigma: number): number[] {
  return quantilesOf((p) => mean + sigma * normalQuantile(p));
}

/** Pareto of mean `mean` and standard deviation `sigma`, shifted to suit, ns. */
export function paretoQuantiles(mean: number, sigma: number): number[] {
  // Of scale 1: the mean is a / (a - 1), the variance a / ((a - 1)^2 (a - 2)).
  const a = PARETO_SHAPE;
  const unitMean = a / (a - 1);
  const unitSigma = Math.sqrt(a / ((a - 1) ** 2 * (a - 2)));
  return quantilesOf((p) => mean + (sigma * ((1 - p) ** (-1 / a) - unitMean)) / unitSigma);
}

/** Of measured delays, ns: linear between neighbours. Throws INVALID_INPUT for an empty table. */
export function tableQuantiles(delaysNs: readonly number[]): number[] {
  if (delaysNs.length < 2) {
    throw new UmbraError('INVALID_INPUT', `delayTableNs has ${delaysNs.length} delays, 2 at least`);
  }
  const sorted = delaysNs.map((ns) => Number(nanoseconds('delayTableNs', ns)));
  sorted.sort((a, b) => a - b);
  return Array.from({ length: RANKS + 1 }, (_, rank) => {
    const at = (rank / RANKS) * (sorted.length - 1);
    const below = Math.floor(at);
    const next = sorted[Math.min(below + 1, sorted.length - 1)]!;
    return sorted[below]! + (next - sorted[below]!) * (at - below);
  });
}

function quantilesOf(quantile: (p: number) => number): number[] {
  return Array.from({ length: RANKS + 1 }, (_, rank) =>
    Math.max(0, quantile(Math.min(1 - TAIL, Math.max(TAIL, rank / RANKS)))),
  );
}

/**
 * The standard normal quantile by bisection of its distribution function: exact to 1e-9, and
 * called a few hundred times a fault.
 */
function normalQuantile(p: number): number {
  let low = -9;
  let high = 9;
  while (high - low > 1e-9) {
    const middle = (low + high) / 2;
    if (normalProbability(middle) < p) low = middle;
    else high = middle;
  }
  return low;
}

/** Abramowitz and Stegun 26.2.17: absolute error below 7.5e-8. */
function normalProbability(x: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(x));
  const series =
    t *
    (0.31938153 +
      t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  const tail = (Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI)) * series;
  return x >= 0 ? 1 - tail : tail;
}
