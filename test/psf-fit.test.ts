/** Fits to beads whose truth is known. */
import { describe, expect, it } from "vitest";
import { createRealFft2 } from "../src/array/fft.ts";
import { leastSquares } from "../src/array/least-squares.ts";
import { Random } from "../src/array/random.ts";
import type { Stack } from "../src/image/image.ts";
import { superpose, transformSlices } from "../src/optics/imaging/superpose.ts";
import { drawBall } from "../src/optics/phantom/ball.ts";
import { beadImage, beadSpectra } from "../src/optics/psf/bead-image.ts";
import { fitPsf } from "../src/optics/psf/fit-psf.ts";
import { type PsfOpticsInput, psfModelOf } from "../src/optics/psf/optics-options.ts";
import { createOtfBank } from "../src/optics/psf/otf.ts";

const grid = { depth: 9, height: 24, width: 26, pixelSize: 0.15 };
const zStep = 0.4;

/** A bead as a camera counts it: `photons` in its brightest pixel. */
function bead(
  optics: PsfOpticsInput,
  place: { x: number; y: number; z: number; diameter: number },
  { photons = 4000, seed = 1 } = {},
): Stack {
  const shape = beadImage(beadSpectra(psfModelOf(optics), grid, { ...place, zStep }), grid, { ...place, zStep });
  const scale = photons / Math.max(...shape);
  const random = new Random(seed);
  const data = Float32Array.from(shape, (v) => random.poisson(Math.max(0, v * scale) + 100));
  const { depth, height, width, pixelSize } = grid;
  return { data, depth, height, width, pixelSize: { y: pixelSize, x: pixelSize }, zStep, dtype: "uint16" };
}

describe("the image of a bead", () => {
  it("is the sum over slices of a drawn ball, each convolved with its PSF", () => {
    const model = psfModelOf({ na: 0.8, wavelength: 0.515, zernike: { coma: 0.1, spherical: 0.1 } });
    const place = { x: 1.83, y: 1.7, z: 1.3, diameter: 0.9 };
    const fitted = beadImage(beadSpectra(model, grid, { ...place, zStep }), grid, { ...place, zStep });
    // Slices of 0.05 um on a wide grid.
    const size = 128;
    const fine = 0.05;
    const plan = createRealFft2(size, size);
    const bank = createOtfBank(model, { pixelSize: grid.pixelSize, step: fine, height: size, width: size });
    const levels = Array.from({ length: 21 }, (_, i) => 16 + i);
    const slices = transformSlices(plan, levels, (image, s) => {
      const span = { bottom: (levels[s] - 0.5) * fine, top: (levels[s] + 0.5) * fine };
      const ball = { ...place, radius: place.diameter / 2, density: 1 };
      drawBall(image, { height: size, width: size, pixelSize: grid.pixelSize, ...span }, ball);
    });
    const planes = Array.from({ length: grid.depth }, (_, i) => Math.round((i * zStep) / fine));
    const drawn = Array.from(superpose(plan, slices, planes, bank), (image) => Float32Array.from(image));
    const volume = (Math.PI / 6) * place.diameter ** 3;
    // The slab's pixels hold lengths, um; the drawn ball's pixels average over squares as the camera does once more.
    const peak = Math.max(...fitted);
    let worst = 0;
    for (let z = 0; z < grid.depth; z++)
      for (let y = 0; y < grid.height; y++)
        for (let x = 0; x < grid.width; x++) {
          const expected = (drawn[z][y * size + x] * grid.pixelSize ** 2) / volume;
          worst = Math.max(worst, Math.abs(fitted[(z * grid.height + y) * grid.width + x] - expected) / peak);
        }
    expect(worst).toBeLessThan(0.02);
  });
});

