/** What sectioning is: the light of a uniform sheet at every distance from focus, in each mode. */
import { describe, expect, test } from "vitest";
import { createImager, imageVolume } from "../src/optics/imaging/image-volume.ts";
import { emptyVolume } from "../src/optics/phantom/volume.ts";
import { psfModelOf } from "../src/optics/psf/optics-options.ts";

const grid = { depth: 1, height: 128, width: 128, pixelSize: 0.15, sliceStep: 0.4, bottom: 0 };
const size = grid.height * grid.width;
const objective = { na: 0.8, wavelength: 0.515, refractive_index: 1 };
const z = Array.from({ length: 41 }, (_, i) => (i - 20) * 0.2);

/** Mean intensity of a sheet one slice thick at z = 0, for focal planes at `z`, as a share of its thickness. */
async function response(options: object): Promise<number[]> {
  const volume = emptyVolume(grid);
  volume.data.fill(1);
  const images = await imageVolume(volume, psfModelOf({ ...objective, ...options }), z);
  return z.map(
    (_, i) => images.subarray(i * size, (i + 1) * size).reduce((sum, v) => sum + v, 0) / size / grid.sliceStep,
  );
}

/** Full width at half maximum, um, by linear interpolation. */
function fullWidth(curve: readonly number[]): number {
  const half = Math.max(...curve) / 2;
  const [first, last] = [curve.findIndex((v) => v >= half), curve.findLastIndex((v) => v >= half)];
  const cross = (i: number, j: number) => z[i] + ((half - curve[i]) / (curve[j] - curve[i])) * (z[j] - z[i]);
  return cross(last, last + 1) - cross(first, first - 1);
}

describe("a uniform sheet", () => {
  test("is as bright at any focus in wide field", async () => {
    for (const v of await response({})) expect(v).toBeCloseTo(1, 4);
  });

  test("falls in a confocal microscope, faster through a smaller pinhole", async () => {
    const confocal = (pinhole: number) => response({ pinhole, excitation_wavelength: 0.488 });
    const [small, one, wide] = [await confocal(0.3), await confocal(1), await confocal(10)];
    const middle = z.indexOf(0);
    for (const curve of [small, one, wide]) {
      expect(Math.abs(curve[middle] - 1)).toBeLessThan(0.02);
      expect(Math.max(...curve)).toBeLessThan(1.02);
    }
    console.info(
      `confocal sheet FWHM at NA 0.8: ${fullWidth(small).toFixed(2)} um (0.3 AU), ${fullWidth(one).toFixed(2)} um (1 AU)`,
    );
    expect(fullWidth(small)).toBeLessThan(fullWidth(one));
    expect(fullWidth(one)).toBeLessThan(2);
    expect(one[0]).toBeLessThan(0.15);
    expect(wide[0]).toBeGreaterThan(5 * one[0]);
  });

  test("has the profile of a light sheet, whatever the detection", async () => {
    const curve = await response({ sheet_thickness: 1.6, excitation_wavelength: 0.488 });
    z.forEach((d, i) => {
      expect(curve[i]).toBeCloseTo(Math.exp((-4 * Math.LN2 * d * d) / 1.6 ** 2), 3);
    });
    expect(fullWidth(curve)).toBeCloseTo(1.6, 1);
  });

  test("and light that is not even in x and y is imaged as well", async () => {
    const comatic = psfModelOf({ ...objective, zernike: { vertical_coma: 0.15 } });
    const volume = emptyVolume(grid);
    volume.data[60 * grid.width + 70] = 1;
    const image = await createImager(comatic, grid).image(volume, [0]);
    const total = image.reduce((sum, v) => sum + v, 0);
    expect(total / grid.sliceStep).toBeCloseTo(1, 3);
    const row = (y: number) => image.subarray(y * grid.width, (y + 1) * grid.width).reduce((sum, v) => sum + v, 0);
    const [above, below] = [row(54) + row(55) + row(56), row(64) + row(65) + row(66)];
    expect(Math.abs(above - below) / (above + below)).toBeGreaterThan(0.3);
  });
});
