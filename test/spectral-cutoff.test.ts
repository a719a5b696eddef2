/** What the cut-off of a spectrum has to obey: noise has none, blur and noise lower it, counts do not matter. */
import { describe, expect, it } from "vitest";
import { gaussianFilter } from "../src/array/filters.ts";
import { Random } from "../src/array/random.ts";
import { ParfocalError } from "../src/errors.ts";
import type { Plane } from "../src/image/image.ts";
import { powerSpectrum, spectralCutoff } from "../src/metrics/spectral-cutoff.ts";

/** White noise of this standard deviation. */
function whiteNoise(height: number, width: number, seed: number, deviation = 1): Plane {
  const random = new Random(seed);
  return { data: Float32Array.from({ length: height * width }, () => deviation * random.normal()), height, width };
}

const plus = (a: Plane, b: Plane): Plane => ({ ...a, data: a.data.map((v, i) => v + b.data[i]) });

/** A flat spectrum of variance 1, blurred, and noise of this standard deviation. */
const blurred = (sigma: number, noise: number, seed = 3, size = 256): Plane =>
  plus(gaussianFilter(whiteNoise(size, size, seed), sigma), whiteNoise(size, size, seed + 100, noise));

/** Where exp(-(2 pi sigma f)^2) comes down to a share of noise^2. */
const expected = (sigma: number, noise: number, share: number) =>
  Math.sqrt(-Math.log(share * noise * noise)) / (2 * Math.PI * sigma);

const codeOf = (run: () => unknown) => {
  try {
    run();
  } catch (error) {
    return error instanceof ParfocalError ? error.code : error;
  }
  return "nothing thrown";
};

describe("powerSpectrum", () => {
  it.each([
    [256, 256],
    [259, 514],
  ])("is the variance of white noise, at all frequencies: %d x %d", (height, width) => {
    const { frequency, power, count } = powerSpectrum(whiteNoise(height, width, 5, 3));
    const third = (from: number) => {
      const inside = frequency.flatMap((f, i) => (f >= from && f < from + 0.15 ? [i] : []));
      return inside.reduce((sum, i) => sum + power[i] * count[i], 0) / inside.reduce((sum, i) => sum + count[i], 0);
    };
    for (const from of [0.05, 0.2, 0.34]) expect(Math.abs(third(from) / 9 - 1)).toBeLessThan(0.1);
    expect(frequency.at(-1)).toBe(0.5);
  });

  it("has a wave in the ring of its frequency", () => {
    const data = Float32Array.from({ length: 200 * 160 }, (_, i) =>
      Math.cos(2 * Math.PI * (0.15 * (i % 160) + 0.2 * Math.floor(i / 160))),
    );
    const { frequency, power } = powerSpectrum({ data, height: 200, width: 160 });
    expect(frequency[power.indexOf(Math.max(...power))]).toBeCloseTo(0.25, 6);
  });
});

describe("spectralCutoff", () => {
  it("is 0 for white noise, whatever its seed, and for a constant", () => {
    for (let seed = 0; seed < 60; seed++) expect(spectralCutoff(whiteNoise(128, 128, seed)).frequency).toBe(0);
    for (const value of [0, 1, 1234.567]) {
      const data = new Float32Array(64 * 64).fill(value);
      expect(spectralCutoff({ data, height: 64, width: 64 }).frequency).toBe(0);
    }
  });

  it.each([
    [1.5, 0.1],
    [2, 0.03],
    [3, 0.1],
    [5, 0.01],
  ])("is where the blurred spectrum meets the floor: sigma %d, noise %d", (sigma, noise) => {
    const { frequency, floor } = spectralCutoff(blurred(sigma, noise));
    expect(Math.abs(floor / noise ** 2 - 1)).toBeLessThan(0.1);
    // Between an excess of a tenth and one as large as the floor itself.
    expect(frequency).toBeGreaterThan(expected(sigma, noise, 1) - 0.006);
    expect(frequency).toBeLessThan(expected(sigma, noise, 0.1) + 0.006);
  });

  it("falls with blur and with noise", () => {
    const cutoffs = [1.5, 2, 2.5, 3, 4, 6].map((sigma) => spectralCutoff(blurred(sigma, 0.05)).frequency);
    for (let i = 1; i < cutoffs.length; i++) expect(cutoffs[i]).toBeLessThan(cutoffs[i - 1] - 0.005);
    const noisier = [0.01, 0.05, 0.2].map((noise) => spectralCutoff(blurred(2, noise)).frequency);
    expect(noisier[0]).toBeGreaterThan(noisier[1] + 0.01);
    expect(noisier[1]).toBeGreaterThan(noisier[2] + 0.01);
  });

  it("does not know gain and offset, and hardly the size of the field", () => {
    const plane = blurred(2, 0.05);
    const { frequency, floor } = spectralCutoff(plane);
    for (const [gain, offset] of [
      [100, 0],
      [0.01, 3],
      [-40, 1000],
    ]) {
      const other = spectralCutoff({ ...plane, data: plane.data.map((v) => gain * v + offset) });
      expect(other.frequency).toBeCloseTo(frequency, 3);
      expect(Math.abs(other.floor / (gain * gain * floor) - 1)).toBeLessThan(0.01);
    }
    expect(Math.abs(spectralCutoff(blurred(2, 0.05, 8, 500)).frequency - frequency)).toBeLessThan(0.012);
  });

  it("finds a grating that stands alone", () => {
    const grating = Float32Array.from({ length: 160 * 160 }, (_, i) => Math.cos(2 * Math.PI * 0.2 * (i % 160)));
    const { frequency } = spectralCutoff(
      plus({ data: grating, height: 160, width: 160 }, whiteNoise(160, 160, 4, 0.2)),
    );
    expect(Math.abs(frequency - 0.2)).toBeLessThan(0.03);
  });

  it("says what it cannot use", () => {
    const plane = whiteNoise(64, 64, 1);
    plane.data[77] = Number.NaN;
    expect(codeOf(() => spectralCutoff(plane))).toBe("image.unfit");
    expect(codeOf(() => spectralCutoff(whiteNoise(31, 64, 1)))).toBe("image.unfit");
    expect(codeOf(() => spectralCutoff({ data: new Float32Array(5), height: 64, width: 64 }))).toBe("image.unfit");
  });
});