describe("least squares", () => {
  it("finds the minimum of Rosenbrock's valley, and stays within bounds", async () => {
    const valley = ([a, b]: readonly number[]) => Float64Array.of(1 - a, 10 * (b - a * a));
    const free = { value: -1.2, min: -10, max: 10, scale: 1e-3 };
    const found = await leastSquares(valley, [free, { ...free, value: 1 }], { maxIterations: 200 });
    expect(found.values[0]).toBeCloseTo(1, 3);
    expect(found.values[1]).toBeCloseTo(1, 3);
    const bound = await leastSquares(
      valley,
      [
        { ...free, max: 0.5 },
        { ...free, value: 1 },
      ],
      { maxIterations: 200 },
    );
    expect(bound.values[0]).toBeCloseTo(0.5, 3);
  });

  it("gives the errors of a straight line as the textbook does", async () => {
    const random = new Random(2);
    const xs = Array.from({ length: 400 }, (_, i) => i / 400);
    const ys = xs.map((x) => 3 + 2 * x + 0.1 * random.normal());
    const line = ([a, b]: readonly number[]) => Float64Array.from(xs, (x, i) => a + b * x - ys[i]);
    const found = await leastSquares(line, [
      { value: 0, min: -10, max: 10, scale: 0.1 },
      { value: 0, min: -10, max: 10, scale: 0.1 },
    ]);
    // sigma / sqrt(sum (x - mean)^2)
    expect(found.errors[1]).toBeCloseTo(0.1 / Math.sqrt(400 / 12), 2);
    expect(Math.abs(found.values[1] - 2)).toBeLessThan(4 * found.errors[1]);
    expect(Math.abs(found.values[0] - 3)).toBeLessThan(4 * found.errors[0]);
  });
});

describe("a fit", () => {
  it("finds place, NA, aberrations and the bead's size again, within their errors", async () => {
    const truth = { na: 0.8, spherical: 0.08, astigmatism: -0.05, coma: 0.06, bead_diameter: 0.4 };
    const place = { x: 1.83, y: 1.71, z: 1.55, diameter: truth.bead_diameter };
    const { spherical, astigmatism, coma } = truth;
    const stack = bead({ na: truth.na, wavelength: 0.515, zernike: { spherical, astigmatism, coma } }, place);
    const fit = await fitPsf(stack, {
      optics: { na: 0.75, wavelength: 0.515 },
      fit: ["na", "spherical", "astigmatism", "coma", "bead_diameter"],
    });
    expect(fit.converged).toBe(true);
    const expected: Record<string, number> = { ...truth, x: place.x, y: place.y, z: place.z };
    for (const [name, value] of Object.entries(expected)) {
      const { value: found, error } = fit.parameters[name];
      // Photon noise is not the same in every pixel: errors hold to a factor.
      expect({ name, off: Math.abs(found - value) < 6 * error }).toEqual({ name, off: true });
    }
    expect(Math.abs(fit.parameters.x.value - place.x)).toBeLessThan(0.003);
    expect(Math.abs(fit.parameters.z.value - place.z)).toBeLessThan(0.02);
    expect(Math.abs(fit.parameters.na.value - truth.na)).toBeLessThan(0.01);
    expect(Math.abs(fit.parameters.spherical.value - spherical)).toBeLessThan(0.01);
    expect(fit.background).toBeCloseTo(100, -1);
    expect(fit.peak / 4000).toBeCloseTo(1, 1);
    expect(fit.r2).toBeGreaterThan(0.99);
    expect(fit.optics.zernike.coma).toBe(fit.parameters.coma.value);
    expect(fit.warnings).toEqual([]);
  }, 60_000);

  it("with an incomplete model says so", async () => {
    const stack = bead(
      { na: 0.8, wavelength: 0.515, zernike: { spherical: 0.25 } },
      { x: 1.8, y: 1.7, z: 1.5, diameter: 0 },
    );
    const poor = await fitPsf(stack, { optics: { na: 0.8, wavelength: 0.515 } });
    expect(poor.warnings.join(" ")).toMatch(/residual, .* % of the peak, has structure/);
    const noise = { ...stack, data: stack.data.map((_, i) => 100 + ((i * 7919) % 101)) };
    expect(poor.warnings.join(" ")).toMatch(/explains only \d+ % of the variance of the stack/);
    // Nothing but noise has its best place anywhere.
    await expect(fitPsf(noise, { optics: { na: 0.8, wavelength: 0.515 } })).rejects.toThrow(/outside the stack/);
  }, 60_000);

  it("refuses what it cannot fit", async () => {
    const stack = bead({ na: 0.8 }, { x: 1.8, y: 1.7, z: 1.5, diameter: 0 });
    const optics = { na: 0.8 };
    await expect(fitPsf(stack, { optics, fit: ["comma"] })).rejects.toThrow(
      /comma is not a parameter of the fit; expected na, .*coma/,
    );
    await expect(fitPsf(stack, { optics, fit: ["tilt_x"] })).rejects.toThrow(/tilt_x only shifts the bead/);
    const { zStep: _, ...uncalibrated } = stack;
    await expect(fitPsf(uncalibrated, { optics })).rejects.toThrow(/no z step; give `z_step <your z step>`/);
    await expect(fitPsf(stack, { optics, signal: AbortSignal.abort() })).rejects.toThrow(/Stopped/);
  });
});
