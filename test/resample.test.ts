import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Grid } from "../src/array/grid.ts";
import { Random } from "../src/array/random.ts";
import { resample, resize, sampleAt, translate } from "../src/array/resample.ts";

const golden = JSON.parse(readFileSync(new URL("fixtures/evaluate/filters.json", import.meta.url), "utf8"));
const image: Grid<Float64Array> = {
  data: Float64Array.from(golden.image),
  height: golden.height,
  width: golden.width,
};

function plane(height: number, width: number, value: (y: number, x: number) => number): Grid<Float64Array> {
  return {
    data: Float64Array.from({ length: height * width }, (_, i) => value(Math.floor(i / width), i % width)),
    height,
    width,
  };
}

const sum = (data: Float64Array): number => data.reduce((a, b) => a + b, 0);

describe("interpolation", () => {
  it("bilinear equals scipy's map_coordinates with mirrored edges, inside and far outside", () => {
    const { y, x, out } = golden.bilinear;
    out.forEach((expected: number, i: number) => {
      expect(sampleAt(image, y[i], x[i])).toBeCloseTo(expected, 10);
    });
  });

  it("cubic is exact for parabolas, passes through the pixels, and mirrors outside", () => {
    const parabola = (y: number, x: number) => 3 + 0.5 * y - x + 0.25 * y * y - 0.1 * x * x + 0.2 * y * x;
    const grid = plane(9, 11, parabola);
    fc.assert(
      fc.property(fc.double({ min: 1, max: 7, noNaN: true }), fc.double({ min: 1, max: 9, noNaN: true }), (y, x) => {
        expect(sampleAt(grid, y, x, "cubic")).toBeCloseTo(parabola(y, x), 9);
      }),
      { seed: 5 },
    );
    expect(sampleAt(grid, 4, 5, "cubic")).toBe(parabola(4, 5));
    expect(sampleAt(grid, -2.3, 12.6, "cubic")).toBeCloseTo(sampleAt(grid, 2.3, 7.4, "cubic"), 10);
  });

  it.each(["bilinear", "cubic"] as const)(
    "%s on a regular grid equals point by point; a tile equals its part",
    (method) => {
      const whole = { height: 12, width: 17, y0: -1.3, x0: 0.4, stepY: 0.81, stepX: 0.77 };
      const out = resample(image, whole, method);
      for (let i = 0; i < out.height; i++)
        for (let j = 0; j < out.width; j++)
          expect(out.data[i * out.width + j]).toBeCloseTo(
            sampleAt(image, whole.y0 + i * whole.stepY, whole.x0 + j * whole.stepX, method),
            10,
          );
      const tile = resample(
        image,
        { ...whole, height: 4, width: 5, y0: whole.y0 + 3 * whole.stepY, x0: whole.x0 + 6 * whole.stepX },
        method,
      );
      for (let i = 0; i < 4; i++)
        for (let j = 0; j < 5; j++) expect(tile.data[i * 5 + j]).toBeCloseTo(out.data[(i + 3) * out.width + j + 6], 10);
    },
  );

  it("translate moves the content towards larger coordinates, and back", () => {
    const bump = plane(40, 50, (y, x) => Math.exp(-((y - 18) ** 2 + (x - 22) ** 2) / 30));
    const moved = translate(bump, { dy: 3.4, dx: -2.7 });
    const expected = plane(40, 50, (y, x) => Math.exp(-((y - 21.4) ** 2 + (x - 19.3) ** 2) / 30));
    moved.data.forEach((v, i) => {
      expect(Math.abs(v - expected.data[i])).toBeLessThan(2e-3);
    });
    expect(translate(image, { dy: 0, dx: 0 }).data).toEqual(image.data);
  });
});

describe("resize", () => {
  it("by a whole factor is the mean of blocks; never aliases", () => {
    const stripes = plane(12, 12, (_, x) => x % 2);
    expect(resize(stripes, 4, 6).data).toEqual(new Float64Array(24).fill(0.5));
    const small = resize(image, 3, 13);
    expect(small.data[0]).toBeCloseTo((image.data[0] + image.data[13] + image.data[26]) / 3, 10);
  });

  it("keeps the mean and stays within the extremes when it shrinks, for any factor", () => {
    const sizes = fc.tuple(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 30 }));
    fc.assert(
      fc.property(sizes, sizes, fc.nat(), ([h1, h2], [w1, w2], seed) => {
        const random = new Random(seed);
        const grid = plane(Math.max(h1, h2), Math.max(w1, w2), () => random.normal());
        const out = resize(grid, Math.min(h1, h2), Math.min(w1, w2));
        expect(sum(out.data) / out.data.length).toBeCloseTo(sum(grid.data) / grid.data.length, 9);
        expect(Math.max(...out.data)).toBeLessThanOrEqual(Math.max(...grid.data) + 1e-9);
      }),
      { seed: 6 },
    );
  });

  it("a ramp stays a ramp at the same place, smaller and larger", () => {
    const ramp = plane(24, 24, (y, x) => 2 * y + x);
    // At 7 the pixels are cut: each counts as flat, so a ramp of slope 3 moves by a fraction of a pixel.
    for (const [size, tolerance] of [
      [7, 0.2],
      [8, 1e-9],
      [24, 1e-9],
      [60, 1e-9],
    ]) {
      const out = resize(ramp, size, size);
      const at = (i: number) => ((i + 0.5) * 24) / size - 0.5;
      for (let i = Math.ceil(size / 8); i < size - size / 8; i++)
        expect(Math.abs(out.data[i * size + i] - 3 * at(i))).toBeLessThan(tolerance);
    }
  });

  it("refuses sizes that are none", () => {
    expect(() => resize(image, 0, 4)).toThrow(/0 x 4/);
    expect(() => resize(image, 2.5, 4)).toThrow(/2.5 x 4/);
  });
});
