/** `model_pixel_size`: stacks and simulated fields of any pixels, learnt at one. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Random } from "../src/array/random.ts";
import { planeOf, type Stack } from "../src/image/image.ts";
import { openNativeRuntime } from "../src/run/native.node.ts";
import type { Runtime } from "../src/run/runtime.ts";
import { resolveRecipe } from "../src/simulate/resolve-recipe.ts";
import { shippedRecipe } from "../src/simulate/shipped-recipes.ts";
import { resolveConfig } from "../src/train/config.ts";
import { recipeFields } from "../src/train/data/recipe-fields.ts";
import { createLearner, toPixelSize } from "../src/train/model-pixels.ts";
import { trainModel } from "../src/train/train.ts";
import { blurredStack, memoryStore, tinyConfig } from "./helpers/tiny.ts";

/** A wave along x, with its period and phase in um: counts 100 + 50 cos(2 pi (x - phase) / period), x from the left edge of the field. */
function wave(pixel: number, width: number, { period = 4, phase = 0.7, depth = 3, height = 24 } = {}): Stack {
  const size = height * width;
  const data = Float32Array.from({ length: depth * size }, (_, i) => {
    const x = ((i % width) + 0.5) * pixel;
    return 100 + 10 * Math.floor(i / size) + 50 * Math.cos((2 * Math.PI * (x - phase)) / period);
  });
  return { data, depth, height, width, zStep: 1, pixelSize: { y: pixel, x: pixel }, dtype: "uint16" };
}

/** Amplitude and phase (um) of a period in the middle of a plane's row, by least squares. */
function fitWave(stack: Stack, z: number, period: number): { amplitude: number; phase: number; mean: number } {
  const { width, height, pixelSize } = stack;
  const row = planeOf(stack, z).data.subarray(Math.floor(height / 2) * width);
  const pixel = pixelSize?.x ?? Number.NaN;
  // Whole periods only, so that the sums separate.
  const first = Math.ceil(period / pixel);
  const count = Math.round((period * Math.floor(((width - 2 * first) * pixel) / period)) / pixel);
  let [c, s, mean] = [0, 0, 0];
  for (let i = first; i < first + count; i++) {
    const angle = (2 * Math.PI * (i + 0.5) * pixel) / period;
    c += (2 / count) * row[i] * Math.cos(angle);
    s += (2 / count) * row[i] * Math.sin(angle);
    mean += row[i] / count;
  }
  return { amplitude: Math.hypot(c, s), phase: (Math.atan2(s, c) * period) / (2 * Math.PI), mean };
}

describe("resampling what is learnt from", () => {
  it.each([
    [0.1, 0.325, 400],
    [0.1625, 0.325, 240],
    [0.325, 0.2, 130],
    [0.4, 0.1, 100],
  ])("a wave of 4 um keeps its period, place and brightness from pixels of %d to %d um", (from, to, width) => {
    const target = wave(from, width, { phase: 1.9 });
    const made = toPixelSize({ name: "wave", stack: wave(from, width), target }, to);
    expect(made.stack.pixelSize).toEqual({ y: to, x: to });
    expect(made.stack.width).toBe(Math.floor((width * from) / to + 1e-6));
    expect([made.stack.depth, made.stack.zStep]).toEqual([3, 1]);
    expect(made.target?.data.length).toBe(made.stack.data.length);
    for (const [stack, phase] of [
      [made.stack, 0.7],
      [made.target as Stack, 1.9],
    ] as const) {
      for (let z = 0; z < 3; z++) {
        const found = fitWave(stack, z, 4);
        expect(found.phase).toBeCloseTo(phase, 1);
        expect(found.mean).toBeCloseTo(100 + 10 * z, 0);
        // A pixel of 0.325 um takes 1 % of the contrast of a wave of 4 um.
        expect(found.amplitude).toBeGreaterThan(47.5);
        expect(found.amplitude).toBeLessThan(51);
      }
    }
  });

  it("averages where pixels get larger: a wave finer than they can show goes, noise falls, and nothing is aliased", () => {
    const fine = toPixelSize({ name: "fine", stack: wave(0.1, 400, { period: 0.25 }) }, 0.325).stack;
    const [low, high] = [Math.min(...planeOf(fine, 0).data), Math.max(...planeOf(fine, 0).data)];
    expect(high - low).toBeLessThan(25);
    const random = new Random(1);
    const noise = wave(0.1, 400, { height: 200 });
    noise.data = noise.data.map(() => 1000 + 30 * random.normal());
    const { data } = toPixelSize({ name: "noise", stack: noise }, 0.4).stack;
    const mean = data.reduce((a, b) => a + b) / data.length;
    const sigma = Math.sqrt(data.reduce((sum, v) => sum + (v - mean) ** 2, 0) / data.length);
    expect(mean).toBeCloseTo(1000, 0);
    // The mean of 16 independent pixels has a quarter of their noise.
    expect(sigma).toBeGreaterThan(6.5);
    expect(sigma).toBeLessThan(9.5);
  });

  it("leaves pixels that are within 2 % as they are, and says that they have the size", () => {
    const stack = wave(0.32, 60);
    const made = toPixelSize({ name: "near", stack }, 0.325).stack;
    expect(made.data).toBe(stack.data);
    expect(made.pixelSize).toEqual({ y: 0.325, x: 0.325 });
  });

  it("pixels that are not square become so", () => {
    const stack = { ...wave(0.2, 120), pixelSize: { y: 0.4, x: 0.2 } };
    const { height, width } = toPixelSize({ name: "oblong", stack }, 0.2).stack;
    expect([height, width]).toEqual([48, 120]);
  });
});

