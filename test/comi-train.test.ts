/** COMI and CycleGAN through the training loop: what they learn, go on with, and refuse. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { gaussianFilter } from "../src/array/filters.ts";
import { Random } from "../src/array/random.ts";
import { Graph } from "../src/graph/graph.ts";
import { readOnnx } from "../src/graph/onnx/read.ts";
import { writeOnnx } from "../src/graph/onnx/write.ts";
import { conv } from "../src/graph/operators/convolution.ts";
import { planeOf, type Stack } from "../src/image/image.ts";
import { psnr } from "../src/metrics/metrics.ts";
import { normalisationOf } from "../src/models/apply/normalisation.ts";
import { section } from "../src/models/apply/section.ts";
import { openNativeRuntime } from "../src/run/native.node.ts";
import { evaluateGraph } from "../src/run/reference.ts";
import type { Runtime } from "../src/run/runtime.ts";
import { decodeCheckpoint } from "../src/train/checkpoint.ts";
import { resolveConfig } from "../src/train/config.ts";
import { distributionDistance } from "../src/train/methods/unpaired-validator.ts";
import { trainModel } from "../src/train/train.ts";
import type { MetricsRow } from "../src/train/training-store.ts";
import { type MemoryStore, memoryStore } from "./helpers/tiny.ts";
import { readerOf } from "./helpers/tiny-model.ts";

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openNativeRuntime({ threads: 1 });
});
afterAll(() => runtime.close());

/** Sharp spots, and the same blurred, with out-of-focus light from above and below. */
function sample(seed: number, depth = 2, height = 48, width = 96): { name: string; stack: Stack; target: Stack } {
  const random = new Random(seed);
  const blank = { depth, height, width, zStep: 1, pixelSize: { y: 0.3, x: 0.3 }, dtype: "uint16" } as const;
  const stack = new Float32Array(depth * height * width);
  const target = new Float32Array(depth * height * width);
  for (let z = 0; z < depth; z++) {
    const points = Float32Array.from({ length: height * width }, () =>
      random.uniform() > 0.985 ? random.between(4e3, 2e4) : 0,
    );
    const at = (sigma: number): Float32Array => gaussianFilter({ data: points, height, width }, sigma).data;
    const [sharp, blurred, background] = [at(1), at(1.8), at(6)];
    target.set(
      sharp.map((value) => 100 + value),
      z * height * width,
    );
    stack.set(
      blurred.map((value, i) => 200 + value + 3 * background[i] + 5 * random.normal()),
      z * height * width,
    );
  }
  return { name: `sample ${seed}`, stack: { ...blank, data: stack }, target: { ...blank, data: target } };
}
const samples = [sample(1), sample(2)];

const tiny = {
  architecture: { width: 4, blocks: 1 },
  discriminator_channels: 4,
  patch_size: 32,
  batch_size: 2,
  warmup_steps: 5,
  content_sampling: 0,
};
const timeless = (rows: readonly MetricsRow[]) => rows.map(({ seconds: _, ...row }) => row);

/** A finished file does what the slow twin does. */
async function sameAsReference(onnx: Uint8Array): Promise<void> {
  const graph = readOnnx(onnx, { batch: 1, y: 16, x: 16 });
  const random = new Random(1);
  const data = Float32Array.from({ length: 256 }, () => random.uniform());
  const image = { type: "float32" as const, shape: [1, 1, 16, 16], data };
  const session = await runtime.open({ graphs: { model: graph } });
  const { output } = await session.run("model", { image });
  await session.close();
  const slow = evaluateGraph(graph, { image }).output;
  output.data.forEach((value, i) => {
    expect(Math.abs(value - slow.data[i])).toBeLessThan(1e-4);
  });
}

/** Plane 1 of the first sample, by the model that a training saved. */
async function applied({ model }: MemoryStore, tileSize: number): Promise<Float32Array> {
  if (model?.info.task !== "section") throw new Error("no section model was saved");
  const { stack } = samples[0];
  const { width, height, pixelSize } = stack;
  const out = new Float32Array(width * height);
  const planes = [0, 1].map((z) => readerOf(planeOf(stack, z).data, width, height));
  const normalisation = normalisationOf(stack.data, model.info.norm_pmin, model.info.norm_pmax, "stack");
  const input = { width, height, planes, normalisation, pixelSize };
  await section(
    { ...model, info: model.info, path: "memory" },
    runtime,
    input,
    { tileSize },
    async (_, z, y0, rows) => {
      if (z === 1) out.set(rows, y0 * width);
    },
  );
  return out;
}

