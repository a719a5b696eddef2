/** A weighted linear least-squares fit by the normal equations; for a handful of columns. */
import { solvePositive } from "../../array/solve-linear.ts";

export interface WeightedFit {
  coefficients: Float64Array;
  /** Weighted sum of squares that is left. */
  residual: number;
}

/**
 * @param rows one for each value, all of one length
 * @param weights 0 or more
 */
export function weightedFit(
  rows: readonly (readonly number[])[],
  values: readonly number[],
  weights: readonly number[],
): WeightedFit {
  const n = rows[0].length;
  const matrix = Array.from({ length: n }, () => new Float64Array(n));
  const right = new Float64Array(n);
  let total = 0;
  rows.forEach((row, i) => {
    for (let a = 0; a < n; a++) {
      const weighted = weights[i] * row[a];
      for (let b = a; b < n; b++) matrix[a][b] += weighted * row[b];
      right[a] += weighted * values[i];
    }
    total += weights[i] * values[i] ** 2;
  });
  for (let a = 0; a < n; a++) for (let b = 0; b < a; b++) matrix[a][b] = matrix[b][a];
  // A trace on the diagonal keeps columns that are alike from dividing by 0.
  for (let a = 0; a < n; a++) matrix[a][a] *= 1 + 1e-9;
  const coefficients = right.slice();
  solvePositive(matrix, [coefficients]);
  const explained = coefficients.reduce((sum, value, a) => sum + value * right[a], 0);
  return { coefficients, residual: Math.max(0, total - explained) };
}
