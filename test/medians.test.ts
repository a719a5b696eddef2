import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { clamp } from "../src/array/clamp.ts";
import { meanOfKnown } from "../src/array/mean-of-known.ts";
import { median, percentiles, upperMedian } from "../src/array/statistics.ts";
import { weightedMedian } from "../src/array/weighted-median.ts";

const values = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 40 });

describe("medians of lists", () => {
  it("lie between equal halves, in the middle of the two where there are two", () => {
    expect(median([5, 1, 3])).toBe(3);
    expect(median([5, 1, 3, 4])).toBe(3.5);
    expect(median([0.1, 0.3])).toBe(0.2);
    expect(median([])).toBeNaN();
    fc.assert(
      fc.property(values, (list) => {
        const kept = [...list];
        const middle = median(list);
        expect(list).toEqual(kept);
        expect(list.filter((v) => v < middle).length).toBeLessThanOrEqual(list.length / 2);
        expect(list.filter((v) => v > middle).length).toBeLessThanOrEqual(list.length / 2);
        const pixels = Float32Array.from(list);
        expect(Math.abs(median([...pixels]) - median(pixels))).toBeLessThanOrEqual(1e-9 * Math.abs(middle));
      }),
    );
  });

  it("keep full precision, unlike those of pixels", () => {
    expect(median([1 + 1e-12])).toBe(1 + 1e-12);
    expect(percentiles([1, 1 + 1e-12], [100])[0]).toBe(1 + 1e-12);
  });

  it("are one of the values where the upper one is asked for", () => {
    expect(upperMedian([5, 1, 3, 4])).toBe(4);
    expect(upperMedian(Float32Array.of(5, 1, 3))).toBe(3);
    expect(upperMedian([])).toBeNaN();
    fc.assert(
      fc.property(values, (list) => {
        expect(list).toContain(upperMedian(list));
        expect(upperMedian(list)).toBeGreaterThanOrEqual(median(list));
      }),
    );
  });
});

describe("percentiles of lists", () => {
  it("are those of pixels of the same values", () => {
    fc.assert(
      fc.property(values, (list) => {
        const pixels = Float32Array.from(list);
        const percents = [0, 12.5, 25, 50, 99.9, 100];
        expect(percentiles([...pixels], percents)).toEqual(percentiles(pixels, percents));
      }),
    );
  });

  it("refuse what is no number", () => {
    expect(() => percentiles([1, Number.NaN], [50])).toThrow("value 1 is NaN");
  });
});

describe("weightedMedian", () => {
  it("has the least sum of weighted distances", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: -50, max: 50 }), fc.integer({ min: 1, max: 9 })), { minLength: 1 }),
        (all) => {
          const [list, weights] = [all.map(([v]) => v), all.map(([, w]) => w)];
          const distances = (to: number) => list.reduce((sum, v, i) => sum + weights[i] * Math.abs(v - to), 0);
          expect(distances(weightedMedian(list, weights))).toBe(Math.min(...list.map(distances)));
        },
      ),
    );
  });

  it("counts a weight as so many values", () => {
    expect(weightedMedian([1, 2, 10], [1, 1, 3])).toBe(10);
    expect(weightedMedian([], [])).toBeNaN();
  });
});

it("meanOfKnown leaves out what is unknown or not finite", () => {
  expect(meanOfKnown([1, undefined, 4, Number.NaN, Number.POSITIVE_INFINITY])).toBe(2.5);
  expect(meanOfKnown([undefined, Number.NaN])).toBeUndefined();
});

it("clamp keeps a value within its limits", () => {
  expect([-1, 0.25, 7].map((v) => clamp(v, 0, 1))).toEqual([0, 0.25, 1]);
});
