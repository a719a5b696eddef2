/**
 * Non-linear least squares by Levenberg and Marquardt: between Newton's step and the steepest descent.
 *
 * Source: Marquardt, J. SIAM 11, 431 (1963), with damping scaled by the diagonal. fit-curve.ts fits a curve whose
 * derivatives are known with it, and least-squares.ts any residuals, by differences.
 */
import { solveLinear } from "./solve-linear.ts";

/** What is minimised: the sum of squares of residuals. */
export interface ResidualProblem {
  /** Parameters to begin with, `[parameter]`. */
  start: readonly number[];
  /** Brings parameters to their bounds, by default they have none. */
  within?: ((values: number[]) => number[]) | undefined;
  /** Model minus data, always as many; the array is kept. */
  residuals(values: readonly number[]): Float64Array;
  /** Derivatives of the residuals by each parameter, `[parameter][residual]`. Yields wherever it may be interrupted. */
  slopes(values: readonly number[], residuals: Float64Array): Generator<void, Float64Array[]>;
}

/** How the minimum is approached. The damping begins at 0.001 and is multiplied by 10 as long as a step does not help. */
export interface Descent {
  maxIterations: number;
  /** Added to the diagonal of J^T J, so that a parameter without any effect does not make it singular. */
  ridge: number;
  /** The damping after a step that helped. */
  lowered(damping: number): number;
  /** Whether a step that helped was so short, or gained so little, that it was the last. */
  settled(step: { from: readonly number[]; to: readonly number[]; before: number; after: number }): boolean;
  /** Called after every iteration with how many there were. */
  onIteration?: ((done: number) => void) | undefined;
}

export interface Minimum {
  values: number[];
  residuals: Float64Array;
  /** Derivatives of the residuals by each parameter, where the last step began. */
  slopes: Float64Array[];
  /** Sum of squares of the residuals. */
  cost: number;
  iterations: number;
  /** False where the iterations ended first. */
  converged: boolean;
}

/** Beyond this damping, steps are too short to change anything. */
const maxDamping = 1e10;

/** Minimises the sum of squares, as work that yields between steps: see breathe.ts. */
export function* levenbergMarquardt(problem: ResidualProblem, descent: Descent): Generator<void, Minimum> {
  const within = problem.within ?? ((tried: number[]) => tried);
  let values = within([...problem.start]);
  let residuals = problem.residuals(values);
  let cost = dot(residuals, residuals);
  let slopes: Float64Array[] = [];
  let damping = 1e-3;
  let iterations = 0;
  let converged = values.length === 0;
  while (!converged && iterations < descent.maxIterations) {
    iterations++;
    slopes = yield* problem.slopes(values, residuals);
    const normal = products(slopes);
    const gradient = Float64Array.from(slopes, (column) => dot(column, residuals));
    let improved = false;
    while (!improved && damping < maxDamping) {
      yield;
      const from = values;
      const move = dampedMove(normal, gradient, damping, descent.ridge);
      const to = move && within(from.map((v, i) => v - move[i]));
      const tried = to && problem.residuals(to);
      const after = tried ? dot(tried, tried) : Number.NaN;
      if (to && tried && after < cost) {
        converged = descent.settled({ from, to, before: cost, after });
        [values, residuals, cost] = [to, tried, after];
        damping = descent.lowered(damping);
        improved = true;
      } else damping *= 10;
    }
    // Nothing better anywhere near.
    if (!improved) converged = true;
    descent.onIteration?.(iterations);
  }
  return { values, residuals, slopes, cost, iterations, converged };
}

function dampedMove(
  normal: readonly Float64Array[],
  gradient: Float64Array,
  damping: number,
  ridge: number,
): Float64Array | undefined {
  const damped = normal.map((row, a) => row.map((v, b) => (a === b ? v * (1 + damping) + ridge : v)));
  const move = gradient.slice();
  return solveLinear(damped, [move]) ? move : undefined;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/**
 * J^T J, `[n, n]`.
 * @param columns the n columns of J
 */
export function products(columns: readonly Float64Array[]): Float64Array[] {
  return columns.map((a) => Float64Array.from(columns, (b) => dot(a, b)));
}
