/** Ring correlation against TU Delft's frc and numpy, and what a resolution has to obey. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { gaussianFilter } from "../src/array/filters.ts";
import { Random } from "../src/array/random.ts";
import { ParfocalError } from "../src/errors.ts";
import type { Plane } from "../src/image/image.ts";
import {
  fourierRingCorrelation,
  frcResolution,
  type RingCorrelation,
  singleImageCorrelation,
  singleImageResolution,
  splitImage,
} from "../src/metrics/fourier-ring-correlation.ts";
import { withNoise } from "./helpers/noise.ts";

interface Case {
  height: number;
  width: number;
  noise: number;
  correlation: number[];
}
const golden: { peer: Case[]; other: (Case & RingCorrelation & { binWidth: number })[]; single: Case[] } = JSON.parse(
  readFileSync(new URL("fixtures/evaluate/frc.json", import.meta.url), "utf8"),
);

/** The formulas of make_frc.py. */
function pictures({ height, width, noise }: Pick<Case, "height" | "width" | "noise">): [Plane, Plane] {
  const make = (s: number): Plane => {
    const data = new Float32Array(height * width);
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const hash = ((y * 7919 + x * 104729 + s * 1299709) % 1009) / 1009;
        const thing = 50 + 30 * Math.sin(y / 3) * Math.cos(x / 2.5) + 20 * Math.cos((y - 2 * x) / 4) + 0.05 * y;
        data[y * width + x] = thing + noise * (hash - 0.5);
      }
    return { data, height, width };
  };
  return [make(1), make(2)];
}

/** A specimen of points, blurred; and recordings of it with white noise. */
function specimen(size: number, sigma: number, seed: number): Plane {
  const random = new Random(seed);
  const data = new Float32Array(size * size);
  for (let i = 0; i < data.length / 40; i++) data[random.integer(data.length)] += 4000 * random.uniform();
  return gaussianFilter({ data, height: size, width: size }, sigma);
}

const within = (actual: readonly number[], expected: readonly number[], tolerance: number) => {
  expect(actual.length).toBe(expected.length);
  expect(Math.max(...actual.map((v, i) => Math.abs(v - expected[i])))).toBeLessThan(tolerance);
};

describe("fourierRingCorrelation", () => {
  it.each(golden.peer)("equals frc's two_frc: $height, noise $noise", (one) => {
    within(fourierRingCorrelation(...pictures(one)).correlation, one.correlation, 1e-5);
  });

  it.each(golden.other)("equals numpy: $height x $width, rings of $binWidth", (one) => {
    const curve = fourierRingCorrelation(...pictures(one), { binWidth: one.binWidth });
    within(curve.frequency, one.frequency, 1e-9);
    within(curve.correlation, one.correlation, 1e-9);
    expect(curve.count).toEqual(one.count);
  });

  it("is 1 of an image with itself, -1 with its negative, and 0 with zeros", () => {
    const [a] = pictures({ height: 37, width: 53, noise: 50 });
    const negative = { ...a, data: a.data.map((v) => 7 - 2 * v) };
    for (const v of fourierRingCorrelation(a, a).correlation) expect(v).toBeCloseTo(1, 9);
    for (const v of fourierRingCorrelation(a, negative).correlation) expect(v).toBeCloseTo(-1, 4);
    for (const v of fourierRingCorrelation(a, { ...a, data: new Float32Array(37 * 53) }).correlation) expect(v).toBe(0);
  });

  it("scatters about 0 for independent noise, and no resolution comes out", () => {
    const nothing: Plane = { data: new Float32Array(256 * 256), height: 256, width: 256 };
    const curve = fourierRingCorrelation(withNoise(nothing, 1, 1), withNoise(nothing, 1, 2));
    const outer = curve.correlation.slice(20);
    expect(Math.abs(outer.reduce((a, b) => a + b) / outer.length)).toBeLessThan(0.02);
    expect(outer.some((v) => v !== 0)).toBe(true);
    expect(frcResolution(curve, { threshold: "half-bit" })).toBeUndefined();
  });

  it("says what it cannot use", () => {
    const [a] = pictures({ height: 32, width: 32, noise: 1 });
    const [b] = pictures({ height: 32, width: 34, noise: 1 });
    const [small] = pictures({ height: 15, width: 40, noise: 1 });
    const broken = { ...a, data: a.data.slice().fill(Number.NaN, 5, 6) };
    const codeOf = (run: () => unknown) => {
      try {
        run();
      } catch (error) {
        return error instanceof ParfocalError ? error.code : error;
      }
      return "nothing thrown";
    };
    expect(codeOf(() => fourierRingCorrelation(a, b))).toBe("image.unfit");
    expect(codeOf(() => fourierRingCorrelation(small, small))).toBe("image.unfit");
    expect(codeOf(() => fourierRingCorrelation(a, broken))).toBe("image.unfit");
    expect(codeOf(() => singleImageResolution(broken))).toBe("image.unfit");
    expect(codeOf(() => singleImageResolution(pictures({ height: 30, width: 64, noise: 1 })[0]))).toBe("image.unfit");
    expect(codeOf(() => fourierRingCorrelation(a, a, { binWidth: 0.5 }))).toBe("usage");
  });
});

