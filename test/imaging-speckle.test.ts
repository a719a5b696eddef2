/** Speckle as laser light makes it, and HiLo sections from it. */
import { beforeAll, describe, expect, test } from "vitest";
import { gaussianFilter } from "../src/array/filters.ts";
import { Random } from "../src/array/random.ts";
import { sectionFromSpeckle } from "../src/classical/sectioning/hilo.ts";
import { imageWithSpeckle } from "../src/optics/imaging/hilo.ts";
import { createImager, type Imager } from "../src/optics/imaging/image-volume.ts";
import { pupilContrast } from "../src/optics/imaging/pupil-contrast.ts";
import { createSpeckle, type Speckle } from "../src/optics/imaging/speckle.ts";
import { emptyVolume, type Volume } from "../src/optics/phantom/volume.ts";
import { axialResolution, type Pupil } from "../src/optics/psf/pupil.ts";
import { correlation, mean } from "./helpers/numbers.ts";
import { textsOf } from "./helpers/texts.ts";

const detection: Pupil = { na: 0.8, wavelength: 0.515, refractiveIndex: 1 };
const illumination: Pupil = { ...detection, wavelength: 0.488 };
const grid = { depth: 31, height: 128, width: 128, pixelSize: 0.15, sliceStep: 0.4, bottom: -6 };
const area = grid.height * grid.width;

const errorOf = (a: Float32Array, truth: Float32Array) =>
  Math.sqrt(mean(a.map((v, i) => (v - truth[i]) ** 2)) / mean(truth.map((v) => v * v)));

describe("speckle", () => {
  const fine = { height: 256, width: 256, pixelSize: 0.06 };
  const speckle = createSpeckle(illumination, fine, new Random(3));
  const pattern = speckle.at(0);

  test("is fully developed: mean 1 at every depth, and as often bright as an exponential says", () => {
    for (const z of [0, 2, -7]) expect(mean(speckle.at(z))).toBeCloseTo(1, 5);
    // 15 um hold about 700 grains: statistics are sure to about 4 %.
    expect(mean(pattern.map((v) => v * v))).toBeCloseTo(2, 0);
    for (const level of [0.5, 1, 2, 3]) {
      const share = pattern.filter((v) => v > level).length / pattern.length;
      expect(Math.abs(share - Math.exp(-level))).toBeLessThan(0.03);
    }
  });

  test("has grains as large as lambda / 2 NA, and forgets them over the depth of focus", () => {
    // The autocovariance is |FT of the pupil disc|^2: (2 J1(x) / x)^2, half at x = 1.616, x = 2 pi NA r / lambda.
    const half = (1.616 * illumination.wavelength) / (2 * Math.PI * illumination.na);
    const at = (pixels: number) => {
      const moved = pattern.map((_, i) => pattern[Math.floor(i / 256) * 256 + ((i + pixels) % 256)]);
      return correlation(pattern, moved);
    };
    const [near, far] = [Math.floor(half / fine.pixelSize), Math.ceil(half / fine.pixelSize)];
    expect(at(near)).toBeGreaterThan(0.5);
    expect(at(far)).toBeLessThan(0.5);
    expect(correlation(pattern, speckle.at(0.1))).toBeGreaterThan(0.9);
    expect(Math.abs(correlation(pattern, speckle.at(4 * axialResolution(illumination))))).toBeLessThan(0.1);
  });

  test("averages over coarse pixels instead of skipping grains", () => {
    const coarse = createSpeckle(illumination, { height: 64, width: 64, pixelSize: 0.6 }, new Random(3)).at(0);
    expect(mean(coarse)).toBeCloseTo(1, 5);
    // What is left of the variance is the part of the power spectrum that the pixel passes.
    let [passed, all] = [0, 0];
    const cutoff = (2 * illumination.na) / illumination.wavelength;
    for (let y = -cutoff; y < cutoff; y += cutoff / 12) {
      for (let x = -cutoff; x < cutoff; x += cutoff / 12) {
        const power = pupilContrast(illumination, Math.hypot(x, y), 0);
        const sinc = (k: number) => (Math.abs(k) < 1e-9 ? 1 : Math.sin(Math.PI * 0.6 * k) / (Math.PI * 0.6 * k));
        passed += power * (sinc(x) * sinc(y)) ** 2;
        all += power;
      }
    }
    const variance = mean(coarse.map((v) => (v - 1) ** 2));
    expect(Math.abs(variance / (passed / all) - 1)).toBeLessThan(0.15);
  });

  test("another diffuser gives another pattern, the same seed the same", () => {
    expect(createSpeckle(illumination, fine, new Random(3)).at(1)).toEqual(speckle.at(1));
    expect(Math.abs(correlation(pattern, createSpeckle(illumination, fine, new Random(4)).at(0)))).toBeLessThan(0.1);
  });
});

