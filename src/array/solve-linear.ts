/**
 * Small dense systems of linear equations: a few to a few hundred unknowns.
 *
 * Source: Golub & Van Loan, Matrix Computations (4th edition, 2013), sections 3.2 to 3.4 and 4.2.
 */

/**
 * Solves `matrix x = right` for every right side, by Gauss and Jordan's elimination with partial pivoting.
 *
 * @param matrix `[n, n]`; overwritten
 * @param rights `[k, n]`, any number of right sides; they become the solutions
 * @param leastPivot a pivot of this size or less makes the matrix singular; 0 by default
 * @returns false for a singular matrix, or one that holds NaN; the right sides are then of no use
 */
export function solveLinear(matrix: Float64Array[], rights: readonly Float64Array[], leastPivot = 0): boolean {
  const n = matrix.length;
  for (let c = 0; c < n; c++) {
    let pivot = c;
    for (let r = c + 1; r < n; r++) if (Math.abs(matrix[r][c]) > Math.abs(matrix[pivot][c])) pivot = r;
    if (!(Math.abs(matrix[pivot][c]) > leastPivot)) return false;
    [matrix[c], matrix[pivot]] = [matrix[pivot], matrix[c]];
    for (const right of rights) [right[c], right[pivot]] = [right[pivot], right[c]];
    for (let r = 0; r < n; r++) {
      if (r === c) continue;
      const factor = matrix[r][c] / matrix[c][c];
      for (let k = c; k < n; k++) matrix[r][k] -= factor * matrix[c][k];
      for (const right of rights) right[r] -= factor * right[c];
    }
  }
  for (const right of rights) for (let i = 0; i < n; i++) right[i] /= matrix[i][i];
  return true;
}

/**
 * The same for a symmetric positive definite matrix, such as the normal equations of least squares: without pivots, and
 * with a third of the multiplications of {@link solveLinear}.
 *
 * @param matrix `[n, n]`; overwritten. It is not tested: a singular one gives numbers that are not finite, or very large
 * @param rights `[k, n]`, any number of right sides; they become the solutions
 */
export function solvePositive(matrix: readonly Float64Array[], rights: readonly Float64Array[]): void {
  const n = matrix.length;
  for (let k = 0; k < n; k++)
    for (let i = k + 1; i < n; i++) {
      const factor = matrix[i][k] / matrix[k][k];
      if (factor === 0) continue;
      for (let j = k; j < n; j++) matrix[i][j] -= factor * matrix[k][j];
      for (const right of rights) right[i] -= factor * right[k];
    }
  for (const right of rights)
    for (let i = n - 1; i >= 0; i--) {
      for (let j = i + 1; j < n; j++) right[i] -= matrix[i][j] * right[j];
      right[i] /= matrix[i][i];
    }
}

/**
 * @param matrix `[n, n]`; kept
 * @returns the columns of its inverse, `[n, n]`; undefined for a singular matrix, or one that holds NaN
 */
export function invertMatrix(matrix: readonly Float64Array[]): Float64Array[] | undefined {
  const columns = matrix.map((_, i) => Float64Array.from(matrix, (__, j) => (i === j ? 1 : 0)));
  const solved = solveLinear(
    matrix.map((row) => row.slice()),
    columns,
  );
  return solved ? columns : undefined;
}
