/** Structured illumination against theory: contrast of a defocused grid, and how sections fall with distance from focus. */
import { beforeAll, describe, expect, test } from "vitest";
import { Random } from "../src/array/random.ts";
import { sectionFromGrid } from "../src/classical/sectioning/structured-illumination.ts";
import { createImager } from "../src/optics/imaging/image-volume.ts";
import { pupilContrast } from "../src/optics/imaging/pupil-contrast.ts";
import { createGridMicroscope, type GridMicroscope } from "../src/optics/imaging/structured-illumination.ts";
import { emptyVolume, type Volume } from "../src/optics/phantom/volume.ts";
import type { Pupil } from "../src/optics/psf/pupil.ts";

const objective: Pupil = { na: 0.8, wavelength: 0.515, refractiveIndex: 1 };
const illumination: Pupil = { ...objective, wavelength: 0.488 };
const grid = { depth: 5, height: 64, width: 64, pixelSize: 0.15, sliceStep: 0.4, bottom: -0.8 };
const size = grid.height * grid.width;

/**
 * The OTF out of focus of a paraxial objective, by Hopkins's single integral (Proc. R. Soc. A 231, 91, 1955, eq. 11): s is the
 * frequency in units of NA / lambda, a = 4 pi w s / lambda with w = defocus NA^2 / 2 (index 1).
 */
function hopkins(s: number, defocus: number, { na, wavelength }: Pupil): number {
  const a = (2 * Math.PI * defocus * na * na * s) / wavelength;
  const reach = Math.sqrt(1 - (s / 2) ** 2);
  const steps = 4000;
  let sum = 0;
  for (let i = 0; i < steps; i++) {
    const y = ((i + 0.5) / steps) * reach;
    const x = Math.sqrt(1 - y * y) - s / 2;
    sum += Math.abs(a) < 1e-9 ? x : Math.sin(a * x) / a;
  }
  return ((4 / Math.PI) * sum * reach) / steps;
}

/** Half width of a curve that falls from its peak at 0: where it is half as high, by linear interpolation. */
function fullWidth(z: readonly number[], curve: readonly number[]): number {
  const peak = Math.max(...curve);
  const first = curve.findIndex((v) => v >= peak / 2);
  const last = curve.findLastIndex((v) => v >= peak / 2);
  const cross = (i: number, j: number) => z[i] + ((peak / 2 - curve[i]) / (curve[j] - curve[i])) * (z[j] - z[i]);
  return cross(last, last + 1) - cross(first, first - 1);
}

/** A uniform sheet at z = 0, one slice thick. */
function sheet(box: typeof grid): Volume {
  const volume = emptyVolume(box);
  const area = box.height * box.width;
  volume.data.fill(1, 2 * area, 3 * area);
  return volume;
}

describe("contrast of a grid", () => {
  test("in focus it is the textbook OTF of an objective", () => {
    for (const s of [0.01, 0.3, 1, 1.7]) {
      const frequency = (s * objective.na) / objective.wavelength;
      const textbook = (2 / Math.PI) * (Math.acos(s / 2) - (s / 2) * Math.sqrt(1 - (s / 2) ** 2));
      expect(pupilContrast(objective, frequency, 0)).toBeCloseTo(textbook, 3);
    }
    expect(pupilContrast(objective, (2.01 * objective.na) / objective.wavelength, 0)).toBe(0);
  });

  test("out of focus it is Hopkins's at low NA", () => {
    const low: Pupil = { na: 0.1, wavelength: 0.5, refractiveIndex: 1 };
    for (const s of [0.2, 0.5, 1, 1.5]) {
      for (const defocus of [10, 50, 120, -200]) {
        const exact = pupilContrast(low, (s * low.na) / low.wavelength, defocus);
        expect(Math.abs(exact - hopkins(s, defocus, low))).toBeLessThan(0.005);
      }
    }
  });
});

