/** Richardson-Lucy against scikit-image, analytic truth, and what its edges, prior and acceleration are for. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { Random } from "../src/array/random.ts";
import { createConvolution } from "../src/classical/deconvolution/convolution.ts";
import { richardsonLucy } from "../src/classical/deconvolution/richardson-lucy.ts";
import { curvature } from "../src/classical/deconvolution/total-variation.ts";
import type { Volume } from "../src/classical/deconvolution/volume.ts";
import { workingGrid } from "../src/classical/deconvolution/working-grid.ts";
import { blurredTubes, gaussianPsf, meanSquaredError, volumeOf } from "./helpers/scenes.ts";

interface Case {
  name: string;
  shape: [number, number, number];
  psf_shape: [number, number, number];
  image: number[];
  psf: number[];
  results: Record<string, number[]>;
}
const cases: Case[] = JSON.parse(readFileSync("test/fixtures/deconvolution/skimage.json", "utf8"));

describe("Richardson-Lucy", () => {
  test.each(cases)("equals scikit-image's: $name", async ({ shape, psf_shape, image, psf, results }) => {
    for (const [iterations, expected] of Object.entries(results)) {
      const options = { iterations: Number(iterations), edges: "zero" as const };
      const found = await richardsonLucy(volumeOf(image, shape), volumeOf(psf, psf_shape), options);
      const largest = Math.max(...expected);
      const off = found.reduce((most, v, i) => Math.max(most, Math.abs(v - expected[i])), 0);
      expect(off / largest).toBeLessThan(1e-5);
    }
  });

  test("keeps the light, stays above 0, and the likelihood rises with every iteration", async () => {
    const { image, psf } = blurredTubes({ size: 64, photons: 100, seed: 1 });
    const { convolution, likelihood } = likelihoodOf(image, psf);
    const course: number[] = [];
    const result = await richardsonLucy(image, psf, {
      iterations: 25,
      edges: "zero",
      afterIteration: (_, estimate) => {
        course.push(likelihood(estimate()));
      },
    });
    expect(convolution.grid.width).toBeGreaterThanOrEqual(64);
    for (let k = 1; k < course.length; k++) expect(course[k]).toBeGreaterThan(course[k - 1]);
    expect(result.every((v) => v >= 0)).toBe(true);
  });

  test("a point comes back as one, at its place and with all its light, in three dimensions", async () => {
    const psf = gaussianPsf([5, 9, 9], [1, 1.4, 1.4]);
    const [depth, height, width] = [9, 24, 21];
    const data = new Float32Array(depth * height * width);
    const at = (z: number, y: number, x: number) => (z * height + y) * width + x;
    for (let z = -2; z <= 2; z++)
      for (let y = -4; y <= 4; y++)
        for (let x = -4; x <= 4; x++)
          data[at(4 + z, 12 + y, 7 + x)] = 1000 * psf.data[((z + 2) * 9 + y + 4) * 9 + x + 4];
    const image = { depth, height, width, data };
    const result = await richardsonLucy(image, psf, { iterations: 200 });
    const peak = result.indexOf(Math.max(...result));
    expect(peak).toBe(at(4, 12, 7));
    expect(result[peak]).toBeGreaterThan(700);
    expect(Math.max(...data)).toBeLessThan(50);
    const sum = result.reduce((a, b) => a + b, 0);
    expect(sum).toBeGreaterThan(999);
    expect(sum).toBeLessThan(1001);
  });

  test("light from beyond the edge does not ring: as good at the border as in the middle", async () => {
    const { image, psf, truth } = blurredTubes({ size: 96, photons: 5000, seed: 2 });
    const border = async (edges: "extend" | "zero") => {
      const result = await richardsonLucy(image, psf, { iterations: 40, edges });
      const errors = { border: 0, middle: 0, borders: 0, middles: 0 };
      result.forEach((v, i) => {
        const [y, x] = [Math.floor(i / 96), i % 96];
        const square = (v - truth.data[i]) ** 2;
        if (Math.min(y, x, 95 - y, 95 - x) < 6)
          [errors.border, errors.borders] = [errors.border + square, errors.borders + 1];
        else [errors.middle, errors.middles] = [errors.middle + square, errors.middles + 1];
      });
      return Math.sqrt(errors.border / errors.borders / (errors.middle / errors.middles));
    };
    expect(await border("extend")).toBeLessThan(1.4);
    expect(await border("zero")).toBeGreaterThan(3);
  });

  test("an even field stays even to its edges; a known background is taken out of it", async () => {
    const psf = gaussianPsf([1, 13, 13], [1, 2, 2]);
    const image = volumeOf(new Float32Array(40 * 33).fill(70), [1, 40, 33]);
    const plain = await richardsonLucy(image, psf, { iterations: 30 });
    const less = await richardsonLucy(image, psf, { iterations: 30, background: 20 });
    for (const [i, v] of plain.entries()) {
      expect(v).toBeCloseTo(70, 0);
      expect(less[i]).toBeCloseTo(50, 0);
    }
  });

  test("total variation keeps many iterations from turning noise into dots", async () => {
    const { image, psf, truth } = blurredTubes({ size: 96, photons: 60, seed: 3 });
    const error = async (totalVariation: number) =>
      meanSquaredError(await richardsonLucy(image, psf, { iterations: 100, totalVariation }), truth.data);
    const [none, some] = [await error(0), await error(0.02)];
    expect(some).toBeLessThan(0.5 * none);
  });

  test("acceleration comes as far in a third of the iterations", async () => {
    const { image, psf } = blurredTubes({ size: 64, photons: 500, seed: 4 });
    const { likelihood } = likelihoodOf(image, psf);
    const reached = async (iterations: number, acceleration: boolean) =>
      likelihood(await richardsonLucy(image, psf, { iterations, acceleration, edges: "zero" }));
    const slow = await reached(60, false);
    expect(await reached(20, true)).toBeGreaterThan(slow);
    expect(await reached(20, false)).toBeLessThan(slow);
  });

  test("is the same for an image in other units", async () => {
    const { image, psf } = blurredTubes({ size: 32, photons: 50, seed: 5 });
    const scaled = { ...image, data: image.data.map((v) => 7.5 * v) };
    const options = { iterations: 20, totalVariation: 0.01, acceleration: true };
    const one = await richardsonLucy(image, psf, options);
    const other = await richardsonLucy(scaled, psf, options);
    const largest = Math.max(...one);
    one.forEach((v, i) => {
      expect(Math.abs(other[i] / 7.5 - v)).toBeLessThan(1e-2 * largest);
    });
  });
});

test("the curvature is the gradient of the total variation, by finite differences", () => {
  const random = new Random(6);
  const grid = { depth: 3, height: 4, width: 5 };
  const x = Float32Array.from({ length: 60 }, () => random.uniform());
  const options = { epsilon: 0.05, steepness: 0.4 };
  const total = (v: Float64Array) => {
    const at = (z: number, y: number, c: number) => v[((z % 3) * 4 + (y % 4)) * 5 + (c % 5)];
    let sum = 0;
    for (let z = 0; z < 3; z++)
      for (let y = 0; y < 4; y++)
        for (let c = 0; c < 5; c++) {
          const d = [at(z, y, c + 1), at(z, y + 1, c), at(z + 1, y, c)].map((w) => w - at(z, y, c));
          sum += Math.sqrt(d[0] ** 2 + d[1] ** 2 + (0.4 * d[2]) ** 2 + 0.05 ** 2);
        }
    return sum;
  };
  const out = new Float32Array(60);
  curvature(x, out, grid, options);
  const base = Float64Array.from(x);
  for (let i = 0; i < 60; i++) {
    const [up, down] = [base.slice(), base.slice()];
    up[i] += 1e-5;
    down[i] -= 1e-5;
    expect(out[i]).toBeCloseTo(-(total(up) - total(down)) / 2e-5, 3);
  }
});

/** Poisson log-likelihood of an object on the zero-edged model, without the terms that do not depend on it. */
function likelihoodOf(image: Volume, psf: Volume) {
  const convolution = createConvolution(psf, workingGrid(image, psf, "zero"));
  const { width: pitch, height: rows } = convolution.grid;
  const likelihood = (estimate: Float32Array) => {
    const padded = new Float32Array(rows * pitch);
    for (let y = 0; y < image.height; y++)
      padded.set(estimate.subarray(y * image.width, (y + 1) * image.width), y * pitch);
    convolution.blur(padded, padded);
    let sum = 0;
    for (let i = 0; i < image.data.length; i++) {
      const expected = Math.max(1e-6, padded[Math.floor(i / image.width) * pitch + (i % image.width)]);
      sum += image.data[i] * Math.log(expected) - expected;
    }
    return sum;
  };
  return { convolution, likelihood };
}
