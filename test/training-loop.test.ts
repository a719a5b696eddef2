/** What all methods share in training: averages of weights, clipping, schedules, early ends, starts from other models. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { z } from "zod";
import { runThrough } from "../src/array/breathe.ts";
import { Random } from "../src/array/random.ts";
import type { Tensor } from "../src/graph/graph.ts";
import { readWeights } from "../src/graph/onnx/read.ts";
import { openNativeRuntime } from "../src/run/native.node.ts";
import type { Runtime, Tensors } from "../src/run/runtime.ts";
import { learningRateAt } from "../src/train/adam.ts";
import { decodeCheckpoint } from "../src/train/checkpoint.ts";
import { refocusSources } from "../src/train/data/refocus-sources.ts";
import { findLearningRate } from "../src/train/find-learning-rate.ts";
import type { deepZConfig } from "../src/train/methods/deep-z-config.ts";
import { type TrainingOptions, trainModel } from "../src/train/train.ts";
import { blurredStack, type MemoryStore, memoryStore, tinyConfig } from "./helpers/tiny.ts";

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openNativeRuntime({ threads: 1 });
});
afterAll(() => runtime.close());

const samples = [{ name: "stack.tif", stack: blurredStack(6, 48, 80, 1) }];
async function train(own: z.input<typeof deepZConfig>, options: Partial<TrainingOptions> = {}) {
  const store = memoryStore();
  const result = await trainModel(samples, tinyConfig({ num_steps: 8, steps_per_epoch: 4, ...own }), {
    runtime,
    store,
    ...options,
  });
  return { ...result, store };
}
const checkpoint = (store: MemoryStore, kind: string) =>
  decodeCheckpoint(store.checkpoints.get(kind) ?? new Uint8Array(), kind);
const distance = (a: Tensor, b: Tensor): number => Math.hypot(...Array.from(a.data, (value, i) => value - b.data[i]));

describe("a moving average of the weights", () => {
  it("is the average that it says, of every step, and is what is validated and kept", async () => {
    const after: Tensors[] = [];
    const seen: Runtime = {
      ...runtime,
      async open(program) {
        const session = await runtime.open(program);
        return {
          ...session,
          async run(graph, inputs) {
            const outputs = await session.run(graph, inputs);
            if (graph === "generator") after.push(await session.readState());
            return outputs;
          },
        };
      },
    };
    const { store } = await train({ ema_decay: 0.8 }, { runtime: seen });
    const name = "down0/conv1/weights";
    // No step may be skipped: the first average is the initial weight, which the steps have moved away from.
    for (let t = 1; t < after.length; t++) {
      const [before, now] = [after[t - 1], after[t]];
      const expected = before[`ema/${name}`].data.map((old, i) => 0.8 * old + 0.2 * now[name].data[i]);
      now[`ema/${name}`].data.forEach((value, i) => {
        expect(value).toBeCloseTo(expected[i], 6);
      });
    }
    const { tensors } = checkpoint(store, "best");
    expect(Object.keys(tensors).some((key) => key.startsWith("ema/"))).toBe(false);
    const validated = after[store.rows[0].val_loss < store.rows[1].val_loss ? 3 : 7];
    expect(distance(tensors[name], validated[`ema/${name}`])).toBe(0);
    expect(distance(tensors[name], validated[name])).toBeGreaterThan(1e-4);
    // The finished model holds the same numbers.
    if (!store.model) throw new Error("no model");
    expect(readWeights(store.model.onnx)[name].data).toEqual(tensors[name].data);
  });

  it("survives a stop", async () => {
    const own = { ema_decay: 0.9, num_steps: 12 };
    const { store: straight } = await train(own);
    const store = memoryStore();
    const stop = new AbortController();
    const onProgress = ({ step }: { step: number }) => {
      if (step === 6) stop.abort();
    };
    await expect(train(own, { store, signal: stop.signal, onProgress })).rejects.toMatchObject({ code: "interrupted" });
    await train(own, { store, resume: true });
    expect(checkpoint(store, "last").tensors).toEqual(checkpoint(straight, "last").tensors);
  });
});

describe("clipping", () => {
  it("tells the norm of the gradients, and a small limit keeps the first moments small", async () => {
    const momentNorm = ({ store }: { store: MemoryStore }): number => {
      const moments = Object.entries(checkpoint(store, "last").tensors).filter(([name]) => name.startsWith("adam_m/"));
      return Math.hypot(...moments.flatMap(([, { data }]) => [...data]));
    };
    const once = { num_steps: 1, steps_per_epoch: 1 };
    const free = await train(once);
    const loose = await train({ ...once, clip_norm: 1e6 });
    const tight = await train({ ...once, clip_norm: 1e-3 });
    const norm = loose.store.rows[0].gradient_norm;
    // After one step the first moment is a tenth of the gradient.
    expect(momentNorm(free)).toBeCloseTo(0.1 * norm, 6);
    expect(momentNorm(loose)).toBeCloseTo(0.1 * norm, 6);
    expect(norm).toBeGreaterThan(2e-3);
    expect(momentNorm(tight)).toBeCloseTo(1e-4, 7);
  });
});

describe("the learning rate", () => {
  it("falls as its schedule says", () => {
    const at = (schedule: "cosine" | "linear" | "constant") =>
      [5, 10, 55, 100].map((t) => learningRateAt(t, 1, 10, 100, schedule));
    expect(at("cosine").map((rate) => Number(rate.toFixed(3)))).toEqual([0.5, 1, 0.505, 0.01]);
    expect(at("constant")).toEqual([0.5, 1, 1, 1]);
    expect(at("linear").map((rate) => Number(rate.toFixed(3)))).toEqual([0.5, 1, 1, 0.01]);
    expect(learningRateAt(77, 1, 10, 100, "linear")).toBeCloseTo(0.01 + 0.99 * 2 * (1 - 67 / 90), 9);
  });

  it("is found where training works, a third of where the loss is lowest", async () => {
    const architecture = {
      down: [
        [8, 8],
        [12, 12],
      ] as [number, number][],
      up: [8],
      recorded_base: null,
    };
    const learner = { architecture, batch_size: 4, patch_size: 32 };
    const { suggested, lowest, curve } = await findLearningRate(samples, tinyConfig(learner), { runtime });
    expect(suggested).toBeCloseTo(lowest / 3, 12);
    expect(suggested).toBeGreaterThan(1e-5);
    expect(suggested).toBeLessThan(0.1);
    const rates = curve.map(({ rate }) => rate);
    expect(rates).toEqual([...rates].sort((a, b) => a - b));
    const good = await train({ ...learner, learning_rate: suggested, num_steps: 40, steps_per_epoch: 20 });
    expect(good.store.rows[1].val_loss).toBeLessThan(good.store.rows[0].val_loss);
  });
});

describe("an early end", () => {
  it("comes after so many epochs without a better score, and says so", async () => {
    const warnings: string[] = [];
    // No step moves anything: the first validation stays the best.
    const { steps, store } = await train(
      { learning_rate: 1e-30, num_steps: 100, steps_per_epoch: 2, patience: 3 },
      { onWarning: ({ text }) => warnings.push(text) },
    );
    expect(steps).toBe(8);
    expect(store.rows).toHaveLength(4);
    expect(warnings).toEqual(["Stopped at step 8: 3 epochs without a better validation loss (patience)."]);
    expect(store.model).toBeDefined();
  });

  it("counts on over a stop", async () => {
    const own = { learning_rate: 1e-30, num_steps: 100, steps_per_epoch: 2, patience: 3 };
    const store = memoryStore();
    const stop = new AbortController();
    const onProgress = ({ step }: { step: number }) => {
      if (step === 5) stop.abort();
    };
    await expect(train(own, { store, signal: stop.signal, onProgress })).rejects.toMatchObject({ code: "interrupted" });
    expect((await train(own, { store, resume: true })).steps).toBe(8);
  });

  it("comes when the validation loss runs away, with the best model kept and advice", async () => {
    let calls = 0;
    const leaping: Runtime = {
      ...runtime,
      async open(program) {
        const session = await runtime.open(program);
        return {
          ...session,
          run(graph, inputs) {
            if (graph !== "generator" || ++calls < 9) return session.run(graph, inputs);
            return session.run(graph, { ...inputs, rate: { type: "float32", shape: [], data: Float32Array.of(3) } });
          },
        };
      },
    };
    const store = memoryStore();
    const work = train({ num_steps: 100, learning_rate: 5e-3 }, { store, runtime: leaping });
    await expect(work).rejects.toMatchObject({
      code: "training.failed",
      message: /validation loss rose to .* times its best.*Lower learning_rate.*best model, of step \d+, was saved/,
    });
    expect(store.model?.info.steps).toBeLessThanOrEqual(8);
    expect(store.rows.length).toBeLessThanOrEqual(8);
  });
});

describe("fine-tuning", () => {
  it("starts from the weights of a model", async () => {
    const first = await train({ num_steps: 40, steps_per_epoch: 20, learning_rate: 5e-3 });
    if (!first.store.model) throw new Error("no model");
    const weights = readWeights(first.store.model.onnx);
    const tuned = await train({ learning_rate: 1e-30, num_steps: 1, steps_per_epoch: 1 }, { weights });
    expect(tuned.store.rows[0].val_loss).toBeCloseTo(Math.min(...first.store.rows.map((row) => row.val_loss)), 6);
  });

  it("refuses a model of another network", async () => {
    const { store } = await train({ num_steps: 1 });
    if (!store.model) throw new Error("no model");
    const weights = readWeights(store.model.onnx);
    await expect(train({ input_offsets: [0, 1] }, { weights })).rejects.toMatchObject({
      code: "model.unfit",
      message: /fine_tune.*down0\/conv1\/weights has shape \[4,3,3,3\].*but \[4,2,3,3\] in the model/,
    });
  });
});

describe("recorded and simulated patches", () => {
  it("are mixed in the share that is asked for, and validation is on recorded pixels", async () => {
    const fields = {
      name: "blobs",
      field: async (i: number) => ({ name: `blob ${i}`, stack: blurredStack(6, 32, 32, i) }),
    };
    const { at, validation } = runThrough(refocusSources({ samples, fields }, tinyConfig({ simulated_share: 0.25 })));
    expect(validation.map(({ name, width }) => [name, width])).toEqual([["stack.tif", 16]]);
    const choose = await at(1);
    const random = new Random(5);
    const names = Array.from({ length: 2000 }, () => choose(random).source.name);
    const share = names.filter((name) => name.startsWith("blob")).length / names.length;
    expect(share).toBeGreaterThan(0.22);
    expect(share).toBeLessThan(0.28);
  });
});
