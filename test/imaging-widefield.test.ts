/** Images of a specimen: light is kept in wide field, the thin and the thick agree with what optics says, and any z is allowed. */
import { describe, expect, test } from "vitest";
import { Random } from "../src/array/random.ts";
import { ParfocalError } from "../src/errors.ts";
import { createImager, imageVolume } from "../src/optics/imaging/image-volume.ts";
import { emptyVolume, type Volume } from "../src/optics/phantom/volume.ts";
import { widefieldPsf } from "../src/optics/psf/psf.ts";
import type { Pupil } from "../src/optics/psf/pupil.ts";

const pupil: Pupil = { na: 0.8, wavelength: 0.515, refractiveIndex: 1 };
const grid = { depth: 9, height: 64, width: 128, pixelSize: 0.2, sliceStep: 0.5, bottom: -2 };
const size = grid.height * grid.width;

function specks(seed: number): Volume {
  const volume = emptyVolume(grid);
  const random = new Random(seed);
  for (let i = 0; i < 60; i++) volume.data[random.integer(volume.data.length)] = random.between(0.2, 1);
  return volume;
}

const sum = (data: Float32Array) => data.reduce((total, v) => total + v, 0);
const plane = (images: Float32Array, z: number) => images.subarray(z * size, (z + 1) * size);

describe("wide field", () => {
  test("every plane carries all the light of the specimen", async () => {
    const volume = specks(1);
    const planes = [-6, -2, 0, 0.37, 5];
    const images = await imageVolume(volume, pupil, planes);
    const expected = sum(volume.data) * grid.sliceStep;
    for (const z of planes.keys()) expect(sum(plane(images, z)) / expected).toBeCloseTo(1, 4);
    // In focus there is more contrast than far from it: not every plane is the same.
    const peak = (z: number) => Math.max(...plane(images, z));
    expect(peak(2)).toBeGreaterThan(5 * peak(0));
  });

  test("a uniform layer has its thickness as intensity at any focus", async () => {
    const volume = emptyVolume(grid);
    volume.data.fill(1, 3 * size, 5 * size);
    const images = await imageVolume(volume, pupil, [-8, 0, 20]);
    for (const value of images) expect(Math.abs(value - 2 * grid.sliceStep)).toBeLessThan(1e-4);
  });

  test("a point shows the PSF of its distance, on slices and between them", async () => {
    const volume = emptyVolume(grid);
    const [level, y, x] = [6, 20, 70];
    volume.data[level * size + y * grid.width + x] = 1;
    const planes = [-0.5, 0.13, 1.9];
    const images = await imageVolume(volume, pupil, planes);
    planes.forEach((z, index) => {
      const defocus = grid.bottom + level * grid.sliceStep - z;
      const psf = widefieldPsf(pupil, { pixelSize: grid.pixelSize, defocus, size: 64 });
      const worst = Math.max(...psf.data) * grid.sliceStep;
      for (let dy = -8; dy <= 8; dy++) {
        for (let dx = -8; dx <= 8; dx++) {
          const seen = plane(images, index)[(y + dy) * grid.width + x + dx];
          const expected = psf.data[(32 + dy) * 64 + 32 + dx] * grid.sliceStep;
          // The PSF is 64 pixels wide, the box 128: light beyond wraps differently.
          expect(Math.abs(seen - expected)).toBeLessThan(0.01 * worst);
        }
      }
    });
  });

  test("planes come in the order they were asked for, in one call or several", async () => {
    const volume = specks(2);
    const imager = createImager(pupil, grid);
    const all = await imager.image(volume, [1, -0.3, 0.5, 0.7]);
    for (const [index, z] of [1, -0.3, 0.5, 0.7].entries()) {
      const one = await imager.image(volume, [z]);
      const apart = plane(all, index).map((v, i) => Math.abs(v - one[i]));
      expect(Math.max(...apart)).toBeLessThan(1e-6);
    }
  });

  test("bad input and a stop are told", async () => {
    const volume = specks(3);
    const imager = createImager(pupil, { ...grid, width: 64 });
    await expect(imager.image(volume, [0])).rejects.toThrow(/width of the specimen's volume is 128.*prepared for 64/);
    await expect(imageVolume(volume, pupil, [Number.NaN])).rejects.toThrow(/focal planes are NaN/);
    await expect(imageVolume(volume, pupil, [])).rejects.toBeInstanceOf(ParfocalError);
    const stopped = imageVolume(volume, pupil, [0], { signal: AbortSignal.abort() });
    await expect(stopped).rejects.toMatchObject({ code: "interrupted" });
    const seen: number[] = [];
    await imageVolume(volume, pupil, [0, 1, 2.2], { onProgress: ({ done, total }) => seen.push(done / total) });
    expect(seen).toEqual([1 / 3, 2 / 3, 1]);
  });
});
