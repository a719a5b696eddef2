/**
 * Non-linear least squares with bounds.
 *
 * Source: Marquardt, J. SIAM 11, 431 (1963), with damping scaled by the diagonal; derivatives by differences, standard
 * errors from the residual's variance and the inverse of J^T J (Press et al., Numerical Recipes, 15.5).
 */
import { throwIfAborted } from "../../errors.ts";

export interface Parameter {
  value: number;
  min: number;
  max: number;
  /** A change that matters: derivatives take a hundredth of it, convergence a thousandth. */
  scale: number;
}

export interface LeastSquaresOptions {
  maxIterations?: number | undefined;
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: { done: number; total: number }) => void) | undefined;
}

export interface LeastSquares {
  values: number[];
  /** One standard deviation each, as far as residuals are independent; Infinity for what the data do not say. */
  errors: number[];
  residuals: Float64Array;
  /** Derivatives of the residuals by each parameter, where the last step began. */
  slopes: Float64Array[];
  /** Their sum of squares. */
  cost: number;
  iterations: number;
  /** No parameter moved by a thousandth of its scale any more, or the cost fell by less than a hundred thousandth. */
  converged: boolean;
}

/**
 * Minimises the sum of squares. Lets the caller's events through between steps.
 * @param residuals of parameters, always as many; the array is kept
 * @throws `interrupted`
 */
export async function leastSquares(
  residuals: (values: readonly number[]) => Float64Array,
  parameters: readonly Parameter[],
  options: LeastSquaresOptions = {},
): Promise<LeastSquares> {
  const { maxIterations = 25, signal, onProgress } = options;
  const count = parameters.length;
  const within = (values: readonly number[]) =>
    values.map((v, i) => Math.min(parameters[i].max, Math.max(parameters[i].min, v)));
  let values = within(parameters.map(({ value }) => value));
  let here = residuals(values);
  let cost = squares(here);
  let damping = 1e-3;
  let iterations = 0;
  let converged = count === 0;
  let slopes: Float64Array[] = [];
  let normal: Float64Array = new Float64Array(count * count);
  while (!converged && iterations < maxIterations) {
    iterations++;
    const slope = await jacobian(residuals, values, here, parameters, signal);
    slopes = slope;
    normal = products(slope);
    const gradient = slope.map((column) => dot(column, here));
    let improved = false;
    while (!improved && damping < 1e10) {
      throwIfAborted(signal);
      const damped = normal.map((v, i) => (i % (count + 1) === 0 ? v * (1 + damping) + 1e-300 : v));
      const move = solve(damped, gradient);
      const next = within(values.map((v, i) => v - move[i]));
      const tried = residuals(next);
      const reached = squares(tried);
      if (reached < cost) {
        const small = next.every((v, i) => Math.abs(v - values[i]) < 1e-3 * parameters[i].scale);
        converged = small || cost - reached < 1e-5 * cost;
        values = next;
        here = tried;
        cost = reached;
        damping = Math.max(1e-9, damping / 10);
        improved = true;
      } else damping *= 10;
    }
    // Nothing better anywhere near.
    if (!improved) converged = true;
    onProgress?.({ done: iterations, total: maxIterations });
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  const freedom = Math.max(1, here.length - count);
  const errors = parameters.map((_, i) => {
    const unit = parameters.map((__, j) => (i === j ? 1 : 0));
    const variance = (solve(normal, unit)[i] * cost) / freedom;
    return variance >= 0 && Number.isFinite(variance) ? Math.sqrt(variance) : Number.POSITIVE_INFINITY;
  });
  return { values, errors, residuals: here, slopes, cost, iterations, converged };
}

async function jacobian(
  residuals: (values: readonly number[]) => Float64Array,
  values: readonly number[],
  here: Float64Array,
  parameters: readonly Parameter[],
  signal: AbortSignal | undefined,
): Promise<Float64Array[]> {
  const columns: Float64Array[] = [];
  for (let i = 0; i < values.length; i++) {
    throwIfAborted(signal);
    const { scale, max } = parameters[i];
    const step = (values[i] + 0.01 * scale <= max ? 0.01 : -0.01) * scale;
    const moved = residuals(values.map((v, j) => (i === j ? v + step : v)));
    columns.push(moved.map((v, k) => (v - here[k]) / step));
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  return columns;
}

const squares = (values: Float64Array) => dot(values, values);

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/** J^T J */
export function products(columns: readonly Float64Array[]): Float64Array {
  return Float64Array.from(columns.flatMap((a) => columns.map((b) => dot(a, b))));
}

/** Solves a small linear system by elimination with pivots; what is singular gives numbers that are not finite. */
export function solve(matrix: Float64Array, right: readonly number[]): number[] {
  const n = right.length;
  const rows = right.map((value, i) => [...matrix.subarray(i * n, (i + 1) * n), value]);
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
