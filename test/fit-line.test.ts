import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fitLine, fitLineInOnePass, slopesOfPairs } from "../src/array/fit-line.ts";
import { Random } from "../src/array/random.ts";
import { median } from "../src/array/statistics.ts";

const number = fc.double({ min: -10, max: 10, noNaN: true });
/** 2 to 30 points with weights, the first two of which lie apart. */
const points = fc
  .array(fc.tuple(number, number, fc.double({ min: 0.1, max: 3, noNaN: true })), { minLength: 2, maxLength: 30 })
  .map((all) => ({
    x: all.map(([x], i) => (i < 2 ? 5 - 10 * i : x)),
    y: all.map(([, y]) => y),
    weights: all.map(([, , weight]) => weight),
  }));

describe("fitLine", () => {
  it("leaves residuals that have no mean and no slope, weighted", () => {
    fc.assert(
      fc.property(points, ({ x, y, weights }) => {
        const { slope, meanX, meanY } = fitLine({ x, y, weights });
        const residuals = x.map((at, i) => y[i] - meanY - slope * (at - meanX));
        const sum = (of: (i: number) => number) => x.reduce((total, _, i) => total + weights[i] * of(i), 0);
        expect(Math.abs(sum((i) => residuals[i]))).toBeLessThan(1e-8);
        expect(Math.abs(sum((i) => residuals[i] * (x[i] - meanX)))).toBeLessThan(1e-8);
      }),
    );
  });

  it("takes a weight of 2 for two points, and sets for one", () => {
    fc.assert(
      fc.property(points, ({ x, y }) => {
        const twice = fitLine({ x: [...x, ...x], y: [...y, ...y] });
        const weighted = fitLine({ x, y, weights: x.map(() => 2) });
        const sets = fitLine({ x, y }, { x, y });
        for (const key of ["slope", "meanX", "meanY", "spread", "shared"] as const) {
          expect(Math.abs(weighted[key] - twice[key])).toBeLessThan(1e-9 * (1 + Math.abs(twice[key])));
          expect(Math.abs(sets[key] - twice[key])).toBeLessThan(1e-9 * (1 + Math.abs(twice[key])));
        }
      }),
    );
  });

  it("loses no digits to a large offset", () => {
    const x = Float64Array.from({ length: 9 }, (_, i) => 1e9 + i);
    expect(fitLine({ x, y: x.map((at) => 0.5 * (at - 1e9)) }).slope).toBe(0.5);
  });

  it("has no slope where all points lie at one x", () => {
    expect(fitLine({ x: [2, 2, 2], y: [1, 2, 3] })).toMatchObject({ slope: Number.NaN, meanX: 2, meanY: 2, spread: 0 });
  });
});

describe("fitLineInOnePass", () => {
  it("finds the same line", () => {
    fc.assert(
      fc.property(points, ({ x, y }) => {
        const [two, one] = [fitLine({ x, y }), fitLineInOnePass({ x, y })];
        expect(Math.abs(one.slope - two.slope)).toBeLessThan(1e-6 * (1 + Math.abs(two.slope)));
        expect(Math.abs(one.intercept + one.slope * two.meanX - two.meanY)).toBeLessThan(1e-6);
      }),
    );
  });
});

describe("slopesOfPairs", () => {
  it("gives one slope for each pair of points whose x differ", () => {
    expect(slopesOfPairs({ x: [0, 1, 1, 3], y: [0, 2, 4, 3] }).sort((a, b) => a - b)).toEqual([-0.5, 0.5, 1, 2, 4]);
  });

  it("has a median that a quarter of wild points leave where it is", () => {
    const random = new Random(5);
    const x = Array.from({ length: 40 }, (_, i) => i);
    const y = x.map((at, i) => 3 * at + 1 + 0.1 * random.normal() + (i % 4 === 1 ? 500 * random.uniform() : 0));
    expect(Math.abs(median(slopesOfPairs({ x, y })) - 3)).toBeLessThan(0.1);
    expect(Math.abs(fitLine({ x, y }).slope - 3)).toBeGreaterThan(0.1);
  });
});