describe("COMI", () => {
  it("comes nearer to the truth than its input by 3 dB, and in SSIM; both players keep discriminating", {
    timeout: 240000,
  }, async () => {
    const own = {
      method: "comi",
      num_steps: 160,
      steps_per_epoch: 80,
      learning_rate: 4e-3,
      discriminator_learning_rate: 4e-4,
    };
    const store = memoryStore();
    const { report, info } = await trainModel(samples, resolveConfig({ ...tiny, ...own }), { runtime, store });
    const { scores } = report;
    expect(scores.psnr).toBeGreaterThan(scores.input_psnr + 3);
    expect(scores.ssim).toBeGreaterThan(scores.input_ssim);
    expect(store.rows[1].train_loss).toBeLessThan(store.rows[0].train_loss);
    for (const name of ["real_loss", "fake_loss"]) {
      expect(store.rows[1][name], name).toBeGreaterThan(0.03);
      expect(store.rows[1][name], name).toBeLessThan(0.35);
    }
    expect(info).toMatchObject({ task: "section", method: "comi", pixel_size: 0.3 });
    // Applied, in counts: nearer to the truth than the input, and the same in tiles as in one piece.
    const [tiled, whole] = [await applied(store, 24), await applied(store, 512)];
    const truth = planeOf(samples[0].target, 1);
    const range = 5000;
    expect(psnr({ ...truth, data: whole }, truth, range)).toBeGreaterThan(
      psnr(planeOf(samples[0].stack, 1), truth, range) + 3,
    );
    expect(Math.max(...tiled.map((value, i) => Math.abs(value - whole[i])))).toBeLessThan(1e-5 * range);
  });

  it("compares the features of a network that it is given", { timeout: 180000 }, async () => {
    const features = new Graph();
    const image = features.input("image", [1, 1, 8, 8]);
    features.output("features", conv(image, features.constant(Float32Array.of(10), [1, 1, 1, 1])));
    const open = { 0: "batch", 2: "y", 3: "x" };
    const featureNetwork = writeOnnx(features, { variable: { image: open, features: open } });
    const config = resolveConfig({
      ...tiny,
      method: "comi",
      num_steps: 1,
      steps_per_epoch: 1,
      feature_model: "f.onnx",
    });
    const store = memoryStore();
    await trainModel(samples, config, { runtime, store, featureNetwork });
    // Ten times the pixel is a hundred times its square, of which the mean is at least the square of the mean; and no MS-SSIM.
    const [{ feature_loss, pixel_loss }] = store.rows;
    expect(feature_loss).toBeGreaterThan(100 * (pixel_loss ** 2 / 2));
    expect(feature_loss).toBeGreaterThan(3);
    await expect(trainModel(samples, config, { runtime, store })).rejects.toMatchObject({ code: "usage" });
  });
});

describe("CycleGAN", () => {
  const config = resolveConfig({
    ...tiny,
    method: "cycle-gan",
    architecture: { ...tiny.architecture, normalisation: "instance" },
    image_pool: 6,
    batch_statistics_steps: 8,
    num_steps: 12,
    steps_per_epoch: 4,
    ema_decay: 0.9,
  });

  it("goes on after an interruption as if nothing had been: weights, statistics, pool", {
    timeout: 180000,
  }, async () => {
    const store = memoryStore();
    const stop = new AbortController();
    const first = trainModel(samples, config, {
      runtime,
      store,
      signal: stop.signal,
      onProgress: ({ step }) => step === 6 && stop.abort(),
    });
    await expect(first).rejects.toMatchObject({ code: "interrupted" });
    await trainModel(samples, config, { runtime, store, resume: true });
    const straight = memoryStore();
    await trainModel(samples, config, { runtime, store: straight });
    const tensors = (of: typeof store) =>
      decodeCheckpoint(of.checkpoints.get("last") ?? new Uint8Array(), "last").tensors;
    expect(tensors(store)).toEqual(tensors(straight));
    expect(Object.keys(tensors(store))).toContain("discriminator/pool/target");
    expect(timeless(store.rows)).toEqual(timeless(straight.rows));
    // What becomes the model is one generator with its statistics, in its moving average.
    const best = decodeCheckpoint(straight.checkpoints.get("best") ?? new Uint8Array(), "best").tensors;
    expect(Object.keys(best).filter((name) => name.startsWith("discriminator/"))).toEqual([]);
    expect(Object.keys(best)).toContain("first/norm/mean");
    await sameAsReference(straight.model?.onnx ?? new Uint8Array());
  });

  it("judges by how brightness and slopes are distributed, where nothing else can be compared", {
    timeout: 180000,
  }, async () => {
    const apart = samples.map(({ name, stack }, i) => ({ name, stack, target: samples[1 - i].target }));
    const store = memoryStore();
    const unpaired = resolveConfig({ ...config, paired_validation: false, num_steps: 4, steps_per_epoch: 4 });
    const { report } = await trainModel(apart, unpaired, { runtime, store });
    expect(report.scores.input_distribution).toBeGreaterThan(0.02);
    expect(store.rows[0].val_loss).toBe(store.rows[0].val_distribution);
    expect(await report.draw("unpaired")).toMatch(/<svg.*>unpaired<.*>Input<.*>Output<.*>Ground truth</s);
  });

  it("measures distributions: nothing for the same values elsewhere, the offset for an offset", () => {
    const random = new Random(3);
    const data = Float32Array.from({ length: 400 }, () => random.uniform());
    const plane = (of: Float32Array) => [{ data: of, height: 20, width: 20 }];
    const mirrored = data.map((_, i) => data[20 * Math.floor(i / 20) + 19 - (i % 20)]);
    expect(distributionDistance(plane(data), plane(mirrored))).toBeLessThan(1e-6);
    expect(distributionDistance(plane(data), plane(data.map((value) => value + 0.25)))).toBeCloseTo(0.25, 4);
    expect(
      distributionDistance(plane(data), plane(gaussianFilter({ data, height: 20, width: 20 }, 2).data)),
    ).toBeGreaterThan(0.3);
  });
});

describe("bad configurations", () => {
  it.each([
    [{ method: "comi", patch_size: 40 }, /patch_size must be a multiple of 16/],
    [{ method: "cycle-gan", patch_size: 36 }, /patch_size must be a multiple of 8/],
    [{ method: "comi", feature_weight: 0, pixel_weight: 0 }, /no loss would compare the output with the target/],
    [{ method: "cycle-gan", adversarial_weight: 0 }, /adversarial_weight must be above 0/],
    [{ method: "comi", architecture: { range: [1, 0] } }, /range must go from the lower/],
    [{ method: "comi", image_pool: 3 }, /image_pool/],
  ])("%j is refused", (partial, message) => {
    expect(() => resolveConfig(partial)).toThrow(message);
  });
});
