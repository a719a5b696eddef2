/** Training the networks that learn one kind of image from another: what they learn, what they refuse, how sure they are. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { gaussianFilter } from "../src/array/filters.ts";
import { Random } from "../src/array/random.ts";
import { planeOf, type Stack } from "../src/image/image.ts";
import type { NamedStack } from "../src/image/named-stack.ts";
import { normalisationOf } from "../src/models/apply/normalisation.ts";
import { type SectionChannel, type SectionModel, section } from "../src/models/apply/section.ts";
import { openNativeRuntime } from "../src/run/native.node.ts";
import type { Runtime } from "../src/run/runtime.ts";
import { resolveConfig } from "../src/train/config.ts";
import { createLearner } from "../src/train/model-pixels.ts";
import { trainModel } from "../src/train/train.ts";
import { memoryStore } from "./helpers/tiny.ts";
import { readerOf } from "./helpers/tiny-model.ts";

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openNativeRuntime({ threads: 1 });
});
afterAll(() => runtime.close());

const calibration = { zStep: 1, pixelSize: { y: 0.3, x: 0.3 }, dtype: "float32" as const };

/**
 * Planes of blobs with the out-of-focus light of other planes; the target without. `noise` is the mean absolute error of a target by its brightness
 * 0 to 1, counts.
 */
function hazySample(
  seed: number,
  noise: (brightness: number) => number,
): NamedStack & { target: Stack; clean: Float32Array } {
  const [depth, height, width] = [5, 96, 160];
  const random = new Random(seed);
  const size = height * width;
  const planes = Array.from({ length: depth }, () => {
    const data = Float32Array.from({ length: size }, () => (random.uniform() > 0.99 ? 40 : 0));
    return gaussianFilter({ data, height, width }, 2).data.map((value) => Math.min(1, value));
  });
  const backgrounds = planes.map((data) => gaussianFilter({ data, height, width }, 8).data);
  const [stack, target, clean] = [0, 0, 0].map(() => new Float32Array(depth * size));
  planes.forEach((plane, z) => {
    for (let i = 0; i < size; i++) {
      const background = (backgrounds[z - 1]?.[i] ?? 0.3) + (backgrounds[z + 1]?.[i] ?? 0.3);
      stack[z * size + i] = 200 + 800 * plane[i] + 1500 * background + 4 * random.normal();
      const sign = random.uniform() < 0.5 ? -1 : 1;
      clean[z * size + i] = 50 + 1000 * plane[i];
      target[z * size + i] = clean[z * size + i] - sign * noise(plane[i]) * Math.log(1 - random.uniform());
    }
  });
  const about = { depth, height, width, ...calibration };
  return { name: "widefield.tif", stack: { data: stack, ...about }, target: { data: target, ...about }, clean };
}

async function trained(sample: NamedStack, own: Record<string, unknown>) {
  const store = memoryStore();
  const config = resolveConfig({
    patch_size: 32,
    batch_size: 4,
    steps_per_epoch: 100,
    train_columns: [0, 100],
    ...own,
  });
  const { report } = await trainModel([sample], config, { runtime, store });
  if (store.model?.info.task !== "section") throw new Error("no model");
  const model: SectionModel = { info: store.model.info, onnx: store.model.onnx, path: "memory" };
  return { report, model, store };
}

async function applied(model: SectionModel, { stack }: NamedStack) {
  const { width, height, depth, pixelSize } = stack;
  const planes = Array.from({ length: depth }, (_, z) => readerOf(planeOf(stack, z).data, width, height));
  const normalisation = normalisationOf(stack.data, 1, 99.9, "stack");
  const out: Record<SectionChannel, Float32Array> = {
    section: new Float32Array(stack.data.length),
    uncertainty: new Float32Array(stack.data.length),
  };
  const input = { width, height, planes, normalisation, pixelSize };
  await section(model, runtime, input, {}, async (channel, z, y0, rows) => {
    out[channel].set(rows, (z * height + y0) * width);
  });
  return out;
}

