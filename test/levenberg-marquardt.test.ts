import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type CurveModel, fitCurve } from "../src/array/fit-curve.ts";
import { leastSquares } from "../src/array/least-squares.ts";

/**
 * Misra1a, a reference of the National Institute of Standards and Technology (Statistical Reference Datasets, public domain):
 * y = b1 (1 - exp(-b2 x)), with certified parameters, their standard deviations and the sum of squares that is left.
 */
const misra = {
  x: [77.6, 114.9, 141.1, 190.8, 239.9, 289, 332.8, 378.4, 434.8, 477.3, 536.8, 593.1, 689.1, 760],
  y: [10.07, 14.73, 17.94, 23.93, 29.61, 35.18, 40.02, 44.82, 50.76, 55.05, 61.01, 66.4, 75.47, 81.78],
  certified: [238.94212918, 5.5015643181e-4],
  deviations: [2.7070075241, 7.2668688436e-6],
  cost: 0.12455138894,
};
const saturating: CurveModel = ([b1, b2], x, slopes) => {
  const left = Math.exp(-b2 * x);
  slopes[0] = 1 - left;
  slopes[1] = b1 * x * left;
  return b1 * (1 - left);
};

const nearTo = (value: number, wanted: number, within: number): void =>
  expect(Math.abs(value - wanted)).toBeLessThanOrEqual(within * Math.abs(wanted));

describe("a fit by Levenberg and Marquardt", () => {
  const x = Float64Array.from(misra.x);
  const y = Float64Array.from(misra.y);

  it.each([
    [500, 1e-4],
    [250, 5e-4],
  ])("finds certified parameters with derivatives, from %d and %d", (...start) => {
    const { parameters, cost } = fitCurve(saturating, x, y, start, { leastWidth: 0 });
    parameters.forEach((value, i) => {
      nearTo(value, misra.certified[i], 1e-6);
    });
    nearTo(cost, misra.cost, 1e-8);
  });

  it("finds them by differences, and their standard deviations", async () => {
    const residuals = ([b1, b2]: readonly number[]) => x.map((at, i) => b1 * (1 - Math.exp(-b2 * at)) - y[i]);
    const found = await leastSquares(residuals, [
      { value: 250, min: 0, max: 1000, scale: 1 },
      { value: 5e-4, min: 0, max: 1, scale: 1e-6 },
    ]);
    expect(found.converged).toBe(true);
    found.values.forEach((value, i) => {
      nearTo(value, misra.certified[i], 1e-4);
    });
    found.errors.forEach((value, i) => {
      nearTo(value, misra.deviations[i], 1e-2);
    });
    nearTo(found.cost, misra.cost, 1e-4);
  });

  it("finds a Gaussian again without noise", () => {
    const bell: CurveModel = ([middle, sigma, height], t, slopes) => {
      const u = (t - middle) / sigma;
      const value = Math.exp(-0.5 * u * u);
      slopes[0] = (height * value * u) / sigma;
      slopes[1] = slopes[0] * u;
      slopes[2] = value;
      return height * value;
    };
    const t = Float64Array.from({ length: 41 }, (_, i) => i / 2 - 10);
    fc.assert(
      fc.property(
        fc.double({ min: -3, max: 3, noNaN: true }),
        fc.double({ min: 1, max: 3, noNaN: true }),
        fc.double({ min: 0.5, max: 20, noNaN: true }),
        (middle, sigma, height) => {
          const values = t.map((at) => bell([middle, sigma, height], at, new Float64Array(3)));
          const { parameters } = fitCurve(bell, t, values, [middle + 0.5, 1.3 * sigma, 1]);
          expect(Math.abs(parameters[0] - middle)).toBeLessThan(1e-3);
          expect(Math.abs(parameters[1] - sigma)).toBeLessThan(1e-3);
          expect(Math.abs(parameters[2] - height)).toBeLessThan(1e-3 * height);
        },
      ),
    );
  });

  it("keeps the width from falling below its least, and other parameters within their bounds", async () => {
    const narrow: CurveModel = ([middle, sigma], t, slopes) => {
      const u = (t - middle) / sigma;
      const value = Math.exp(-0.5 * u * u);
      slopes[0] = (value * u) / sigma;
      slopes[1] = slopes[0] * u;
      return value;
    };
    const t = Float64Array.from({ length: 9 }, (_, i) => i - 4);
    const spike = t.map((at) => (at === 0 ? 1 : 0));
    expect(fitCurve(narrow, t, spike, [0, 2], { leastWidth: 0.7 }).parameters[1]).toBe(0.7);
    const found = await leastSquares(([a]) => Float64Array.of(a - 5), [{ value: 0, min: -1, max: 2, scale: 0.1 }]);
    expect(found.values).toEqual([2]);
  });

  it("says Infinity for the error of what the data do not tell", async () => {
    const found = await leastSquares(
      ([a]) => Float64Array.of(a - 1, a - 1.1, a - 0.9),
      [1, 1].map((value) => ({ value, min: -9, max: 9, scale: 0.1 })),
    );
    expect(found.values[0]).toBeCloseTo(1, 6);
    expect(found.errors[1]).toBe(Number.POSITIVE_INFINITY);
  });

  it("stops when it is asked to", async () => {
    const parameters = [{ value: 0, min: -9, max: 9, scale: 0.1 }];
    await expect(
      leastSquares(([a]) => Float64Array.of(a - 1), parameters, { signal: AbortSignal.abort() }),
    ).rejects.toMatchObject({ code: "interrupted" });
  });
});