describe("three exposures with a grid", () => {
  const fraction = 0.4;
  let imager: ReturnType<typeof createImager>;
  let microscope: GridMicroscope;
  beforeAll(() => {
    imager = createImager(objective, grid);
    microscope = createGridMicroscope(imager, illumination, { frequency: fraction, modulation: 0.9 });
  });

  test("their mean is the widefield image", async () => {
    const volume = emptyVolume(grid);
    const random = new Random(1);
    for (let i = 0; i < 40; i++) volume.data[random.integer(volume.data.length)] = random.uniform();
    const planes = [-1, 0.15];
    const exposures = await microscope.image(volume, planes);
    const widefield = await imager.image(volume, planes);
    for (const z of planes.keys()) {
      for (let i = 0; i < size; i++) {
        const mean =
          (exposures[3 * z * size + i] + exposures[(3 * z + 1) * size + i] + exposures[(3 * z + 2) * size + i]) / 3;
        expect(Math.abs(mean - widefield[z * size + i])).toBeLessThan(1e-5);
      }
    }
  });

  test("a point is seen brightly where the grid is bright, at any phase and orientation", async () => {
    const tilted = createGridMicroscope(imager, illumination, { frequency: fraction, orientation: 30 });
    const { frequency } = tilted;
    expect(Math.atan2(frequency.y, frequency.x) * (180 / Math.PI)).toBeCloseTo(30, -1);
    const volume = emptyVolume(grid);
    const at = { y: 21, x: 38 };
    volume.data[3 * size + at.y * grid.width + at.x] = 1;
    const phases = [0.3, 1.9, 5];
    const exposures = await tilted.image(volume, [0], [{ phases, intensities: [1, 0.5, 2] }]);
    const widefield = await imager.image(volume, [0]);
    const middle = at.y * grid.width + at.x;
    const along = 2 * Math.PI * grid.pixelSize * (frequency.x * at.x + frequency.y * at.y);
    phases.forEach((phase, j) => {
      const light = [1, 0.5, 2][j] * (1 + tilted.contrast(grid.sliceStep) * Math.cos(along + phase));
      expect(exposures[j * size + middle] / widefield[middle]).toBeCloseTo(light, 3);
    });
  });

  test("a sheet's section falls with distance as OTF x OTF, and within a few um to nothing", async () => {
    const z = Array.from({ length: 41 }, (_, i) => (i - 20) * 0.2);
    // Wide enough for the whole PSF: where it wraps, its light interferes and the OTF is off by 2 %.
    const box = { ...grid, height: 256, width: 256 };
    const wide = createGridMicroscope(createImager(objective, box), illumination, {
      frequency: fraction,
      modulation: 0.9,
    });
    const exposures = await wide.image(sheet(box), z);
    const { section, widefield } = sectionFromGrid({ ...box, data: exposures, planes: z.length }, { correct: false });
    const area = box.height * box.width;
    const mean = (data: Float32Array, i: number) =>
      data.subarray(i * area, (i + 1) * area).reduce((sum, v) => sum + v, 0) / area;
    const k = wide.frequency.x;
    // What the camera's pixels take away of a grid.
    const pixels = Math.sin(Math.PI * k * grid.pixelSize) / (Math.PI * k * grid.pixelSize);
    const curve = z.map((_, i) => mean(section, i));
    const peak = 0.9 * grid.sliceStep * pixels * pupilContrast(illumination, k, 0) * pupilContrast(objective, k, 0);
    z.forEach((defocus, i) => {
      const theory =
        0.9 *
        grid.sliceStep *
        pixels *
        pupilContrast(illumination, k, -defocus) *
        pupilContrast(objective, k, -defocus);
      expect(Math.abs(curve[i] - Math.abs(theory)) / peak).toBeLessThan(0.01);
      expect(mean(widefield, i) / grid.sliceStep).toBeCloseTo(1, 4);
    });
    // Neil 1997: with the paraxial OTF of Hopkins; NA 0.8 is not paraxial, and the exact phase makes it thinner.
    const paraxial = z.map((d) =>
      Math.abs(
        hopkins((k * objective.wavelength) / objective.na, d, objective) *
          hopkins((k * illumination.wavelength) / illumination.na, d, illumination),
      ),
    );
    const [exact, approximate] = [fullWidth(z, curve), fullWidth(z, paraxial)];
    console.info(
      `SIM section FWHM at NA 0.8, k = 0.4 cut-off: ${exact.toFixed(3)} um; paraxial ${approximate.toFixed(3)} um`,
    );
    expect(exact).toBeGreaterThan(0.7 * approximate);
    expect(exact).toBeLessThan(approximate);
    expect(curve[0] / peak).toBeLessThan(0.05);
  });

  test("at low NA the section falls as Neil's theory says, within 1 %", async () => {
    const low: Pupil = { na: 0.2, wavelength: 0.5, refractiveIndex: 1 };
    const wide = { ...grid, pixelSize: 0.5, sliceStep: 2, bottom: -4 };
    const volume = sheet(wide);
    const fine = createGridMicroscope(createImager(low, wide), low, { frequency: 0.5 });
    const z = Array.from({ length: 16 }, (_, i) => i * 2);
    const exposures = await fine.image(volume, z);
    const { section } = sectionFromGrid({ ...wide, data: exposures, planes: z.length }, { correct: false });
    const s = (fine.frequency.x * low.wavelength) / low.na;
    const theory = z.map((d) => hopkins(s, d, low) ** 2);
    z.forEach((_, i) => {
      expect(Math.abs(section[i * size] / section[0] - theory[i] / theory[0])).toBeLessThan(0.01);
    });
  });

  test("patterns that cannot be are refused", async () => {
    const make = (pattern: object) => () =>
      createGridMicroscope(imager, illumination, { frequency: fraction, ...pattern });
    expect(make({ frequency: 1.2 })).toThrow(/frequency is 1.2; expected a number between 0 and 1/);
    expect(make({ modulation: -1 })).toThrow(/modulation is -1/);
    expect(make({ frequency: 0.001 })).toThrow(/no whole period/);
    const coarse = createImager(objective, { ...grid, pixelSize: 0.4 });
    expect(() => createGridMicroscope(coarse, illumination, { frequency: 0.8 })).toThrow(/fewer than 2/);
    await expect(microscope.image(sheet(grid), [0, 1], [{ phases: [0, 1, 2] }])).rejects.toThrow(
      /for each of 2 planes/,
    );
  });
});
