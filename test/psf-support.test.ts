/** What a stack of beads can tell: fits that it cannot support are refused, and errors count in what the model lacks. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Random } from "../src/array/random.ts";
import type { Stack } from "../src/image/image.ts";
import { imageOfStack } from "../src/image/stack-image.ts";
import { writeImage } from "../src/image/write-image.node.ts";
import { type BeadGrid, beadImage, beadSpectra } from "../src/optics/psf/bead-image.ts";
import { findBeads } from "../src/optics/psf/find-beads.ts";
import { fitErrors } from "../src/optics/psf/fit-errors.ts";
import { fitPsf } from "../src/optics/psf/fit-psf.ts";
import { measureBeads } from "../src/optics/psf/measure-beads.ts";
import { type PsfOpticsInput, psfModelOf } from "../src/optics/psf/optics-options.ts";
import { runCli } from "./helpers/run-cli.ts";

const known = { na: 0.8, wavelength: 0.515 };
const pixelSize = 0.15;

interface Place {
  x: number;
  y: number;
  z: number;
  diameter: number;
}

/** Beads as a camera counts them, `photons` in the brightest pixel of each. */
function beads(
  optics: PsfOpticsInput,
  places: readonly Place[],
  { photons = 4000, seed = 1, depth = 13, side = 24, zStep = 0.4 } = {},
): Stack {
  const grid: BeadGrid = { depth, height: side, width: side, pixelSize };
  const light = new Float64Array(depth * side * side);
  for (const place of places) {
    const shape = beadImage(beadSpectra(psfModelOf({ ...known, ...optics }), grid, { ...place, zStep }), grid, {
      ...place,
      zStep,
    });
    const scale = photons / shape.reduce((a, b) => Math.max(a, b));
    shape.forEach((v, i) => {
      light[i] += Math.max(0, v * scale);
    });
  }
  const random = new Random(seed);
  const data = Float32Array.from(light, (v) => random.poisson(v + 100));
  return { data, depth, height: side, width: side, pixelSize: { y: pixelSize, x: pixelSize }, zStep, dtype: "uint16" };
}

const middle = { x: 1.83, y: 1.75, z: 2.5, diameter: 0.4 };

describe("errors of a fit", () => {
  it("are the textbook's for independent residuals, and grow with the residuals' correlation", () => {
    const [depth, height, width] = [4, 40, 40];
    const random = new Random(3);
    const n = depth * height * width;
    const white = Float64Array.from({ length: n }, () => 0.1 * random.normal());
    const slope = Float64Array.from({ length: n }, (_, i) => Math.sin(i / 3000));
    const exact = 0.1 / Math.sqrt(slope.reduce((sum, v) => sum + v * v, 0));
    const found = fitErrors([slope], white, { depth, height, width });
    expect(found.correlationVolume).toBe(1);
    expect(found.errors[0] / exact).toBeCloseTo(1, 1);
    // The same noise four pixels wide along x: a sum over it varies by 4 x as much.
    const shared = white.map((_, i) => white[i - (i % 4)]);
    const wide = fitErrors([slope], shared, { depth, height, width });
    expect(wide.correlationVolume).toBeGreaterThan(3);
    expect(wide.errors[0] / exact).toBeGreaterThan(1.7);
    expect(wide.errors[0] / exact).toBeLessThan(2.6);
  });

  it("cover the truth where the model is right, and are small", async () => {
    for (const seed of [1, 2, 3]) {
      const stack = beads({ zernike: { spherical: 0.1 } }, [middle], { seed });
      const fit = await fitPsf(stack, { optics: known, fit: ["na", "bead_diameter", "spherical"] });
      const truth: Record<string, number> = { ...middle, na: 0.8, bead_diameter: 0.4, spherical: 0.1 };
      for (const name of ["x", "y", "z", "na", "bead_diameter", "spherical"]) {
        const { value, error } = fit.parameters[name];
        expect({ name, off: Math.abs(value - truth[name]) / error < 4 }).toEqual({ name, off: true });
      }
      expect(fit.parameters.na.error).toBeLessThan(0.003);
      expect(fit.described).toBe(true);
    }
  }, 120_000);

  it.each<[string, PsfOpticsInput, string[]]>([
    ["an aberration that is not fitted", { zernike: { spherical: 0.1 } }, ["na", "bead_diameter"]],
    ["coma that is not fitted", { zernike: { coma: 0.1 } }, ["bead_diameter", "spherical"]],
    ["another NA", { na: 0.7 }, ["bead_diameter", "spherical"]],
  ])(
    "cover the truth with a wrong model: %s",
    async (_, optics, fit) => {
      const stack = beads(optics, [middle]);
      const { parameters, r2 } = await fitPsf(stack, { optics: known, fit, beadDiameter: 0.4 });
      expect(r2).toBeGreaterThan(0.8);
      const truth: Record<string, number> = {
        ...middle,
        na: 0.8,
        bead_diameter: 0.4,
        spherical: 0,
        ...(optics.na === undefined ? {} : { na: optics.na }),
      };
      for (const [name, { value, error }] of Object.entries(parameters)) {
        expect({ name, covered: Math.abs(value - truth[name]) < 3.5 * error }).toEqual({ name, covered: true });
      }
      // White residuals would give a tenth of it.
      expect(parameters.bead_diameter.error).toBeGreaterThan(0.03);
    },
    120_000,
  );

  it("are not given where the model does not describe the bead", async () => {
    const stack = beads({ zernike: { spherical: 0.25 } }, [middle]);
    const fit = await fitPsf(stack, { optics: known, fit: ["na"] });
    expect(fit.described).toBe(false);
    expect(fit.parameters.na.error).toBe(Number.POSITIVE_INFINITY);
    expect(fit.warnings.join()).toMatch(/does not describe this bead, so that its values have no error bars/);
  }, 120_000);
});

