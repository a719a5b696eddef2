/** Beads in a field: found, measured, averaged; and the same from the command line. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Random } from "../src/array/random.ts";
import { cropStack } from "../src/image/crop.ts";
import type { Stack } from "../src/image/image.ts";
import { readStack } from "../src/image/image-file.ts";
import { openImage } from "../src/image/open-image.node.ts";
import { imageOfStack } from "../src/image/stack-image.ts";
import { writeImage } from "../src/image/write-image.node.ts";
import { beadImage, beadSpectra } from "../src/optics/psf/bead-image.ts";
import { findBeads } from "../src/optics/psf/find-beads.ts";
import { fitPsf } from "../src/optics/psf/fit-psf.ts";
import { fitGaussian } from "../src/optics/psf/fwhm.ts";
import { measureBeads } from "../src/optics/psf/measure-beads.ts";
import { psfModelOf } from "../src/optics/psf/optics-options.ts";
import { runCli } from "./helpers/run-cli.ts";

const optics = { na: 0.8, wavelength: 0.515 };
const truth = [
  { x: 20.3, y: 18.8, z: 6.3, photons: 3000 },
  { x: 60.7, y: 25.2, z: 5.6, photons: 2400 },
  { x: 38.1, y: 62.4, z: 7, photons: 2000 },
  // Too near each other, and too near the border.
  { x: 64, y: 66, z: 6, photons: 2000 },
  { x: 70, y: 68, z: 6, photons: 2000 },
  { x: 3, y: 45, z: 6, photons: 2600 },
];
const [depth, size, pixelSize, zStep] = [13, 84, 0.16, 0.4];

/** Points in a field, with photon noise. */
function field(): Stack {
  const model = psfModelOf(optics);
  const random = new Random(5);
  const data = new Float32Array(depth * size * size).fill(120);
  const grid = { depth, height: size, width: size, pixelSize };
  const peak = Math.max(...model.psf({ pixelSize, size: 128 }).data);
  for (const { x, y, z, photons } of truth) {
    const place = { x: x * pixelSize, y: y * pixelSize, z: z * zStep, diameter: 0, zStep };
    const image = beadImage(beadSpectra(model, grid, place), grid, place);
    for (let i = 0; i < data.length; i++) data[i] += (photons * Math.max(0, image[i])) / peak;
  }
  for (let i = 0; i < data.length; i++) data[i] = random.poisson(data[i]);
  return { data, depth, height: size, width: size, pixelSize: { y: pixelSize, x: pixelSize }, zStep, dtype: "uint16" };
}

describe("beads in a field", () => {
  const stack = field();

  it("are found where they are, the brightest first, and left out where they are not alone", () => {
    const { beads, rejected } = findBeads(stack, { half: 12 });
    expect(beads.map(({ x, y, z }) => [x, y, z])).toEqual(
      truth.slice(0, 3).map(({ x, y, z }) => [x, y, z].map((v) => expect.closeTo(v, -0.3))),
    );
    expect(rejected).toEqual({ border: 1, neighbour: 2, saturated: 0, end: 0 });
    expect(findBeads(stack, { half: 12, saturation: 2300 }).rejected.saturated).toBeGreaterThan(0);
    const empty = { ...stack, data: stack.data.map((_, i) => 120 + ((i * 7919) % 23)) };
    expect(findBeads(empty, { half: 5 }).beads.length).toBeLessThan(3);
  });

  it("have the widths and the places that the fit says, and an average that is sharper than its noise", async () => {
    const done: number[] = [];
    const measured = await measureBeads(stack, { optics, half: 12, onProgress: ({ done: d }) => done.push(d) });
    expect(done).toEqual([1, 2, 3]);
    measured.beads.forEach((bead, i) => {
      expect(Math.abs(bead.x - truth[i].x)).toBeLessThan(0.05);
      expect(Math.abs(bead.y - truth[i].y)).toBeLessThan(0.05);
      expect(Math.abs(bead.z - truth[i].z)).toBeLessThan(0.1);
      // The Airy disc's 0.5145 lambda / NA = 0.331 um; a Gaussian through it is a little narrower, a pixel wide a little wider.
      expect(bead.fwhm.x).toBeGreaterThan(0.31);
      expect(bead.fwhm.x).toBeLessThan(0.42);
      // 0.886 lambda / (n - sqrt(n^2 - NA^2)) on the axis.
      expect(Math.abs((bead.fwhm.z ?? 0) / ((0.886 * 0.515) / 0.4) - 1)).toBeLessThan(0.15);
      expect(bead.fit.r2).toBeGreaterThan(0.95);
    });
    const { data, depth: planes, height, width } = measured.average;
    const middle = (Math.floor(planes / 2) * height + Math.floor(height / 2)) * width + Math.floor(width / 2);
    expect(data.indexOf(data.reduce((a, b) => Math.max(a, b)))).toBe(middle);
    expect(data[middle]).toBeGreaterThan(0.9);
    expect(data[middle]).toBeLessThan(1.1);
    expect(Math.abs(data[middle - 1] / data[middle + 1] - 1)).toBeLessThan(0.15);
    expect(Math.abs(data[middle - width] / data[middle + width] - 1)).toBeLessThan(0.15);
  });

  it("without any says why", async () => {
    await expect(measureBeads(stack, { optics, half: 40 })).rejects.toThrow(/square of 81 pixels.*too near the border/);
    const { zStep: _, ...uncalibrated } = stack;
    await expect(measureBeads(uncalibrated, { optics })).rejects.toThrow(/no z step; give `z_step <your z step>`/);
  });
});

