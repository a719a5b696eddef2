import { runThrough } from "./breathe.ts";
import { levenbergMarquardt } from "./levenberg-marquardt.ts";

/** The value of a model at t; writes its derivatives by the parameters into `slopes`. */
export type CurveModel = (parameters: readonly number[], t: number, slopes: Float64Array) => number;

/**
 * The parameters that bring a curve nearest to values at places t, in the sum of squares, from a start.
 *
 * @param t, values as many of one as of the other
 * @param start of the parameters, of which the second is a width
 * @param options.leastWidth of the second parameter, default 0.2
 * @returns the parameters and the sum of squares that is left
 */
export function fitCurve(
  model: CurveModel,
  t: Float64Array,
  values: Float64Array,
  start: readonly number[],
  { leastWidth = 0.2 }: { leastWidth?: number } = {},
): { parameters: number[]; cost: number } {
  const at = new Float64Array(start.length);
  const problem = {
    start,
    within: (parameters: number[]) => parameters.map((v, i) => (i === 1 ? Math.max(leastWidth, v) : v)),
    residuals: (parameters: readonly number[]) => t.map((place, i) => model(parameters, place, at) - values[i]),
    *slopes(parameters: readonly number[]): Generator<void, Float64Array[]> {
      const columns = start.map(() => new Float64Array(t.length));
      t.forEach((place, i) => {
        model(parameters, place, at);
        for (let a = 0; a < columns.length; a++) columns[a][i] = at[a];
      });
      return columns;
    },
  };
  const found = runThrough(
    levenbergMarquardt(problem, {
      maxIterations: 60,
      ridge: 1e-12,
      lowered: (damping) => damping * 0.1,
      settled: ({ before, after }) => before - after < 1e-8 * (after + 1e-12),
    }),
  );
  return { parameters: found.values, cost: found.cost };
}
