/** Ridge regression by normal equations, in 64 bits: standardised features, free intercept. */
import { CholeskyDecomposition, Matrix } from 'ml-matrix';
import { assert } from '../base/assert.js';

/** Standard deviation over mean from which a feature counts as varying. */
const RELATIVE_VARIATION = 1e-12;

/** A fitted plane. Features are in the order they were given. */
export interface Ridge {
  predict(features: readonly number[]): number;
  /** Weights of the standardised features. */
  weights: number[];
}

/**
 * Fits y to X.
 * @param X rows of features, n by p
 * @param y n targets
 * @param lambda penalty per observation, above 0
 */
export function fitRidge(X: readonly number[][], y: readonly number[], lambda: number): Ridge {
  const n = X.length;
  assert(n > 0 && y.length === n && lambda > 0, 'rows, targets and a penalty');
  const p = X[0]!.length;
  const means = new Array<number>(p).fill(0);
  const deviations = new Array<number>(p).fill(0);
  for (const row of X) row.forEach((value, j) => (means[j]! += value / n));
  for (const row of X) row.forEach((value, j) => (deviations[j]! += (value - means[j]!) ** 2 / n));
  // A feature that never varies says nothing: its weight is 0. What varies less than the rounding
  // of its mean is taken for constant.
  const scales = deviations.map((variance, j) => {
    return variance > (RELATIVE_VARIATION * means[j]!) ** 2 ? 1 / Math.sqrt(variance) : 0;
  });
  const yMean = y.reduce((sum, value) => sum + value, 0) / n;
  const gram = Matrix.zeros(p, p);
  const moment = Matrix.zeros(p, 1);
  const z = new Array<number>(p);
  X.forEach((row, i) => {
    for (let j = 0; j < p; j++) z[j] = (row[j]! - means[j]!) * scales[j]!;
    const residual = y[i]! - yMean;
    for (let j = 0; j < p; j++) {
      moment.set(j, 0, moment.get(j, 0) + z[j]! * residual);
      for (let k = 0; k <= j; k++) gram.set(j, k, gram.get(j, k) + z[j]! * z[k]!);
    }
  });
  for (let j = 0; j < p; j++) {
    gram.set(j, j, gram.get(j, j) + lambda * n);
    for (let k = j + 1; k < p; k++) gram.set(j, k, gram.get(k, j));
  }
  const weights = new CholeskyDecomposition(gram).solve(moment).to1DArray();
  return {
    weights,
    predict: (features) =>
      features.reduce(
        (sum, value, j) => sum + weights[j]! * (value - means[j]!) * scales[j]!,
        yMean,
      ),
  };
}
