import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Random } from "../src/array/random.ts";
import {
  extent,
  findNonFinite,
  mean,
  median,
  moments,
  percentile,
  percentiles,
  StreamingHistogram,
} from "../src/array/statistics.ts";

const golden = JSON.parse(readFileSync(new URL("fixtures/evaluate/filters.json", import.meta.url), "utf8"));

describe("percentiles", () => {
  const { percents, signed, counts } = golden.percentiles;

  it("equal numpy's for floats of both signs and any size", () => {
    const found = percentiles(Float32Array.from(signed.data), percents);
    found.forEach((v, i) => {
      expect(Math.abs(v - signed.out[i])).toBeLessThanOrEqual(1e-12 * Math.abs(signed.out[i]));
    });
  });

  it("equal numpy's for integers, whatever type holds them", () => {
    for (const data of [Uint16Array.from(counts.data), Float32Array.from(counts.data)])
      percentiles(data, percents).forEach((v, i) => {
        expect(v).toBeCloseTo(counts.out[i], 9);
      });
  });

  it("equal what sorting gives, for any floats and any order of the percentages", () => {
    const floats = fc.array(fc.float({ noNaN: true, noDefaultInfinity: true, min: -(2 ** 100), max: 2 ** 100 }), {
      minLength: 1,
    });
    const asked = fc.array(fc.integer({ min: 0, max: 100 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(floats, asked, (values, percents) => {
        const data = Float32Array.from(values);
        const sorted = data.slice().sort();
        const before = data.slice();
        const found = percentiles(data, percents);
        percents.forEach((p, i) => {
          const at = (p / 100) * (data.length - 1);
          const low = sorted[Math.floor(at)];
          const high = sorted[Math.ceil(at)];
          expect(found[i]).toBe(low + (high - low) * (at - Math.floor(at)));
        });
        expect(data).toEqual(before);
      }),
      { seed: 1, numRuns: 200 },
    );
  });

  it("of a part of a buffer see only that part", () => {
    const whole = Float32Array.of(9, 9, 9, 1, 2, 3, 9, 9);
    expect(median(whole.subarray(3, 6))).toBe(2);
    expect(percentile(whole.subarray(3, 6), 75)).toBe(2.5);
  });

  it("refuse percentages outside 0..100, no values, NaN and infinity", () => {
    expect(() => percentiles(Float32Array.of(1), [101])).toThrow(/0 to 100/);
    expect(() => percentiles(new Float32Array(0), [50])).toThrow(/at least one pixel/);
    expect(() => median(Float32Array.of(1, Number.NaN))).toThrow(/value 1 is NaN/);
    expect(() => median(Float32Array.of(1, 2, Number.NEGATIVE_INFINITY))).toThrow(/value 2 is -Infinity/);
  });

  it("of 4 million floats take less than a second", () => {
    const random = new Random(3);
    const data = Float32Array.from({ length: 4_000_000 }, () => random.uniform() * 1000);
    const start = performance.now();
    const [low, high] = percentiles(data, [2, 99.8]);
    expect(performance.now() - start).toBeLessThan(1000);
    expect(low).toBeCloseTo(20, 0);
    expect(high).toBeCloseTo(998, 0);
  });
});

describe("a streaming histogram", () => {
  it("gives the exact percentiles of 16-bit counts that came in pieces", () => {
    const { percents, counts } = golden.percentiles;
    const histogram = new StreamingHistogram();
    histogram.add(Uint16Array.from(counts.data.slice(0, 1000)));
    histogram.add(Float32Array.from(counts.data.slice(1000)));
    expect(histogram.count).toBe(counts.data.length);
    histogram.percentiles(percents).forEach((v, i) => {
      expect(v).toBeCloseTo(counts.out[i], 9);
    });
  });

  it("is within 2^-11 of the exact percentiles of floats", () => {
    const { percents, signed } = golden.percentiles;
    const histogram = new StreamingHistogram();
    for (let i = 0; i < signed.data.length; i += 700) histogram.add(Float32Array.from(signed.data.slice(i, i + 700)));
    histogram.percentiles(percents).forEach((v, i) => {
      expect(Math.abs(v - signed.out[i])).toBeLessThanOrEqual(2 ** -11 * Math.abs(signed.out[i]) + 1e-6);
    });
  });

  it("refuses what is not a number, and percentiles of nothing", () => {
    expect(() => new StreamingHistogram().percentiles([50])).toThrow(/empty/);
    expect(() => new StreamingHistogram().add(Float32Array.of(0, Number.NaN))).toThrow(/value 1 is NaN/);
  });
});

describe("moments, extent, finite check", () => {
  it("a large offset costs no digits", () => {
    const data = Float64Array.of(1e9 + 1, 1e9 + 2, 1e9 + 3, 1e9 + 6);
    expect(mean(data)).toBe(1e9 + 3);
    expect(moments(data)).toEqual({ mean: 1e9 + 3, variance: 3.5 });
  });

  it("extent passes over NaN and refuses nothing at all", () => {
    expect(extent(Float32Array.of(3, Number.NaN, -2))).toEqual({ min: -2, max: 3 });
    expect(() => extent(new Float32Array(0))).toThrow(/at least one pixel/);
  });

  it("finds the first value that is not finite", () => {
    expect(findNonFinite(Float32Array.of(1, 2, 3))).toBe(-1);
    expect(findNonFinite(Float32Array.of(1, Number.POSITIVE_INFINITY, Number.NaN))).toBe(1);
    expect(findNonFinite(Uint16Array.of(1))).toBe(-1);
  });
});
