/** A weighted linear least-squares fit by the normal equations; for a handful of columns. */

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
  const matrix = Array.from({ length: n }, () => new Float64Array(n + 1));
  let total = 0;
  rows.forEach((row, i) => {
    for (let a = 0; a < n; a++) {
      const weighted = weights[i] * row[a];
      for (let b = a; b < n; b++) matrix[a][b] += weighted * row[b];
      matrix[a][n] += weighted * values[i];
    }
    total += weights[i] * values[i] ** 2;
  });
  for (let a = 0; a < n; a++) for (let b = 0; b < a; b++) matrix[a][b] = matrix[b][a];
  const right = matrix.map((row) => row[n]);
  // A trace on the diagonal keeps columns that are alike from dividing by 0.
  for (let a = 0; a < n; a++) matrix[a][a] *= 1 + 1e-9;
  for (let a = 0; a < n; a++) {
    for (let b = a + 1; b < n; b++) {
      const factor = matrix[b][a] / matrix[a][a];
      for (let c = a; c <= n; c++) matrix[b][c] -= factor * matrix[a][c];
    }
  }
  const coefficients = new Float64Array(n);
  for (let a = n - 1; a >= 0; a--) {
    let sum = matrix[a][n];
    for (let b = a + 1; b < n; b++) sum -= matrix[a][b] * coefficients[b];
    coefficients[a] = sum / matrix[a][a];
  }
  const explained = coefficients.reduce((sum, value, a) => sum + value * right[a], 0);
  return { coefficients, residual: Math.max(0, total - explained) };
}
