/**
 * A regression with an honest interval: ridge, its penalty chosen by cross-validation over groups,
 * and a conformal interval from the residuals that the same folds leave out (cross-conformal, Vovk
 * 2015). Nothing random: folds follow the order of groups.
 */
import { UmbraError } from '../base/errors.js';
import { frameOf } from './frame.js';
import { fitRidge, type Ridge } from './ridge.js';

/** What a model learns from; all observations have the same features. */
export interface Observation {
  features: Record<string, number>;
  target: number;
  /** Equal groups (one scenario) are never split over folds. Left out: a group of its own. */
  group?: string;
}

/** What to fit, and how to judge it. */
export interface ModelOptions {
  /** What is predicted, for people. */
  target: string;
  /** Share of targets that the interval should cover, such as 0.9. */
  level: number;
  /** Left out: 5. */
  folds?: number;
}

/** A prediction with its interval. */
export interface Prediction {
  value: number;
  low: number;
  high: number;
}

/** A fitted model and how good it was on what it had not seen. */
export interface Model {
  target: string;
  features: string[];
  observations: number;
  /** Mean absolute error out of fold, in the target's unit. */
  mae: number;
  /** The same of always predicting the mean. */
  baselineMae: number;
  /** Share of out-of-fold targets within their interval; to be near `level`. */
  coverage: number;
  level: number;
  /** Features that are left out count as 0. */
  predict(features: Record<string, number>): Prediction;
}

const penalties = [1e-4, 1e-3, 1e-2, 1e-1, 1];

/**
 * Fits a model. Throws INVALID_INPUT when there are fewer groups than folds, too few observations
 * for an interval of that level, a feature that some lack, or a number that is not finite.
 */
export async function fitModel(
  observations: readonly Observation[],
  options: ModelOptions,
): Promise<Model> {
  const folds = options.folds ?? 5;
  const groupOf = observations.map(({ group }, i) => group ?? `observation ${i}`);
  const groups = [...new Set(groupOf)];
  check(observations, options, groups.length, folds);
  const frame = await frameOf(observations.map((o) => ({ ...o.features })));
  const features = frame.columns;
  const X = frame.values as number[][];
  const y = observations.map((o) => o.target);
  const foldOfGroup = new Map(groups.map((group, i) => [group, i % folds]));
  const fold = groupOf.map((group) => foldOfGroup.get(group)!);
  let best = { error: Infinity, lambda: penalties[0]!, held: [] as number[] };
  for (const lambda of penalties) {
    const held = outOfFold(X, y, fold, folds, (trainX, trainY) => fitRidge(trainX, trainY, lambda));
    const error = meanAbsolute(held.map((value, i) => value - y[i]!));
    if (error < best.error) best = { error, lambda, held };
  }
  const residuals = best.held.map((value, i) => Math.abs(value - y[i]!));
  const sizes = scalesOf(X, best.held, residuals);
  const scores = residuals.map((residual, i) => residual / sizes.at(best.held[i]!));
  const ridge = fitRidge(X, y, best.lambda);
  const width = conformalQuantile(scores, options.level);
  return {
    target: options.target,
    features,
    observations: y.length,
    mae: best.error,
    baselineMae: meanAbsolute(outOfFold(X, y, fold, folds, fitMean).map((v, i) => v - y[i]!)),
    coverage: coverageOf(scores, fold, folds, options.level),
    level: options.level,
    predict(values) {
      const value = ridge.predict(features.map((name) => values[name] ?? 0));
      const half = width * sizes.at(value);
      return { value, low: value - half, high: value + half };
    },
  };
}