describe("a Gaussian's width", () => {
  it("is 2.3548 sigma", async () => {
    const line = Array.from({ length: 40 }, (_, i) => 7 + 100 * Math.exp(-((i - 17.3) ** 2) / (2 * 3.1 ** 2)));
    const found = await fitGaussian(line);
    expect(found.centre).toBeCloseTo(17.3, 3);
    expect(found.fwhm).toBeCloseTo(2.35482 * 3.1, 2);
    expect(found.height).toBeCloseTo(100, 1);
  });
});

describe("parfocal psf", () => {
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "parfocal-psf-"));
    const path = join(folder, "beads.tif");
    await writeImage(path, imageOfStack(field(), path));
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  const cli = (...args: string[]) => runCli(["psf", ...args], { cwd: folder });

  it("writes a stack that others can measure", async () => {
    const run = await cli(
      "-o",
      "oil.tif",
      "--na",
      "0.8",
      "--pixel-size",
      "0.16",
      "--z-step",
      "0.4",
      "--planes",
      "7",
      "--json",
    );
    expect(JSON.parse(run.stdout)).toMatchObject({ shape: [7, 256, 256], focus_um: 0, optics: { na: 0.8 } });
    const file = await openImage(join(folder, "oil.tif"));
    const stack = await readStack(file, {});
    await file.close();
    expect(file.zStep).toBeCloseTo(0.4, 6);
    const psf = psfModelOf(optics).psf({ pixelSize: 0.16, defocus: 0.4 });
    const [half, at] = [psf.size / 2, (2 * 256 + 128) * 256 + 130];
    expect(stack.data[at]).toBeCloseTo(psf.data[half * psf.size + half + 2], 6);
    const again = await cli("-o", "oil.tif");
    expect({ code: again.code, stderr: again.stderr }).toEqual({
      code: 2,
      stderr: expect.stringMatching(/exists already/),
    });
  });

  it("measures beads, and writes their mean and a picture", async () => {
    const run = await cli(
      "beads.tif",
      "--na",
      "0.8",
      "--wavelength",
      "0.515",
      "--half",
      "12",
      "--fit",
      "spherical",
      "-o",
      "mean.tif",
      "--json",
    );
    expect(run.code).toBe(0);
    const { beads, rejected } = JSON.parse(run.stdout);
    expect(beads.length).toBe(3);
    expect(rejected).toMatchObject({ border: 1, neighbour: 2 });
    expect(Math.abs(beads[0].fit.parameters.spherical.value)).toBeLessThan(0.03);
    expect(beads[0].fwhm_um.x).toBeGreaterThan(0.31);
    expect(readFileSync(join(folder, "mean.png")).subarray(1, 4).toString()).toBe("PNG");
    expect(existsSync(join(folder, "mean.tif"))).toBe(true);
    const unknown = await cli("beads.tif");
    expect({ code: unknown.code, stderr: unknown.stderr }).toEqual({
      code: 2,
      stderr: expect.stringMatching(/give --na/),
    });
  });
});

const real = "../shared/data/pyotf_bead_air/psf_wl520nm_z300nm_x130nm_na0.85_n1.0.tif";
describe.skipIf(!existsSync(real))(`a real bead (skipped without ${real})`, () => {
  it("tells its objective's NA, 0.85, in vectorial theory", async () => {
    const file = await openImage(real);
    const whole = await readStack(file, {});
    await file.close();
    // The planes within 1.8 um of focus.
    const near = { ...whole, depth: 13, data: whole.data.subarray(6 * 256 * 256, 19 * 256 * 256) };
    const stack = cropStack({ ...near, pixelSize: { y: 0.13, x: 0.13 }, zStep: 0.3 }, [114, 142], [117, 145]);
    const fit = await fitPsf(stack, {
      optics: { psf: "vectorial", na: 0.85, wavelength: 0.52 },
      fit: ["na", "z_scale", "spherical", "secondary_spherical"],
      beadDiameter: 0.34,
    });
    expect(fit.r2).toBeGreaterThan(0.96);
    expect(Math.abs(fit.parameters.na.value - 0.85)).toBeLessThan(0.02);
    expect(fit.residual).toBeLessThan(0.01);
  }, 60_000);
});
