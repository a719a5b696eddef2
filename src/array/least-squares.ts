/**
 * Non-linear least squares with bounds, for residuals of which no derivatives are known.
 *
 * Source: levenberg-marquardt.ts; derivatives by differences, standard errors from the variance of the residuals and the
 * inverse of J^T J (Press et al., Numerical Recipes, 15.5).
 */
import { breatheThrough } from "./breathe.ts";
import { levenbergMarquardt, type Minimum, products } from "./levenberg-marquardt.ts";
import { invertMatrix } from "./solve-linear.ts";

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

export interface LeastSquares extends Minimum {
  /** One standard deviation each, as far as residuals are independent; Infinity for what the data do not say. */
  errors: number[];
}

/**
 * Minimises the sum of squares. It has converged where no parameter moved by a thousandth of its scale any more, or the
 * cost fell by less than a hundred thousandth. Lets the caller's events through between steps.
 *
 * @param residuals of parameters, model minus data, always as many; the array is kept
 * @param options.maxIterations default 25
 * @throws `interrupted`
 */
export async function leastSquares(
  residuals: (values: readonly number[]) => Float64Array,
  parameters: readonly Parameter[],
  options: LeastSquaresOptions = {},
): Promise<LeastSquares> {
  const { maxIterations = 25, signal, onProgress } = options;
  const problem = {
    start: parameters.map(({ value }) => value),
    within: (values: number[]) => values.map((v, i) => Math.min(parameters[i].max, Math.max(parameters[i].min, v))),
    residuals,
    slopes: (values: readonly number[], here: Float64Array) => differences(residuals, values, here, parameters),
  };
  const descent = {
    maxIterations,
    ridge: 1e-300,
    lowered: (damping: number) => Math.max(1e-9, damping / 10),
    settled({
      from,
      to,
      before,
      after,
    }: {
      from: readonly number[];
      to: readonly number[];
      before: number;
      after: number;
    }) {
      const small = to.every((v, i) => Math.abs(v - from[i]) < 1e-3 * parameters[i].scale);
      return small || before - after < 1e-5 * before;
    },
    onIteration: (done: number) => onProgress?.({ done, total: maxIterations }),
  };
  const found = await breatheThrough(levenbergMarquardt(problem, descent), signal);
  const freedom = Math.max(1, found.residuals.length - parameters.length);
  const inverse = invertMatrix(products(found.slopes));
  const errors = parameters.map((_, i) => {
    const variance = inverse ? (inverse[i][i] * found.cost) / freedom : Number.NaN;
    return variance >= 0 && Number.isFinite(variance) ? Math.sqrt(variance) : Number.POSITIVE_INFINITY;
  });
  return { ...found, errors };
}

/** Derivatives by each parameter, a step of a hundredth of its scale upwards, or downwards where it is at its bound. */
function* differences(
  residuals: (values: readonly number[]) => Float64Array,
  values: readonly number[],
  here: Float64Array,
  parameters: readonly Parameter[],
): Generator<void, Float64Array[]> {
  const columns: Float64Array[] = [];
  for (let i = 0; i < values.length; i++) {
    yield;
    const { scale, max } = parameters[i];
    const step = (values[i] + 0.01 * scale <= max ? 0.01 : -0.01) * scale;
    const moved = residuals(values.map((v, j) => (i === j ? v + step : v)));
    columns.push(moved.map((v, k) => (v - here[k]) / step));
  }
  return columns;
}
