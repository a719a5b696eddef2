import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { correlate, gaussianFilter, gaussianKernel, sobel, uniformFilter } from "../src/array/filters.ts";
import type { Grid } from "../src/array/grid.ts";
import { Random } from "../src/array/random.ts";
import { largestDifference } from "./helpers/numbers.ts";

const golden = JSON.parse(readFileSync(new URL("fixtures/evaluate/filters.json", import.meta.url), "utf8"));
const { height, width } = golden;
const image: Grid<Float64Array> = { data: Float64Array.from(golden.image), height, width };
const image32: Grid = { data: Float32Array.from(golden.image), height, width };

describe("filters equal scipy.ndimage", () => {
  it("gaussian_filter, with its truncate rule, kernels longer than the image, one axis alone", () => {
    for (const { sigma, truncate, out } of golden.gaussian) {
      const [y, x] = sigma;
      expect(largestDifference(gaussianFilter(image, { y, x }, { truncate }).data, out)).toBeLessThan(1e-11);
      expect(largestDifference(gaussianFilter(image32, { y, x }, { truncate }).data, out)).toBeLessThan(2e-5);
    }
  });

  it("uniform_filter, even and odd windows, larger than the image", () => {
    for (const { size, out } of golden.uniform) {
      expect(largestDifference(uniformFilter(image, size).data, out)).toBeLessThan(1e-11);
    }
  });

  it("sobel along both axes", () => {
    const { y, x } = sobel(image);
    expect(largestDifference(y.data, golden.sobel.y)).toBeLessThan(1e-11);
    expect(largestDifference(x.data, golden.sobel.x)).toBeLessThan(1e-11);
  });
});

describe("filters in general", () => {
  const shapes = fc.record({
    height: fc.integer({ min: 1, max: 12 }),
    width: fc.integer({ min: 1, max: 12 }),
    seed: fc.nat(),
  });

  it("keep the sum of the image (reflection loses no light)", () => {
    fc.assert(
      fc.property(
        shapes,
        fc.double({ min: 0, max: 4, noNaN: true }),
        fc.integer({ min: 0, max: 4 }),
        (shape, sigma, half) => {
          const random = new Random(shape.seed);
          const data = Float64Array.from({ length: shape.height * shape.width }, () => random.normal());
          const grid = { data, height: shape.height, width: shape.width };
          const sum = data.reduce((a, b) => a + b, 0);
          for (const out of [gaussianFilter(grid, sigma), uniformFilter(grid, 2 * half + 1)])
            expect(out.data.reduce((a, b) => a + b, 0)).toBeCloseTo(sum, 9);
        },
      ),
      { seed: 2, numRuns: 100 },
    );
  });

  it("leave the input alone and a sigma of 0 gives it back", () => {
    const before = image.data.slice();
    expect(gaussianFilter(image, 0).data).toEqual(before);
    expect(image.data).toEqual(before);
  });

  it("the kernel of sigma 1.5 truncated at 3.5 has 11 weights of sum 1", () => {
    const kernel = gaussianKernel(1.5, 3.5);
    expect(kernel.length).toBe(11);
    expect(kernel.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 14);
  });

  it("refuse what makes no sense", () => {
    expect(() => gaussianFilter(image, -1)).toThrow(/sigma.*-1/);
    expect(() => uniformFilter(image, 2.5)).toThrow(/2.5/);
    expect(() => correlate(image, Float64Array.of(1, 1), Float64Array.of(1))).toThrow(/odd/);
    expect(() => gaussianFilter({ data: new Float32Array(5), height: 2, width: 3 }, 1)).toThrow(/2 x 3.*5 values/);
  });
});