describe("what planes cannot determine", () => {
  const one = beads({}, [{ ...middle, z: 0 }], { depth: 1 });
  const few = beads({}, [{ ...middle, z: 0.4 }], { depth: 3 });

  it("is refused before any work", async () => {
    await expect(fitPsf(one, { optics: known, fit: ["spherical"] })).rejects.toThrow(
      /1 plane cannot determine the bead's z, spherical; give a stack of 4 or more planes.*or fit fewer parameters/,
    );
    await expect(fitPsf(one, { optics: known, fit: ["bead_diameter"] })).rejects.toThrow(/1 plane cannot determine/);
    await expect(fitPsf(beads({}, [{ ...middle, z: 0.2 }], { depth: 2 }), { optics: known })).rejects.toThrow(
      /2 planes cannot determine the bead's z; give a stack of 3 or more planes/,
    );
    await expect(fitPsf(few, { optics: known, fit: ["bead_diameter", "spherical"] })).rejects.toThrow(
      expect.objectContaining({
        code: "image.unfit",
        message: expect.stringMatching(
          /3 planes cannot determine spherical besides the bead's z; give a stack of 4 or more planes/,
        ),
      }),
    );
    await expect(measureBeads(few, { optics: known, half: 8, fit: ["spherical"] })).rejects.toThrow(/3 planes cannot/);
    const fit = await fitPsf(few, { optics: known, fit: ["bead_diameter"] });
    expect(Math.abs(fit.parameters.z.value - 0.4)).toBeLessThan(0.1);
  }, 60_000);

  it("is not given for a single plane: it has lateral widths, but no z, no axial width and no step", async () => {
    const { zStep: _, ...plane } = one;
    const measured = await measureBeads(plane, { optics: known, half: 8, beadDiameter: 0.4 });
    const [bead] = measured.beads;
    expect(bead.fwhm.z).toBeUndefined();
    expect(bead.fwhm.x).toBeGreaterThan(0.3);
    expect(bead.fwhm.x).toBeLessThan(0.5);
    expect(Object.keys(bead.fit.parameters)).toEqual(["x", "y"]);
    expect(Math.abs(bead.x * pixelSize - middle.x)).toBeLessThan(0.01);
    expect(bead.z).toBe(0);
    expect(measured.warnings.join()).toMatch(/A single plane gives lateral widths only/);
  });

  it("has no axial width where the planes do not contain it", async () => {
    const short = beads({}, [{ ...middle, z: 0.4 }], { depth: 5, zStep: 0.2 });
    const { beads: found, warnings } = await measureBeads(short, { optics: known, half: 8 });
    expect(found[0].fwhm.z).toBeUndefined();
    expect(warnings.join()).toMatch(/bead 1: the axial width is not given, because the 5 planes do not contain it/);
  });

  it("is a bead outside the stack", async () => {
    // Only the upper cone of a bead far below.
    const below = beads({}, [{ ...middle, z: -2.4 }], { depth: 7 });
    await expect(fitPsf(below, { optics: known })).rejects.toThrow(/places it at plane -\d.* of 7, outside the stack/);
  });
});

describe("beads that cannot be measured", () => {
  it("are left out where the camera clips them below the range of their type", () => {
    const stack = beads({}, [middle], { side: 40 });
    expect(findBeads(stack, { half: 8 }).rejected.saturated).toBe(0);
    const clipped = { ...stack, data: stack.data.map((v) => Math.min(v, 2500)) };
    expect(findBeads(clipped, { half: 8 })).toMatchObject({ beads: [], rejected: { saturated: 1 } });
  });

  it("differ, and errors grow to that", async () => {
    const places = [0.2, 0.4, 0.6].map((diameter, i) => ({ x: 2 + 3.6 * i, y: 2 + 3.6 * i, z: 2.4, diameter }));
    const stack = beads({}, places, { side: 84 });
    const measured = await measureBeads(stack, { optics: known, half: 9, fit: ["bead_diameter"] });
    expect(measured.beads).toHaveLength(3);
    const { mean, deviation } = measured.spread.bead_diameter;
    expect(Math.abs(mean - 0.4)).toBeLessThan(0.05);
    expect(Math.abs(deviation - 0.2)).toBeLessThan(0.05);
    for (const { fit } of measured.beads) expect(fit.parameters.bead_diameter.error).toBeGreaterThanOrEqual(deviation);
  }, 60_000);
});

describe("parfocal psf of a single plane", () => {
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "parfocal-psf-plane-"));
    const { zStep: _, ...plane } = beads({}, [{ ...middle, z: 0 }], { depth: 1 });
    await writeImage(join(folder, "plane.tif"), imageOfStack(plane, "plane.tif"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("says nothing of z", async () => {
    const run = await runCli("psf plane.tif --na 0.8 --wavelength 0.515 --half 8 --json".split(" "), { cwd: folder });
    const found = JSON.parse(run.stdout);
    expect(found.beads[0].fwhm_um).toMatchObject({ x: expect.any(Number), z: null });
    expect(found.beads[0].z_plane).toBe(0);
    expect(found.warnings).toContainEqual({ code: expect.any(String), text: expect.stringMatching(/A single plane/) });
    const asked = await runCli("psf plane.tif --na 0.8 --half 8 --fit spherical".split(" "), { cwd: folder });
    expect(asked.code).toBe(1);
    expect(asked.stderr).toMatch(/1 plane cannot determine the bead's z, spherical/);
  });
});
