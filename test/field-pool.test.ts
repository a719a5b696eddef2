import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runThrough } from "../src/array/breathe.ts";
import { openNativeRuntime } from "../src/run/native.node.ts";
import type { Runtime } from "../src/run/runtime.ts";
import { decodeCheckpoint } from "../src/train/checkpoint.ts";
import { type FieldSource, fieldPool } from "../src/train/data/field-pool.ts";
import { refocusSources } from "../src/train/data/refocus-sources.ts";
import { type TrainingOptions, trainModel } from "../src/train/train.ts";
import { blurredStack, memoryStore, tinyConfig } from "./helpers/tiny.ts";

/** Fields of 48 x 48 that take a moment, and which of them were asked for. */
function slowFields(): FieldSource & { asked: number[] } {
  const asked: number[] = [];
  return {
    name: "blobs",
    asked,
    async field(index) {
      asked.push(index);
      await new Promise((resolve) => setTimeout(resolve, index % 3));
      return { name: `blobs ${index}`, stack: blurredStack(6, 48, 48, 100 + index) };
    },
  };
}

describe("a pool of simulated fields", () => {
  const config = tinyConfig({ pool_fields: 2, steps_per_field: 5 });

  it("takes a new field in every few steps and lets the oldest go", async () => {
    const at = fieldPool(slowFields(), config, ({ name }) => name);
    const names = at;
    expect(await names(1)).toEqual(["blobs 0"]);
    expect(await names(5)).toEqual(["blobs 0"]);
    expect(await names(6)).toEqual(["blobs 0", "blobs 1"]);
    expect(await names(11)).toEqual(["blobs 1", "blobs 2"]);
  });

  it("begins in the middle as a run that came there, with the next field under way", async () => {
    const fields = slowFields();
    const pool = await fieldPool(fields, config, ({ name }) => name)(23);
    expect(pool).toEqual(["blobs 3", "blobs 4"]);
    expect(fields.asked).toEqual([3, 4, 5]);
  });

  it("makes each field once", async () => {
    const fields = slowFields();
    const at = fieldPool(fields, config, ({ name }) => name);
    for (let step = 1; step <= 20; step++) await at(step);
    expect(fields.asked).toEqual([0, 1, 2, 3, 4]);
  });

  it("tells of a field that could not be made when its step comes", async () => {
    const source: FieldSource = {
      name: "broken",
      field: async (index) => {
        if (index > 0) throw new Error("no room for bead 7");
        return { name: "good", stack: blurredStack(6, 48, 48, 1) };
      },
    };
    const at = fieldPool(source, config, ({ name }) => name);
    await at(1);
    await expect(at(6)).rejects.toThrow("no room for bead 7");
  });

  it("refuses fields that are smaller than a patch", async () => {
    const source: FieldSource = {
      name: "small",
      field: async () => ({ name: "small 0", stack: blurredStack(6, 12, 12, 1) }),
    };
    const stacks = [{ name: "held out", stack: blurredStack(6, 48, 80, 1) }];
    const { at } = runThrough(refocusSources({ samples: stacks, fields: source }, config));
    await expect(at(1)).rejects.toThrow(/small 0.*patch/);
  });

  it("leaves the given stacks to validation", () => {
    const stacks = [{ name: "held out", stack: blurredStack(6, 48, 80, 1) }];
    const { validation } = runThrough(refocusSources({ samples: stacks, fields: slowFields() }, config));
    expect(validation.map(({ name, width }) => [name, width])).toEqual([["held out", 80]]);
  });
});

describe("training on simulated fields", () => {
  let runtime: Runtime;
  beforeAll(async () => {
    runtime = await openNativeRuntime({ threads: 1 });
  });
  afterAll(() => runtime.close());

  const validation = [{ name: "held out", stack: blurredStack(6, 48, 80, 1) }];
  const train = (steps: number, options: Partial<TrainingOptions>) =>
    trainModel(
      validation,
      tinyConfig({ num_steps: steps, steps_per_epoch: 4, pool_fields: 2, steps_per_field: 3, patch_size: 16 }),
      { runtime, store: memoryStore(), fields: slowFields(), ...options },
    );

  it("stopped and resumed equals straight through", async () => {
    const straight = memoryStore();
    const { info } = await train(14, { store: straight });
    expect(info.trained_on).toEqual([{ name: "blobs", shape: [6, 48, 80] }]);

    const store = memoryStore();
    const stop = new AbortController();
    const interrupted = train(14, {
      store,
      signal: stop.signal,
      onProgress: ({ step }) => {
        if (step === 7) stop.abort();
      },
    });
    await expect(interrupted).rejects.toMatchObject({ code: "interrupted" });
    await train(14, { store, resume: true });
    const tensors = (from: typeof store) => decodeCheckpoint(from.checkpoints.get("last") ?? new Uint8Array(), "last");
    expect(tensors(store).tensors).toEqual(tensors(straight).tensors);
  });

  it("learns from them what holds for the held-out stack", async () => {
    const config = tinyConfig({
      architecture: {
        down: [
          [8, 8],
          [12, 12],
        ],
        up: [8],
      },
      num_steps: 240,
      steps_per_epoch: 80,
      batch_size: 4,
      patch_size: 32,
      learning_rate: 5e-3,
      warmup_steps: 20,
      pool_fields: 8,
      steps_per_field: 10,
    });
    const { report } = await trainModel(validation, config, {
      runtime,
      store: memoryStore(),
      fields: slowFields(),
    });
    expect(report.scores.psnr).toBeGreaterThan(report.scores.input_psnr + 2);
  });
});