describe("frcResolution", () => {
  const line = (from: number, slope: number, count = 1e9): RingCorrelation => {
    const frequency = Array.from({ length: 50 }, (_, i) => (i + 1) / 100);
    return { frequency, correlation: frequency.map((f) => from - slope * f), count: frequency.map(() => count) };
  };

  it("finds where a straight line crosses", () => {
    const found = frcResolution(line(1, 3), { pixelSize: 0.1 });
    expect(found?.frequency).toBeCloseTo((1 - 1 / 7) / 3, 9);
    expect(found?.resolution).toBeCloseTo(0.3 / (1 - 1 / 7), 9);
  });

  it("takes half a bit of the count of a ring", () => {
    const half = frcResolution(line(1, 3), { threshold: "half-bit" });
    expect(half?.frequency).toBeCloseTo((1 - 0.2071 / 1.2071) / 3, 4);
    const few = frcResolution(line(1, 3, 100), { threshold: "half-bit" });
    expect(few?.frequency).toBeCloseTo((1 - 0.39812 / 1.29812) / 3, 5);
  });

  it("is undefined for a curve that never crosses, or begins below", () => {
    expect(frcResolution(line(1, 1))).toBeUndefined();
    expect(frcResolution(line(0.1, 1))).toBeUndefined();
  });

  it("follows blur and noise", () => {
    const resolution = (sigma: number, noise: number) => {
      const truth = specimen(256, sigma, 5);
      return (
        frcResolution(fourierRingCorrelation(withNoise(truth, noise, 1), withNoise(truth, noise, 2)))?.resolution ?? 0
      );
    };
    const sharp = resolution(1.5, 3);
    expect(sharp).toBeGreaterThan(2);
    expect(resolution(3, 3)).toBeGreaterThan(1.5 * sharp);
    expect(resolution(1.5, 12)).toBeGreaterThan(1.1 * sharp);
  });
});

describe("a single image", () => {
  it("is split into every second pixel of every second row", () => {
    const plane: Plane = { data: Float32Array.from({ length: 35 }, (_, i) => i), height: 5, width: 7 };
    const { diagonal, antidiagonal } = splitImage(plane);
    expect(diagonal.map(({ data }) => [...data])).toEqual([
      [0, 2, 4, 14, 16, 18],
      [8, 10, 12, 22, 24, 26],
    ]);
    expect(antidiagonal.map(({ data }) => [...data])).toEqual([
      [1, 3, 5, 15, 17, 19],
      [7, 9, 11, 21, 23, 25],
    ]);
    expect(diagonal[0]).toMatchObject({ height: 2, width: 3 });
  });

  it.each(golden.single)("equals numpy and scipy's fourier_shift: $height x $width", (one) => {
    const curve = singleImageCorrelation(pictures(one)[0]);
    within(curve.correlation, one.correlation, 1e-9);
    expect(curve.frequency.at(-1)).toBeLessThan(0.25);
  });

  it.each([
    [2, 20],
    [3, 5],
    [4, 10],
  ])("has the resolution of two images: sigma %d, noise %d", (sigma, noise) => {
    const truth = specimen(512, sigma, 9);
    const [a, b] = [withNoise(truth, noise, 1), withNoise(truth, noise, 2)];
    const two = frcResolution(fourierRingCorrelation(a, b), { pixelSize: 0.1 })?.resolution ?? 0;
    const one = singleImageResolution(a, { pixelSize: 0.1 })?.resolution ?? 0;
    expect(two).toBeGreaterThan(0.4);
    expect(Math.abs(one / two - 1)).toBeLessThan(0.08);
  });

  it("cannot see what is finer than four pixels, and says so", () => {
    const truth = specimen(256, 1.5, 9);
    const a = withNoise(truth, 2, 1);
    expect(frcResolution(fourierRingCorrelation(a, withNoise(truth, 2, 2)))?.resolution).toBeLessThan(4);
    expect(singleImageResolution(a)).toBeUndefined();
  });
});