function check(
  observations: readonly Observation[],
  { target, level }: ModelOptions,
  groups: number,
  folds: number,
): void {
  const refuse = (what: string): never => {
    throw new UmbraError('INVALID_INPUT', `model of ${target}: ${what}`);
  };
  if (!(level > 0 && level < 1)) refuse(`level ${level}, must be above 0 and below 1`);
  if (!(Number.isInteger(folds) && folds >= 2)) refuse(`${folds} folds, must be 2 or more`);
  if (groups < folds) refuse(`${groups} scenarios, ${folds} or more are needed`);
  const least = Math.ceil(level / (1 - level) - 1e-9);
  if (observations.length < least) {
    refuse(`${observations.length} observations, level ${level} needs ${least}`);
  }
  const names = Object.keys(observations[0]!.features);
  observations.forEach((observation, i) => {
    const { features } = observation;
    if (!Number.isFinite(observation.target)) {
      refuse(`observation ${i}: target is ${observation.target}`);
    }
    for (const name of names) {
      if (!Number.isFinite(features[name]))
        refuse(`observation ${i}: '${name}' is ${features[name]}`);
    }
    const extra = Object.keys(features).find((name) => !names.includes(name));
    if (extra !== undefined) refuse(`observation ${i}: '${extra}' is not in the others`);
  });
}

function fitMean(_: number[][], y: number[]): Pick<Ridge, 'predict'> {
  const mean = y.reduce((sum, value) => sum + value, 0) / y.length;
  return { predict: () => mean };
}

/** Predictions of each observation by a model that has not seen its fold. */
function outOfFold(
  X: number[][],
  y: number[],
  fold: number[],
  folds: number,
  fit: (X: number[][], y: number[]) => Pick<Ridge, 'predict'>,
): number[] {
  const held = new Array<number>(y.length).fill(0);
  for (let f = 0; f < folds; f++) {
    const isTraining = (_: unknown, i: number): boolean => fold[i] !== f;
    const model = fit(X.filter(isTraining), y.filter(isTraining));
    X.forEach((row, i) => {
      if (fold[i] === f) held[i] = model.predict(row);
    });
  }
  return held;
}

/** Typical residual by size of the prediction, so that intervals widen where errors are larger. */
function scalesOf(
  X: number[][],
  predictions: number[],
  residuals: number[],
): { at(prediction: number): number } {
  const overall = meanAbsolute(residuals);
  const floor = Math.max(overall * 0.1, 1e-12);
  const order = predictions.map((_, i) => i).sort((a, b) => predictions[a]! - predictions[b]!);
  const bins = Math.max(1, Math.min(8, Math.floor(X.length / 40)));
  const edges: number[] = [];
  const scales: number[] = [];
  for (let b = 0; b < bins; b++) {
    const part = order.slice(
      Math.floor((b * order.length) / bins),
      Math.floor(((b + 1) * order.length) / bins),
    );
    edges.push(predictions[part.at(-1)!]!);
    scales.push(Math.max(floor, meanAbsolute(part.map((i) => residuals[i]!))));
  }
  return {
    at(prediction) {
      const bin = edges.findIndex((edge) => prediction <= edge);
      return scales[bin < 0 ? scales.length - 1 : bin]!;
    },
  };
}

/** The ceil((n + 1) level)-th smallest score: covers `level` of exchangeable new ones. */
function conformalQuantile(scores: readonly number[], level: number): number {
  const sorted = [...scores].sort((a, b) => a - b);
  // Less than the rounding of the product, lest it cost a whole rank.
  const rank = Math.ceil((sorted.length + 1) * level - 1e-9);
  return sorted[Math.min(rank, sorted.length) - 1]!;
}

/** Each fold's coverage by the quantile of the others. */
function coverageOf(scores: number[], fold: number[], folds: number, level: number): number {
  let covered = 0;
  for (let f = 0; f < folds; f++) {
    const width = conformalQuantile(
      scores.filter((_, i) => fold[i] !== f),
      level,
    );
    covered += scores.filter((score, i) => fold[i] === f && score <= width).length;
  }
  return covered / scores.length;
}

function meanAbsolute(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + Math.abs(value), 0) / Math.max(1, values.length);
}