describe("HiLo", () => {
  let imager: Imager;
  let speckle: Speckle;
  let texture: Float32Array;
  const optics = { pixelSize: grid.pixelSize, detection, illumination };
  const at = (z: number) => Math.round((z - grid.bottom) / grid.sliceStep) * area;
  const size = { planes: 1, height: grid.height, width: grid.width };

  beforeAll(() => {
    imager = createImager(detection, grid);
    speckle = createSpeckle(illumination, grid, new Random(5));
    const random = new Random(6);
    const noise = Float32Array.from({ length: area }, () => random.normal());
    const blur = (sigma: number) => gaussianFilter({ ...grid, data: noise }, sigma).data;
    const [coarse, fine] = [blur(6), blur(1.5)];
    texture = coarse.map((v, i) => Math.max(0, (1 + 15 * v) * (1 + 2 * fine[i])));
  });
  const both = async (volume: Volume, z = 0) => ({
    uniform: await imager.image(volume, [z]),
    speckle: await imageWithSpeckle(imager, speckle, volume, [z]),
    ...size,
  });

  test("a slice out of focus is lit by the speckle of its own distance, and blurred by its PSF", async () => {
    const volume = emptyVolume(grid);
    volume.data.fill(1, at(2), at(2) + area);
    const lit = emptyVolume(grid);
    lit.data.set(speckle.at(1.5), at(2));
    const seen = await imageWithSpeckle(imager, speckle, volume, [0.5]);
    expect(errorOf(seen, await imager.image(lit, [0.5]))).toBeLessThan(1e-5);
    expect(mean(seen)).toBeCloseTo(grid.sliceStep, 4);
  });

  test("a specimen without out-of-focus light is returned as it is", async () => {
    const volume = emptyVolume(grid);
    volume.data.set(texture, at(0));
    const stack = await both(volume);
    const { section } = sectionFromSpeckle(stack, { optics });
    expect(errorOf(section, stack.uniform)).toBeLessThan(0.18);
    expect(correlation(section, stack.uniform)).toBeGreaterThan(0.98);
    expect(mean(section) / mean(stack.uniform)).toBeGreaterThan(0.92);
    expect(mean(section) / mean(stack.uniform)).toBeLessThan(1.08);
  });

  test("out-of-focus light is removed, and no speckle is left in its place", async () => {
    const volume = emptyVolume(grid);
    volume.data.set(texture, at(0));
    const sharp = await imager.image(volume, [0]);
    const turned = texture.map((_, i) => 6 * texture[area - 1 - i]);
    volume.data.set(turned, at(4.4));
    volume.data.set(turned.toReversed(), at(-5.2));
    const stack = await both(volume);
    const { section, eta } = sectionFromSpeckle(stack, { optics });
    const before = errorOf(stack.uniform, sharp);
    const after = errorOf(section, sharp);
    console.info(`HiLo: error to the specimen in focus ${before.toFixed(2)} wide field, ${after.toFixed(2)} section`);
    expect(before).toBeGreaterThan(8);
    expect(after).toBeLessThan(0.3);
    // Without the optics the weight is measured; it must at least be of the right size.
    const measured = sectionFromSpeckle(stack).eta / eta;
    expect(measured).toBeGreaterThan(0.5);
    expect(measured).toBeLessThan(1.6);
  });

  test("a uniform sheet falls with distance, where wide field does not", async () => {
    const z = [0, 0.4, 0.8, 1.2, 1.6, 2.4, 4];
    const volume = emptyVolume(grid);
    volume.data.fill(1, at(0), at(0) + area);
    const curve: number[] = [];
    for (const defocus of z) {
      const stack = await both(volume, defocus);
      expect(mean(stack.uniform)).toBeCloseTo(grid.sliceStep, 4);
      curve.push(mean(sectionFromSpeckle(stack, { optics }).section) / grid.sliceStep);
    }
    const beyond = curve.findIndex((v) => v < curve[0] / 2);
    const cross = z[beyond - 1] + ((curve[beyond - 1] - curve[0] / 2) / (curve[beyond - 1] - curve[beyond])) * 0.4;
    console.info(
      `HiLo section FWHM at NA 0.8, sigma 1 (0.15 um): ${(2 * cross).toFixed(2)} um; ${curve.map((v) => v.toFixed(3)).join(" ")}`,
    );
    expect(curve[0]).toBeGreaterThan(0.85);
    expect(curve[0]).toBeLessThan(1.1);
    expect(curve.at(-1)).toBeLessThan(0.1);
    expect(curve).toEqual(curve.toSorted((a, b) => b - a));
  });

  test("noise is not taken for speckle when the camera is known", () => {
    const random = new Random(8);
    const gain = 2;
    const exposure = () =>
      Float32Array.from({ length: area }, () => 100 + gain * (random.poisson(50) + 3 * random.normal()));
    const stack = { uniform: exposure(), speckle: exposure(), ...size };
    const low = (options: object) =>
      mean(sectionFromSpeckle(stack, { offset: 100, eta: 12, ...options }).section) / (gain * 50);
    expect(low({})).toBeGreaterThan(0.25);
    expect(low({ gain, readNoise: 3 })).toBeLessThan(0.35 * low({}));
  });

  test("images without speckle are told from those with it; what does not fit is refused", () => {
    const flat = new Float32Array(area).fill(7);
    const stack = { uniform: flat, speckle: flat.slice(), ...size };
    expect(textsOf(sectionFromSpeckle(stack).warnings).join()).toMatch(/do not differ by speckle/);
    expect(() => sectionFromSpeckle({ ...stack, planes: 2 })).toThrow(
      /uniform images hold 16384 values; expected 32768/,
    );
    expect(() => sectionFromSpeckle(stack, { sigma: 0 })).toThrow(/sigma is 0/);
    expect(() => sectionFromSpeckle(stack, { signal: AbortSignal.abort() })).toThrow(/Stopped/);
  });
});
