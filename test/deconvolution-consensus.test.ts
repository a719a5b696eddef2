/** Gradient consensus: halves of photons, a stop near the best, and the camera that it needs to know. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Random } from "../src/array/random.ts";
import { type ConsensusState, consensus } from "../src/classical/deconvolution/consensus.ts";
import { photonTransfer } from "../src/classical/deconvolution/photon-transfer.ts";
import { richardsonLucy } from "../src/classical/deconvolution/richardson-lucy.ts";
import { halfOf } from "../src/classical/deconvolution/split-counts.ts";
import { blurredTubes, psnr } from "./helpers/scenes.ts";

describe("halves of photons", () => {
  test("lie between none and all", () => {
    const random = new Random(1);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 5000 }), (count) => {
        const half = halfOf(count, random);
        return Number.isInteger(half) && half >= 0 && half <= count;
      }),
      { seed: 1, numRuns: 500 },
    );
    expect([halfOf(0, random), halfOf(1, random) <= 1]).toEqual([0, true]);
  });

  test.each([1, 2, 7, 31, 32, 33, 100, 1000, 4000])("of %i have a binomial's mean, variance and symmetry", (count) => {
    const random = new Random(count);
    const n = 20000;
    const draws = Array.from({ length: n }, () => halfOf(count, random) - count / 2);
    const moment = (power: number) => draws.reduce((sum, d) => sum + d ** power, 0) / n;
    const sigma = Math.sqrt(count) / 2;
    // Five standard errors each.
    expect(Math.abs(moment(1))).toBeLessThan((5 * sigma) / Math.sqrt(n));
    expect(Math.abs(moment(2) / sigma ** 2 - 1)).toBeLessThan(5 * Math.sqrt(2 / n));
    expect(Math.abs(moment(3) / sigma ** 3)).toBeLessThan(5 * Math.sqrt(15 / n));
  });

  test("of Poisson counts are Poisson and independent", () => {
    const random = new Random(9);
    let [a, b, aa, bb, ab] = [0, 0, 0, 0, 0];
    const n = 50000;
    for (let i = 0; i < n; i++) {
      const count = random.poisson(24);
      const half = halfOf(count, random);
      [a, b] = [a + half / n, b + (count - half) / n];
      [aa, bb, ab] = [aa + half ** 2 / n, bb + (count - half) ** 2 / n, ab + (half * (count - half)) / n];
    }
    expect(a).toBeCloseTo(12, 0);
    expect((aa - a * a) / a).toBeCloseTo(1, 1);
    expect((bb - b * b) / b).toBeCloseTo(1, 1);
    expect(Math.abs(ab - a * b) / a).toBeLessThan(0.03);
  });
});

describe("gradient consensus", () => {
  test.each([20, 60])(
    "stops near its best where Richardson-Lucy goes on and gets worse: %i photons",
    async (photons) => {
      const { image, psf, truth } = blurredTubes({ size: 96, photons, seed: 11 });
      const plain: number[] = [];
      await richardsonLucy(image, psf, {
        iterations: 100,
        afterIteration: (_, estimate) => {
          plain.push(psnr(estimate(), truth.data));
        },
      });
      const best = Math.max(...plain);
      const last = plain[plain.length - 1];
      expect(plain.indexOf(best)).toBeLessThan(20);
      expect(last).toBeLessThan(best - 1.5);

      const result = await consensus(image, psf, new Random(1));
      expect(result.stoppedBy).not.toBe("limit");
      expect(psnr(result.data, truth.data)).toBeGreaterThan(best - 0.6);
      expect(psnr(result.data, truth.data)).toBeGreaterThan(last + 1);
    },
  );

  test("the more photons, the more iterations, and the nearer the truth", async () => {
    const course: { iterations: number; psnr: number }[] = [];
    for (const photons of [10, 300, 10000]) {
      const { image, psf, truth } = blurredTubes({ size: 96, photons, seed: 12 });
      const { data, iterations } = await consensus(image, psf, new Random(2));
      course.push({ iterations, psnr: psnr(data, truth.data) });
    }
    for (let i = 1; i < course.length; i++) {
      expect(course[i].iterations).toBeGreaterThan(course[i - 1].iterations);
      expect(course[i].psnr).toBeGreaterThan(course[i - 1].psnr);
    }
  });

  test("changes nearly everything at first, and ever less", async () => {
    const { image, psf } = blurredTubes({ size: 64, photons: 100, seed: 13 });
    const shares: number[] = [];
    const afterIteration = (_: number, state: ConsensusState) => {
      shares.push(state.updated);
    };
    await consensus(image, psf, new Random(3), { afterIteration });
    expect(shares[0]).toBeGreaterThan(0.95);
    expect(shares[shares.length - 1]).toBeLessThan(0.7);
  });

  test("the same seed gives the same bytes, another one nearly the same image", async () => {
    const { image, psf, truth } = blurredTubes({ size: 64, photons: 100, seed: 14 });
    const run = async (seed: number) => (await consensus(image, psf, new Random(seed), { iterations: 10 })).data;
    const [one, again, other] = [await run(1), await run(1), await run(2)];
    expect(again).toEqual(one);
    expect(other).not.toEqual(one);
    expect(psnr(other, truth.data)).toBeCloseTo(psnr(one, truth.data), 0);
  });
});

describe("gain and offset from an image", () => {
  test.each([
    { gain: 2, offset: 100 },
    { gain: 0.5, offset: 400 },
    { gain: 10, offset: 0 },
  ])("gain $gain, offset $offset", ({ gain, offset }) => {
    const { image } = blurredTubes({ size: 256, photons: 200, seed: 15 });
    const stack = { ...image, data: image.data.map((v) => Math.round(offset + gain * v)), dtype: "uint16" as const };
    const found = photonTransfer(stack);
    expect(found?.gain).toBeGreaterThan(0.8 * gain);
    expect(found?.gain).toBeLessThan(1.2 * gain);
    // In photons.
    expect(Math.abs((found?.offset ?? Number.NaN) - offset) / gain).toBeLessThan(8);
    expect(found?.confidence).toBeGreaterThan(0.8);
  });

  test("are not made up for an image without noise or too small to tell", () => {
    const flat = { depth: 1, height: 64, width: 64, data: new Float32Array(4096).fill(9), dtype: "uint16" as const };
    expect(photonTransfer(flat)).toBeUndefined();
    expect(photonTransfer({ ...flat, height: 8, width: 8, data: new Float32Array(64) })).toBeUndefined();
    const random = new Random(4);
    // Noise that is the same at all brightnesses: no photons in it.
    const ramp = { ...flat, data: flat.data.map((_, i) => 500 + i + 20 * random.normal()) };
    expect(photonTransfer(ramp)?.confidence ?? 0).toBeLessThan(0.5);
  });
});