describe("a short training", () => {
  const sample = hazySample(1, () => 5);
  const cases: [string, Record<string, unknown>, number][] = [
    ["unet", { architecture: { channels: [8, 16, 24] }, num_steps: 200 }, 6],
    [
      "unet",
      {
        architecture: { channels: [8, 16], padding: "valid", upsampling: "transposed" },
        patch_size: 64,
        batch_size: 2,
        num_steps: 200,
      },
      6,
    ],
    ["care", { architecture: { filters: 8, depth: 2 }, num_steps: 200 }, 6],
    ["sectioning-cnn", { architecture: { channels: 10, dilations: [1, 2, 4, 8, 1] }, num_steps: 200 }, 3.5],
  ];
  for (const [model, own, least] of cases) {
    it(`removes out-of-focus light: ${model} ${JSON.stringify(own.architecture)}`, async () => {
      const { report, model: done, store } = await trained(sample, { method: model, ...own });
      expect(report.scores.psnr).toBeGreaterThan(report.scores.input_psnr + least);
      expect(report.groups).toHaveLength(3);
      expect(store.previews.length).toBeGreaterThan(0);
      expect(done.info).toMatchObject({ method: model, task: "section", pixel_size: 0.3, z_step: 1 });
      // Counts of the output are those of the target, where nothing was trained.
      const { section } = await applied(done, sample);
      const { width, height, depth } = sample.stack;
      let [error, background, count] = [0, 0, 0];
      for (let z = 0; z < depth; z++)
        for (let y = 0; y < height; y++)
          for (let x = 110; x < width; x++) {
            const i = (z * height + y) * width + x;
            error += Math.abs(section[i] - sample.clean[i]);
            background += Math.abs(sample.stack.data[i] - 200 - (sample.clean[i] - 50) * 0.8);
            count++;
          }
      expect(error / count).toBeLessThan(0.3 * (background / count));
    }, 60_000);
  }

  it("may learn from one pair: a single plane of the stack", async () => {
    const own = {
      method: "sectioning-cnn",
      architecture: { channels: 10, dilations: [1, 2, 4, 8, 1] },
      num_steps: 200,
    };
    const { report } = await trained(sample, { ...own, pair_plane: 2 });
    expect(report.scores.psnr).toBeGreaterThan(report.scores.input_psnr + 3.5);
    // Only that plane is drawn from.
    const config = resolveConfig({ ...own, pair_plane: 2, patch_size: 32, batch_size: 4, augment: false });
    const { image } = await (await createLearner({ samples: [sample] }, config)).batchAt(1);
    const { low, high } = normalisationOf(sample.stack.data, 1, 99.9, "stack");
    const size = sample.stack.height * sample.stack.width;
    const plane = Array.from(sample.stack.data.subarray(2 * size, 3 * size), (v) =>
      Math.fround((v - low) * (1 / (high - low))),
    );
    for (let i = 0; i < 4; i++) expect(plane).toContain(image.data[i * 1024]);
  }, 60_000);
});

describe("the Laplace head", () => {
  it("is as sure as it is right: intervals hold as many held-out pixels as they say, also where noise differs", async () => {
    // Bright pixels are three times as uncertain as dark ones.
    const noise = (brightness: number) => 40 + 120 * brightness;
    const sample = hazySample(3, noise);
    const { model } = await trained(sample, {
      method: "care",
      architecture: { filters: 8, depth: 2 },
      loss: "laplace",
      num_steps: 700,
      learning_rate: 3e-3,
    });
    const { section, uncertainty } = await applied(model, sample);
    const { width, height, depth } = sample.stack;
    const inside = { all: [0, 0, 0], dark: [0, 0, 0], bright: [0, 0, 0] };
    const count = { all: 0, dark: 0, bright: 0 };
    const nominal = [0.5, 0.8, 0.95];
    const scales: Record<"dark" | "bright", number> = { dark: 0, bright: 0 };
    for (let z = 0; z < depth; z++)
      for (let y = 0; y < height; y++)
        for (let x = 104; x < width; x++) {
          const i = (z * height + y) * width + x;
          const brightness = (sample.clean[i] - 50) / 1000;
          const part = brightness > 0.6 ? "bright" : brightness < 0.1 ? "dark" : undefined;
          const error = Math.abs(section[i] - sample.target.data[i]);
          if (part) scales[part] += uncertainty[i];
          for (const key of ["all", part] as const) {
            if (!key) continue;
            count[key]++;
            nominal.forEach((share, k) => {
              if (error < -Math.log(1 - share) * uncertainty[i]) inside[key][k]++;
            });
          }
        }
    for (const [key, tolerance] of [
      ["all", 0.06],
      ["dark", 0.08],
      ["bright", 0.1],
    ] as const) {
      const covered = inside[key].map((n) => n / count[key]);
      covered.forEach((share, k) => {
        expect(Math.abs(share - nominal[k]), `${key} ${nominal[k]}`).toBeLessThan(tolerance);
      });
    }
    const [dark, bright] = [scales.dark / count.dark, scales.bright / count.bright];
    expect(bright / dark).toBeGreaterThan(2);
  }, 60_000);
});

describe("configurations that do not go together", () => {
  it.each<[Record<string, unknown>, RegExp]>([
    [{ method: "unet", patch_size: 60 }, /patch_size must be a multiple of 8 for this architecture, got 60/],
    [{ method: "unet", architecture: { padding: "valid" } }, /valid needs upsampling transposed/],
    [{ method: "unet", preset: "published", patch_size: 128 }, /multiple of 16 of at least 204/],
    [{ method: "care", patch_size: 36 }, /multiple of 8/],
  ])("%o", (own, message) => {
    expect(() => resolveConfig(own)).toThrow(message);
  });

  it("a plane that the stack does not have", async () => {
    const config = resolveConfig({ method: "sectioning-cnn", pair_plane: 9, patch_size: 32 });
    const learner = await createLearner({ samples: [hazySample(1, () => 5)] }, config);
    await expect(learner.batchAt(1)).rejects.toThrow(
      /widefield\.tif: pair_plane is 9, but the stack has planes 0 to 4/,
    );
  });
});
