/** Noise that is known: found in the stack itself, and dealt out to two halves that share none of it. */
import { describe, expect, it } from "vitest";
import { gaussianFilter } from "../src/array/filters.ts";
import { Random } from "../src/array/random.ts";
import { planeOf, type Stack } from "../src/image/image.ts";
import { type NoiseModel, noiseModelOf, noiseSigma, thinStack } from "../src/metrics/data-thinning.ts";

const [depth, height, width] = [3, 160, 160];
const size = height * width;

interface Camera {
  gain: number;
  offset: number;
  read: number;
  /** Photons at the darkest and the brightest places. */
  photons: readonly [number, number];
}

/** Blobs seen by a camera; `clean` without noise, `variance` of the noise of every pixel. */
function recorded({ gain, offset, read, photons: [dark, bright] }: Camera, seed = 1) {
  const random = new Random(seed);
  const dots = Float32Array.from({ length: size }, () => (random.uniform() < 0.003 ? 1 : 0));
  const blobs = gaussianFilter({ data: dots, height, width }, 5).data;
  const top = blobs.reduce((a, b) => Math.max(a, b));
  const photons = Float32Array.from(
    { length: depth * size },
    (_, i) => dark + ((bright - dark) * blobs[i % size]) / top,
  );
  const data = photons.map((mean) => offset + gain * random.poisson(mean) + read * random.normal());
  const stack: Stack = { data, depth, height, width, dtype: "float32" };
  return {
    stack,
    clean: photons.map((mean) => offset + gain * mean),
    variance: photons.map((mean) => gain ** 2 * mean + read ** 2),
  };
}

const cameras: [string, Camera][] = [
  ["photons", { gain: 2, offset: 100, read: 0, photons: [20, 600] }],
  ["photons and read noise", { gain: 2, offset: 100, read: 6, photons: [10, 600] }],
  ["few photons, a large gain", { gain: 30, offset: 500, read: 10, photons: [6, 60] }],
  ["a gain below 1", { gain: 0.4, offset: 10, read: 0.5, photons: [20, 500] }],
  ["read noise that an offset of 0 cannot hold", { gain: 2, offset: 0, read: 25, photons: [50, 600] }],
  ["read noise alone, about 0", { gain: 0, offset: 0, read: 7, photons: [0, 0] }],
  ["read noise alone, on a pedestal", { gain: 0.001, offset: 1000, read: 7, photons: [0, 300] }],
];

/** Means of values where the specimen is darkest, in between, and brightest. */
function byBrightness(clean: Float32Array, values: ArrayLike<number>): number[] {
  const order = Float32Array.from(clean).sort();
  const [low, high] = [order[Math.floor(order.length / 2)], order[Math.floor(0.95 * order.length)]];
  const sums = [0, 1, 2].map(() => ({ sum: 0, n: 0 }));
  for (let i = 0; i < clean.length; i++) {
    const one = sums[clean[i] <= low ? 0 : clean[i] <= high ? 1 : 2];
    one.sum += values[i];
    one.n++;
  }
  return sums.filter(({ n }) => n > 0).map(({ sum, n }) => sum / n);
}

function modelOf(stack: Stack): NoiseModel {
  const found = noiseModelOf(stack);
  if (!found) throw new Error("no noise was found");
  return found;
}

describe.each(cameras)("a stack with %s", (_, camera) => {
  const { stack, clean, variance } = recorded(camera);
  const noise = modelOf(stack);

  it("tells its noise at every brightness within 15 %", () => {
    const found = new Float32Array(depth * size);
    for (let z = 0; z < depth; z++)
      found.set(
        noiseSigma(planeOf(stack, z), noise).map((sigma) => sigma ** 2),
        z * size,
      );
    const [got, expected] = [byBrightness(clean, found), byBrightness(clean, variance)];
    got.forEach((value, i) => {
      expect(value / expected[i]).toBeGreaterThan(0.85);
      expect(value / expected[i]).toBeLessThan(1.15);
    });
  });

  it("is split into halves with twice the variance, whose noise has nothing to do with each other", () => {
    const [a, b] = thinStack(stack, noise, new Random(3));
    const error = (half: Stack): Float32Array => half.data.map((value, i) => value - clean[i]);
    const [first, second] = [error(a), error(b)];
    const meanOf = (values: Float32Array): number[] => byBrightness(clean, values);
    const squares = meanOf(first.map((value) => value ** 2));
    const others = meanOf(second.map((value) => value ** 2));
    const products = meanOf(first.map((value, i) => value * second[i]));
    const expected = meanOf(variance);
    expected.forEach((v, i) => {
      for (const found of [squares[i], others[i]]) expect(Math.abs(found / (2 * v) - 1)).toBeLessThan(0.1);
      expect(Math.abs(products[i]) / (2 * v)).toBeLessThan(0.08);
    });
    // Neither are neighbouring pixels.
    const next = byBrightness(
      clean,
      first.map((value, i) => value * (second[i + 1] ?? 0)),
    );
    next.forEach((value, i) => {
      expect(Math.abs(value) / (2 * expected[i])).toBeLessThan(0.04);
    });
  });
});

describe("split halves", () => {
  const { stack, clean, variance } = recorded(cameras[1][1]);
  const noise = modelOf(stack);

  it("have the stack as their mean, and its shape", () => {
    const [a, b] = thinStack(stack, noise, new Random(1));
    const middle = a.data.map((value, i) => (value + b.data[i]) / 2);
    const most = middle.reduce((sum, value, i) => Math.max(sum, Math.abs(value - stack.data[i])), 0);
    expect(most).toBeLessThan(1e-3);
    expect({ ...a, data: 0 }).toEqual({ ...stack, data: 0 });
  });

  it("repeat with the seed, and differ without", () => {
    const of = (seed: number): Float32Array => thinStack(stack, noise, new Random(seed))[0].data;
    expect(of(5)).toEqual(of(5));
    expect(of(5)).not.toEqual(of(6));
  });

  it("correlate by (v_true - v) / (v_true + v) where the variance is wrong", () => {
    for (const factor of [0.5, 2]) {
      const wrong = { ...noise, gain: noise.gain * factor, read: noise.read * Math.sqrt(factor) };
      const [a, b] = thinStack(stack, wrong, new Random(2));
      let [product, square, v] = [0, 0, 0];
      for (let i = 0; i < clean.length; i++) {
        const [x, y] = [a.data[i] - clean[i], b.data[i] - clean[i]];
        product += x * y;
        square += (x * x + y * y) / 2;
        v += variance[i];
      }
      expect(square / v).toBeCloseTo(1 + factor, 1);
      expect(product / square).toBeCloseTo((1 - factor) / (1 + factor), 1);
    }
  });

  it("need noise: a constant stack and a smooth one have none", () => {
    const flat = { ...stack, data: new Float32Array(depth * size).fill(7) };
    expect(noiseModelOf(flat)).toBeUndefined();
    const ramp = { ...stack, data: flat.data.map((_, i) => i % width) };
    expect(noiseModelOf(ramp)).toBeUndefined();
  });
});
