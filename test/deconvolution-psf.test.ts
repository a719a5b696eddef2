/** PSFs made fit for an image: measured ones centred, resampled and cleaned; computed ones cut to what matters. */
import { describe, expect, test } from "vitest";
import { Random } from "../src/array/random.ts";
import { measuredPsf } from "../src/classical/deconvolution/measured-psf.ts";
import { opticalPsf, opticsOf } from "../src/classical/deconvolution/optical-psf.ts";
import { trimPsf } from "../src/classical/deconvolution/trim-psf.ts";
import type { Volume } from "../src/classical/deconvolution/volume.ts";
import type { Stack } from "../src/image/image.ts";
import { psfModelOf } from "../src/optics/psf/optics-options.ts";
import { gaussianPsf } from "./helpers/scenes.ts";
import { textsOf } from "./helpers/texts.ts";

/** A Gaussian bead in counts, its centre anywhere. Lengths in um. */
function bead(options: {
  shape: [number, number, number];
  centre: [number, number, number];
  pixel: number;
  step: number;
  sigma?: [number, number];
  background?: number;
  noise?: number;
}): Stack {
  const { shape, centre, pixel, step, sigma = [0.5, 0.2], background = 100, noise = 0 } = options;
  const [depth, height, width] = shape;
  const random = new Random(5);
  const data = Float32Array.from({ length: depth * height * width }, (_, i) => {
    const z = (Math.floor(i / (height * width)) - centre[0]) * step;
    const y = ((Math.floor(i / width) % height) - centre[1]) * pixel;
    const x = ((i % width) - centre[2]) * pixel;
    const value = Math.exp(-0.5 * ((z / sigma[0]) ** 2 + (y * y + x * x) / sigma[1] ** 2));
    return background + 5000 * value + noise * random.normal();
  });
  return { data, depth, height, width, pixelSize: { y: pixel, x: pixel }, zStep: step, dtype: "uint16" };
}

function moments({ data, depth, height, width }: Volume) {
  const m = { sum: 0, z: 0, y: 0, x: 0, zz: 0, yy: 0, xx: 0 };
  for (let i = 0; i < data.length; i++) {
    const z = Math.floor(i / (height * width)) - (depth - 1) / 2;
    const y = (Math.floor(i / width) % height) - (height - 1) / 2;
    const x = (i % width) - (width - 1) / 2;
    m.sum += data[i];
    m.z += data[i] * z;
    m.y += data[i] * y;
    m.x += data[i] * x;
    m.zz += data[i] * z * z;
    m.yy += data[i] * y * y;
    m.xx += data[i] * x * x;
  }
  return m;
}

const target = { depth: 20, height: 100, width: 100, pixelSize: { y: 0.1, x: 0.1 }, zStep: 0.3 };

describe("a measured PSF", () => {
  test("off its middle is brought there, to a fraction of a voxel, without its background", () => {
    const stack = bead({ shape: [17, 31, 33], centre: [9.3, 13.4, 18.7], pixel: 0.1, step: 0.3 });
    const { psf, centre, warnings } = measuredPsf(stack, target);
    expect(centre.z).toBeCloseTo(9.3, 1);
    expect(centre.y).toBeCloseTo(13.4, 1);
    expect(centre.x).toBeCloseTo(18.7, 1);
    expect(textsOf(warnings)).toEqual([]);
    expect([psf.depth % 2, psf.height % 2, psf.width % 2]).toEqual([1, 1, 1]);
    const m = moments(psf);
    expect(m.sum).toBeCloseTo(1, 5);
    for (const off of [m.z, m.y, m.x]) expect(Math.abs(off)).toBeLessThan(0.1);
    expect(Math.sqrt(m.yy)).toBeCloseTo(2, 0);
  });

  test.each([
    {
      pixel: 0.05,
      step: 0.1,
      shape: [51, 61, 61] as [number, number, number],
      centre: [25, 30, 30] as [number, number, number],
    },
    {
      pixel: 0.2,
      step: 0.6,
      shape: [9, 17, 17] as [number, number, number],
      centre: [4, 8, 8] as [number, number, number],
    },
  ])("of $pixel um pixels and $step um steps gets those of the image", ({ pixel, step, shape, centre }) => {
    const { psf } = measuredPsf(bead({ shape, centre, pixel, step }), target);
    const m = moments(psf);
    // Sigma 0.2 um and 0.5 um in pixels of 0.1 um and steps of 0.3 um; pixels widen it a little.
    expect(Math.sqrt(m.yy / m.sum)).toBeGreaterThan(1.85);
    expect(Math.sqrt(m.yy / m.sum)).toBeLessThan(2.25);
    expect(Math.sqrt(m.zz / m.sum)).toBeGreaterThan(1.5);
    expect(Math.sqrt(m.zz / m.sum)).toBeLessThan(1.9);
  });

  test("larger than the image is cut; for one plane the sharpest is taken", () => {
    const stack = bead({ shape: [17, 41, 41], centre: [6, 20, 20], pixel: 0.1, step: 0.3, sigma: [0.5, 0.8] });
    const small = measuredPsf(stack, { ...target, depth: 4, height: 12, width: 9 }).psf;
    expect([small.depth <= 7, small.height <= 23, small.width <= 17]).toEqual([true, true, true]);
    const plane = measuredPsf(stack, { ...target, depth: 1 }).psf;
    expect(plane.depth).toBe(1);
    expect(moments(plane).sum).toBeCloseTo(1, 5);
  });

  test("with noise keeps its centre; a 2-D one for a stack, and unknown pixels, are told", () => {
    const stack = bead({ shape: [17, 31, 31], centre: [8.5, 15.2, 14.9], pixel: 0.1, step: 0.3, noise: 60 });
    const { centre } = measuredPsf(stack, target);
    expect(Math.hypot(centre.z - 8.5, centre.y - 15.2, centre.x - 14.9)).toBeLessThan(0.15);
    const flat = bead({ shape: [1, 31, 31], centre: [0, 15, 15], pixel: 0.1, step: 0.3 });
    expect(textsOf(measuredPsf(flat, target).warnings).join()).toMatch(/one plane and the stack several/);
    const { pixelSize: _, ...unknown } = flat;
    expect(textsOf(measuredPsf(unknown, { ...target, depth: 1 }).warnings).join()).toMatch(
      /pixel size of the PSF is not known/,
    );
  });

  test("without a peak, or with values that are no numbers, is refused", () => {
    const stack = bead({ shape: [1, 31, 31], centre: [0, 15, 15], pixel: 0.1, step: 0.3 });
    expect(() => measuredPsf({ ...stack, data: stack.data.map(() => 7) }, target)).toThrow(/no peak/);
    expect(() => measuredPsf({ ...stack, data: stack.data.map((v, i) => (i === 4 ? Number.NaN : v)) }, target)).toThrow(
      /used: plane 0, pixel x 4, y 0 is NaN/,
    );
  });
});

