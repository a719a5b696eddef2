import { describe, expect, it } from "vitest";
import { gaussianFilter } from "../src/array/filters.ts";
import { Random } from "../src/array/random.ts";
import type { Plane } from "../src/image/image.ts";
import { detailAgainst } from "../src/metrics/detail.ts";
import { meanSquaredError, psnr } from "../src/metrics/metrics.ts";
import { noiseFreePsnr, noiseOf } from "../src/metrics/noise-free-psnr.ts";
import { bestRecorded, interpolate, recordedCandidates } from "../src/metrics/recorded-baseline.ts";
import { withNoise } from "./helpers/noise.ts";

const [height, width] = [64, 72];

/** Spots of two pixels on a slope: fine and coarse structure. */
function spots(seed: number): Plane {
  const random = new Random(seed);
  const data = new Float32Array(height * width);
  for (let k = 0; k < 60; k++) data[random.integer(data.length)] += 40 + 40 * random.uniform();
  const blurred = gaussianFilter({ data, height, width }, 1.5);
  for (let i = 0; i < data.length; i++) blurred.data[i] += 0.2 + (i % width) / width;
  return blurred;
}

const mixed = (a: Plane, b: Plane, share: number): Plane => ({
  data: a.data.map((value, i) => (1 - share) * value + share * b.data[i]),
  height,
  width,
});

describe("the best recorded baseline", () => {
  it("is the smoothed plane where noise is what is wrong, and denoising alone is then no gain", () => {
    const truth = spots(1);
    const input = withNoise(truth, 0.5, 2);
    const found = bestRecorded([{ plane: input, distance: 1 }], truth, 1);
    expect(found.psnr.name).toBe("input, smoothed by 0.7 px");
    expect(found.psnr.value).toBeCloseTo(psnr(gaussianFilter(input, 0.7), truth, 1), 6);
    expect(found.psnr.value).toBeGreaterThan(psnr(input, truth, 1) + 3);
  });

  it("is the better plane of two, whichever is first", () => {
    const [truth, other] = [spots(1), spots(3)];
    const near = mixed(truth, other, 0.1);
    const planes = [
      { plane: other, distance: 3 },
      { plane: near, distance: 0.5 },
    ];
    expect(bestRecorded(planes, truth, 1).psnr.name).toBe("input plane 2");
    expect(bestRecorded([...planes].reverse(), truth, 1).psnr.name).toBe("input plane 1");
  });

  it("is the interpolation where the expected plane lies between two recorded ones", () => {
    const [below, above] = [spots(1), spots(3)];
    const truth = mixed(below, above, 0.25);
    const planes = [
      { plane: below, distance: 1 },
      { plane: above, distance: -3 },
    ];
    const found = bestRecorded(planes, truth, 1);
    expect(found.psnr.name).toBe("interpolation");
    expect(found.psnr.value).toBeGreaterThan(100);
  });

  it("interpolates between the planes around the expected one, and gives a recorded one back as it is", () => {
    const planes = [0, 2, 5].map((z) => ({
      plane: { data: new Float32Array([z, 10 * z]), height: 1, width: 2 },
      distance: 3 - z,
    }));
    expect([...interpolate(planes).data]).toEqual([3, 30]);
    const at2 = planes.map(({ plane, distance }) => ({ plane, distance: distance - 1 }));
    expect([...interpolate(at2).data]).toEqual([2, 20]);
  });

  it("has six candidates of each image", () => {
    const planes = [0, 1].map((distance) => ({ plane: spots(1), distance }));
    expect(recordedCandidates(planes)).toHaveLength(18);
    expect(recordedCandidates(planes.slice(0, 1))).toHaveLength(6);
    expect(() => recordedCandidates([])).toThrow(/no recorded plane/);
  });
});

describe("the detail score", () => {
  const truth = spots(5);

  it("does not rise by smoothing, when PSNR does", () => {
    // Structure that is a little blurred, with noise: smoothing helps PSNR, and takes detail.
    const input = withNoise(gaussianFilter(truth, 1), 0.35, 7);
    const smooth = gaussianFilter(input, 3);
    const scoreOf = detailAgainst(truth);
    expect(scoreOf(smooth).bands[1]).toBeLessThan(scoreOf(input).bands[1]);
    expect(scoreOf(truth).mean).toBeCloseTo(1, 6);
  });

  it("counts neither brightness nor contrast nor slow background", () => {
    const slope = { data: truth.data.map((value, i) => 3 * value + 10 + 0.02 * Math.floor(i / width)), height, width };
    expect(detailAgainst(truth)(slope).mean).toBeGreaterThan(0.98);
  });

  it("tells which band is missing", () => {
    const { bands } = detailAgainst(truth)(withNoise(truth, 1, 11));
    expect(bands[0]).toBeLessThan(bands[1]);
    expect(bands[1]).toBeLessThan(bands[2]);
  });
});

describe("PSNR without the noise of the ground truth", () => {
  it("is that against the clean image, by the stack's own photon transfer", () => {
    const [gain, offset] = [2, 100];
    const clean = gaussianFilter(spots(9), 2).data.map((value) => 200 + 300 * value);
    const random = new Random(1);
    const depth = 4;
    const data = new Float32Array(depth * clean.length);
    for (let i = 0; i < data.length; i++) data[i] = gain * random.poisson(clean[i % clean.length]) + offset;
    const noise = noiseOf({ data, depth, height, width, dtype: "float32" });
    const truth = { data: data.subarray(0, clean.length), height, width };
    const expected = { data: clean.map((value) => gain * value + offset), height, width };
    const output = { data: expected.data.map((value, i) => value + 40 * Math.sin(i / 9)), height, width };
    const range = 1000;
    const found = noiseFreePsnr(meanSquaredError(output, truth), noise?.(truth) ?? Number.NaN, range);
    expect(psnr(output, truth, range)).toBeLessThan(psnr(output, expected, range) - 2);
    expect(Math.abs((found ?? 0) - psnr(output, expected, range))).toBeLessThan(0.7);
  });

  it("is not given where noise is nearly all that is left", () => {
    expect(noiseFreePsnr(1, 0.9, 10)).toBeUndefined();
    expect(noiseFreePsnr(1, 0, 10)).toBe(20);
  });
});