describe("training at a pixel size", () => {
  let runtime: Runtime;
  beforeAll(async () => {
    runtime = await openNativeRuntime({ threads: 1 });
  });
  afterAll(() => runtime.close());

  const objective = (pixel: number, size: number, seed: number) => ({
    name: `${pixel} um`,
    stack: {
      ...blurredStack(5, size, size, seed),
      pixelSize: { y: pixel, x: pixel },
      optics: { na: 1 / pixel, wavelength: 0.5 },
    },
  });
  const two = [objective(0.3, 48, 1), objective(0.15, 96, 2)];

  it("stacks of two pixel sizes train together, and the model tells the size that it learnt", async () => {
    const config = tinyConfig({ model_pixel_size: 0.3, num_steps: 6, steps_per_epoch: 3 });
    const { info } = await trainModel(two, config, { runtime, store: memoryStore() });
    expect(info.pixel_size).toBe(0.3);
    expect(info.trained_on.map(({ shape }) => shape)).toEqual([
      [5, 48, 48],
      [5, 48, 48],
    ]);
    // OBJECTIVEs that differ leave the model what they share.
    expect(info.optics).toEqual({ wavelength: 0.5 });
  });

  it("every batch is drawn from resampled stacks and fields, of the methods of all kinds of data", async () => {
    const spot = (pixel: number): Stack => ({
      ...wave(pixel, Math.round(60 / pixel), { period: 6, height: 200 }),
      optics: {},
    });
    const samples = [0.4, 0.1].map((pixel) => ({ name: `${pixel}`, stack: spot(pixel), target: spot(pixel) }));
    const periods = async (model: string, more: object): Promise<number[]> => {
      const shared = { augment: false, content_sampling: 0, patch_size: 64, batch_size: 8, model_pixel_size: 0.3 };
      const config = resolveConfig({ method: model, ...shared, ...more });
      const { data, shape } = (await (await createLearner({ samples, fields }, config)).batchAt(1)).image;
      const [n, rest] = [shape[0], data.length / shape[0]];
      // Rows of a wave of 6 um, 20 pixels: the best period by the sum over the spectrum of a patch.
      return Array.from({ length: n }, (_, i) => bestPeriod(data.subarray(i * rest, i * rest + 64) as Float32Array));
    };
    let fields: { name: string; field(index: number): Promise<(typeof samples)[number]> } | undefined;
    for (const simulated of [false, true]) {
      fields = simulated ? { name: "recipe", field: async (i) => samples[i % 2] } : undefined;
      for (const model of ["deep-z", "unet"]) {
        const more = model === "deep-z" ? { distance_range: [-2, 2] } : {};
        for (const period of await periods(model, more)) expect(Math.abs(period * 0.3 - 6)).toBeLessThan(0.4);
      }
    }
  });

  it("without it, refuses stacks and recipes of several pixel sizes, and says how they can be trained on", async () => {
    await expect(createLearner({ samples: two }, tinyConfig())).rejects.toThrow(
      /pixels of 0.15 um.*or set model_pixel_size, for example to 0.3 /,
    );
    const recipe = resolveRecipe(shippedRecipe("cross-objective"));
    const make = () => Promise.reject(new Error("not asked for"));
    expect(() => recipeFields(recipe, make)).toThrow(
      /0.325, 0.103, 0.1625 um.*set model_pixel_size, for example to 0.325 /,
    );
    expect(recipeFields(recipe, make, { anyPixelSize: true }).name).toBe("cross-objective");
  });

  it.each([
    ["hidef", /model_pixel_size: a resampled hologram/],
    ["self-supervised", /model_pixel_size: photons are estimated from the noise/],
  ])("%s refuses it and says why", (model, reason) => {
    expect(() => resolveConfig({ method: model, model_pixel_size: 0.3 })).toThrow(reason);
  });
});

/** Pixels of the period that explains most of a row. */
function bestPeriod(row: Float32Array): number {
  const mean = row.reduce((a, b) => a + b) / row.length;
  let [best, most] = [0, 0];
  for (let period = 8; period < 40; period += 0.25) {
    let [c, s] = [0, 0];
    // A window, so that the ends do not draw the period to them.
    row.forEach((v, i) => {
      const weight = Math.sin((Math.PI * (i + 0.5)) / row.length) ** 2;
      c += weight * (v - mean) * Math.cos((2 * Math.PI * i) / period);
      s += weight * (v - mean) * Math.sin((2 * Math.PI * i) / period);
    });
    if (Math.hypot(c, s) > most) [best, most] = [period, Math.hypot(c, s)];
  }
  return best;
}
