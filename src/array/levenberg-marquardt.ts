/**
 * Least squares by Levenberg and Marquardt (Marquardt, J. SIAM 11, 431 (1963)): between Newton's step and the steepest descent.
 */

/** The value of a model at t; writes its derivatives by the parameters into `slopes`. */
export type CurveModel = (parameters: readonly number[], t: number, slopes: Float64Array) => number;

/**
 * Parameters that bring a curve nearest to values at places t, from a start.
 * @param options.leastWidth of the second parameter, which is a width
 * @returns the parameters and the sum of squares that is left
 */
export function levenbergMarquardt(
  model: CurveModel,
  t: Float64Array,
  values: Float64Array,
  start: readonly number[],
  { leastWidth = 0.2 }: { leastWidth?: number } = {},
): { parameters: number[]; cost: number } {
  const n = start.length;
  const slopes = new Float64Array(n);
  const costOf = (p: readonly number[]) => t.reduce((sum, at, i) => sum + (model(p, at, slopes) - values[i]) ** 2, 0);
  let parameters = [...start];
  let cost = costOf(parameters);
  let damping = 1e-3;
  for (let iteration = 0; iteration < 60 && damping < 1e10; iteration++) {
    const normal = Array.from({ length: n }, () => new Float64Array(n + 1));
    for (let i = 0; i < t.length; i++) {
      const residual = values[i] - model(parameters, t[i], slopes);
      for (let a = 0; a < n; a++) {
        for (let b = 0; b < n; b++) normal[a][b] += slopes[a] * slopes[b];
        normal[a][n] += slopes[a] * residual;
      }
    }
    let gain = 0;
    while (gain <= 0 && damping < 1e10) {
      const move = solve(
        normal.map((row, a) => row.map((v, b) => (a === b ? v * (1 + damping) + 1e-12 : v))),
        n,
      );
      const next = parameters.map((v, a) => v + move[a]);
      next[1] = Math.max(leastWidth, next[1]);
      const reached = costOf(next);
      gain = reached < cost ? cost - reached : 0;
      damping *= gain > 0 ? 0.1 : 10;
      if (gain > 0) {
        parameters = next;
        cost = reached;
      }
    }
    if (gain < 1e-8 * (cost + 1e-12)) break;
  }
  return { parameters, cost };
}

/** Solves n equations, the right side in column n, by elimination with pivots; overwrites them. */
function solve(rows: Float64Array[], n: number): number[] {
  for (let c = 0; c < n; c++) {
    let pivot = c;
    for (let r = c + 1; r < n; r++) if (Math.abs(rows[r][c]) > Math.abs(rows[pivot][c])) pivot = r;
    [rows[c], rows[pivot]] = [rows[pivot], rows[c]];
    for (let r = 0; r < n; r++) {
      if (r === c) continue;
      const factor = rows[r][c] / rows[c][c];
      for (let k = c; k <= n; k++) rows[r][k] -= factor * rows[c][k];
    }
  }
  return rows.map((row, i) => row[n] / row[i]);
}