describe("a computed PSF", () => {
  const model = psfModelOf({ na: 1.2, wavelength: 0.5, refractive_index: 1.333 });

  test("has its peak in the middle, sum 1, and as many planes as matter", () => {
    const { psf, warnings } = opticalPsf(model, { ...target, depth: 11 });
    expect(psf.depth).toBe(13);
    expect(psf.data.indexOf(Math.max(...psf.data))).toBe((psf.data.length - 1) / 2);
    expect(moments(psf).sum).toBeCloseTo(1, 5);
    expect(textsOf(warnings)).toEqual([]);
    // The same on both sides of focus.
    const plane = psf.height * psf.width;
    expect(psf.data.slice(0, plane)).toEqual(psf.data.slice(12 * plane));
  });

  test("an aberrated one is not, and its brighter side is where that of the microscope is", () => {
    const aberrated = psfModelOf({ na: 1.2, wavelength: 0.5, refractive_index: 1.333, spherical_aberration: 0.15 });
    const { psf } = opticalPsf(aberrated, { ...target, depth: 11 });
    const plane = psf.height * psf.width;
    const peakAt = (z: number) => Math.max(...psf.data.subarray(z * plane, (z + 1) * plane));
    // A plane above the point in focus sees the point at negative defocus.
    const peakOf = (defocus: number) =>
      Math.max(...aberrated.psf({ pixelSize: 0.1, defocus: aberrated.focus + defocus }).data);
    expect(peakAt(9) / peakAt(3)).toBeCloseTo(peakOf(-0.9) / peakOf(0.9), 1);
    expect(Math.abs(Math.log(peakAt(9) / peakAt(3)))).toBeGreaterThan(0.1);
  });

  test("coarse pixels are told; missing calibration is asked for; a medium is guessed aloud", () => {
    const coarse = opticalPsf(model, { ...target, pixelSize: { y: 0.5, x: 0.5 } });
    expect(textsOf(coarse.warnings).join()).toMatch(/coarser than the Nyquist limit of the optics, 0\.104 um/);
    const { pixelSize: _, ...unknown } = target;
    expect(() => opticalPsf(model, unknown)).toThrow(/`pixel_size`/);
    expect(() => opticsOf({ na: 0.8 })).toThrow(/`wavelength`/);
    expect(opticsOf({ na: 1.2, wavelength: 0.5 })).toMatchObject({ optics: { refractive_index: 1.333 } });
    expect(textsOf(opticsOf({ na: 1.2, wavelength: 0.5 }).warnings).join()).toMatch(/water/);
    expect(() => opticalPsf(model, { ...target, pixelSize: { y: 0.2, x: 0.1 } })).toThrow(/square/);
  });
});

test("trimming keeps 99 % of the light, the middle in the middle, and the sum 1", () => {
  const wide = gaussianPsf([3, 101, 81], [1, 3, 2]);
  const psf = trimPsf(wide);
  expect(psf.height).toBeLessThan(23);
  expect(psf.width).toBeLessThan(17);
  const [midY, midX] = [(psf.height - 1) / 2, (psf.width - 1) / 2];
  let kept = 0;
  for (let z = 0; z < 3; z++)
    for (let y = -midY; y <= midY; y++)
      for (let x = -midX; x <= midX; x++) kept += wide.data[(z * 101 + 50 + y) * 81 + 40 + x];
  expect(kept).toBeGreaterThan(0.989);
  expect(moments(psf).sum).toBeCloseTo(1, 5);
  expect(psf.data.indexOf(Math.max(...psf.data))).toBe((psf.data.length - 1) / 2);
});
