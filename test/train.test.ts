import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { z } from "zod";
import { translate } from "../src/array/resample.ts";
import { fileStorage } from "../src/image/file-storage.node.ts";
import type { Stack } from "../src/image/image.ts";
import { planeOf } from "../src/image/image.ts";
import { psnr } from "../src/metrics/metrics.ts";
import { normalisationOf } from "../src/models/apply/normalisation.ts";
import { refocus } from "../src/models/apply/refocus.ts";
import { openNativeRuntime } from "../src/run/native.node.ts";
import type { Runtime } from "../src/run/runtime.ts";
import { decodeCheckpoint } from "../src/train/checkpoint.ts";
import type { DeepZConfig, deepZConfig } from "../src/train/methods/deep-z-config.ts";
import { createRunFolder, newestRun, openRunFolder } from "../src/train/run-folder.ts";
import { type TrainingOptions, trainModel } from "../src/train/train.ts";
import type { MetricsRow } from "../src/train/training-store.ts";
import { blurredStack, memoryStore, tinyConfig } from "./helpers/tiny.ts";
import { readerOf } from "./helpers/tiny-model.ts";

const runtimes = new Map<number, Runtime>();
beforeAll(async () => {
  for (const threads of [1, 2]) runtimes.set(threads, await openNativeRuntime({ threads }));
});
afterAll(async () => {
  for (const runtime of runtimes.values()) await runtime.close();
});
const native = (threads = 1): Runtime => {
  const runtime = runtimes.get(threads);
  if (!runtime) throw new Error("no runtime");
  return runtime;
};

const stack = blurredStack(6, 48, 80, 1);
const named = (of: Stack = stack) => [{ name: "stack.tif", stack: of }];
const train = (config: DeepZConfig, options: Partial<TrainingOptions> = {}) =>
  trainModel(named(), config, { runtime: native(), store: memoryStore(), ...options });

/** What must be the same however often the training was interrupted: everything but the clock. */
const timeless = (rows: readonly MetricsRow[]) => rows.map(({ seconds: _, ...row }) => row);

describe("training", () => {
  it("learns to refocus: far better than the untouched input on pixels never trained on, and as an applied model", async () => {
    // The blur tells where a plane lies, so that one input plane is enough here.
    const config = tinyConfig({
      architecture: {
        down: [
          [8, 8],
          [12, 12],
        ],
        up: [8],
      },
      num_steps: 300,
      steps_per_epoch: 100,
      batch_size: 4,
      patch_size: 32,
      learning_rate: 5e-3,
      warmup_steps: 20,
    });
    const store = memoryStore();
    const { report, steps, info } = await train(config, { store });
    expect(steps).toBe(300);
    const { scores } = report;
    expect(scores.psnr).toBeGreaterThan(scores.input_psnr + 2);
    expect(scores.ssim).toBeGreaterThan(scores.input_ssim);
    const losses = store.rows.map((row) => row.val_loss);
    expect(losses).toHaveLength(3);
    expect(losses[2]).toBeLessThan(losses[0]);
    expect(store.previews).toEqual([100, 200, 300]);
    expect(report.groups.map(({ distance_um }) => distance_um)).toEqual([-2, -1, 0, 1, 2]);
    expect(info).toMatchObject({ input_offsets: [0], distance_range: [-2, 2], pixel_size: 0.3, z_step: 1 });
    expect(info.validation.psnr).toBe(scores.psnr);

    // The saved model does the same to the whole plane.
    if (!store.model || info.method !== "deep-z") throw new Error("no model was saved");
    const { width, height } = stack;
    const normalisation = normalisationOf(stack.data, info.norm_pmin, info.norm_pmax, "stack");
    const input = planeOf(stack, 4);
    const output = new Float32Array(width * height);
    await refocus(
      { info, onnx: store.model.onnx, path: "memory" },
      native(),
      { width, height, planes: [readerOf(input.data, width, height)], normalisation, pixelSize: stack.pixelSize },
      { distances: [-2], tileSize: 40 },
      async (_, y0, rows) => {
        output.set(rows, y0 * width);
      },
    );
    const range = normalisation.high - normalisation.low;
    const truth = planeOf(stack, 2);
    expect(psnr({ data: output, width, height }, truth, range)).toBeGreaterThan(psnr(input, truth, range) + 2);
  });

  it("gives the same weights from the same seed, and others from another", async () => {
    const weights = async (seed: number) => {
      const store = memoryStore();
      await train(tinyConfig({ num_steps: 6, steps_per_epoch: 3, seed }), { store });
      return store.checkpoints.get("last");
    };
    const tensors = (bytes: Uint8Array | undefined) => decodeCheckpoint(bytes ?? new Uint8Array(), "last").tensors;
    const [a, again, b] = [await weights(1), await weights(1), await weights(2)];
    expect(tensors(a)).toEqual(tensors(again));
    expect(tensors(a)).not.toEqual(tensors(b));
  });

  it("keeps the best weights for the model, not the last", async () => {
    const store = memoryStore();
    // So large a rate that it gets worse after a good start.
    const { info } = await train(tinyConfig({ num_steps: 32, learning_rate: 0.3, warmup_steps: 16 }), { store });
    const losses = store.rows.map((row) => row.val_loss);
    const best = losses.indexOf(Math.min(...losses));
    expect(Number(decodeCheckpoint(store.checkpoints.get("best") ?? new Uint8Array(), "best").metadata.step)).toBe(
      store.rows[best].step,
    );
    expect(info.steps).toBe(store.rows[best].step);
  });

  it("tells how it goes: every step, the time left, the learning rate", async () => {
    const steps: number[] = [];
    const validated: number[] = [];
    const store = memoryStore();
    await train(tinyConfig({ num_steps: 10, steps_per_epoch: 4 }), {
      store,
      onProgress: ({ step, validation, secondsLeft, stepsPerSecond, loss }) => {
        (validation ? validated : steps).push(step);
        expect(secondsLeft).toBeGreaterThanOrEqual(0);
        expect(stepsPerSecond).toBeGreaterThan(0);
        expect(loss).toBeGreaterThan(0);
      },
    });
    expect(steps).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(validated).toEqual([4, 8, 10]);
    expect(store.rows.map(({ epoch, step }) => [epoch, step])).toEqual([
      [1, 4],
      [2, 8],
      [3, 10],
    ]);
    expect(store.rows[2].lr).toBeCloseTo(0.01 * 1e-3, 8);
  });

  it("warns of planes that have drifted, and only then", async () => {
    const still = blurredStack(6, 64, 96, 2);
    const data = new Float32Array(still.data.length);
    for (let z = 0; z < still.depth; z++) {
      data.set(translate(planeOf(still, z), { dy: 0, dx: 1.5 * z }).data, z * still.height * still.width);
    }
    const warningsFor = async (of: Stack) => {
      const warnings: string[] = [];
      await trainModel(named(of), tinyConfig({ num_steps: 1 }), {
        runtime: native(),
        store: memoryStore(),
        onWarning: ({ text }) => warnings.push(text),
      });
      return warnings;
    };
    expect(await warningsFor(still)).toEqual([]);
    const [warning] = await warningsFor({ ...still, data });
    expect(warning).toMatch(/stack\.tif.*drifted sideways by [78]\.\d pixels/);
  });

  it("fits into the minutes it is given", async () => {
    const begun = performance.now();
    // 5 s, of which 2 s are kept for what follows the last step.
    const config = tinyConfig({ num_steps: 1_000_000, max_minutes: 5 / 60, steps_per_epoch: 100 });
    const { steps } = await train(config);
    expect(steps).toBeGreaterThan(5);
    expect(steps).toBeLessThan(100_000);
    expect((performance.now() - begun) / 1000).toBeLessThan(8);
  });
});

describe("stopping and going on", () => {
  const config = (own: z.input<typeof deepZConfig> = {}): DeepZConfig =>
    tinyConfig({ num_steps: 20, steps_per_epoch: 8, ...own });

  for (const threads of [1, 2]) {
    for (const stopAt of [3, 8, 13]) {
      it(`after step ${stopAt} gives bit for bit what going straight through gives, ${threads} threads`, async () => {
        const straight = memoryStore();
        await train(config(), { store: straight, runtime: native(threads) });
        const store = memoryStore();
        const stop = new AbortController();
        const work = train(config(), {
          store,
          runtime: native(threads),
          signal: stop.signal,
          onProgress: ({ step }) => {
            if (step === stopAt) stop.abort();
          },
        });
        await expect(work).rejects.toMatchObject({
          code: "interrupted",
          exitCode: 130,
          fields: { checkpoint: "memory" },
        });
        const last = store.checkpoints.get("last") ?? new Uint8Array();
        expect(Number(decodeCheckpoint(last, "last").metadata.step)).toBe(stopAt);
        const { steps } = await train(config(), { store, runtime: native(threads), resume: true });
        expect(steps).toBe(20);
        for (const kind of ["last", "best"] as const) {
          const [a, b] = [straight, store].map((one) =>
            decodeCheckpoint(one.checkpoints.get(kind) ?? new Uint8Array(), kind),
          );
          expect(b.tensors).toEqual(a.tensors);
          expect({ ...b.metadata, seconds: "" }).toEqual({ ...a.metadata, seconds: "" });
        }
        expect(timeless(store.rows)).toEqual(timeless(straight.rows));
        expect(store.model?.onnx).toEqual(straight.model?.onnx);
      });
    }
  }

  it("of an adversarial training as well", async () => {
    const own = config({
      adversarial_weight: 0.02,
      discriminator_channels: 1,
      patch_size: 64,
      batch_size: 1,
      num_steps: 6,
      steps_per_epoch: 3,
      train_columns: [0, 64],
    });
    const wide = [{ name: "wide", stack: blurredStack(4, 64, 96, 3) }];
    const straight = memoryStore();
    await trainModel(wide, own, { runtime: native(), store: straight });
    const store = memoryStore();
    const stop = new AbortController();
    const onProgress = ({ step }: { step: number }): void => {
      if (step === 4) stop.abort();
    };
    await expect(
      trainModel(wide, own, { runtime: native(), store, signal: stop.signal, onProgress }),
    ).rejects.toMatchObject({ code: "interrupted" });
    await trainModel(wide, own, { runtime: native(), store, resume: true });
    const [a, b] = [straight, store].map((one) =>
      decodeCheckpoint(one.checkpoints.get("last") ?? new Uint8Array(), "last"),
    );
    expect(b.tensors).toEqual(a.tensors);
    expect(timeless(store.rows)).toEqual(timeless(straight.rows));
  });

  it("is refused without a checkpoint, with another configuration, or with a damaged checkpoint", async () => {
    const store = memoryStore();
    await expect(train(config(), { store, resume: true })).rejects.toMatchObject({
      code: "training.failed",
      message: /no checkpoint yet.*without `resume`/,
    });
    await train(config({ num_steps: 2 }), { store });
    await expect(train(config({ num_steps: 3 }), { store, resume: true })).rejects.toMatchObject({
      code: "training.failed",
      message: /Cannot resume memory: its configuration is different/,
    });
    const last = store.checkpoints.get("last") ?? new Uint8Array();
    store.checkpoints.set("last", last.subarray(0, last.length - 5));
    await expect(train(config({ num_steps: 2 }), { store, resume: true })).rejects.toMatchObject({
      code: "file.corrupt",
    });
  });

  it("may give it another name or more time", async () => {
    const store = memoryStore();
    await train(config({ num_steps: 2 }), { store });
    await train(config({ num_steps: 2, max_minutes: 1, experiment_name: "other" }), { store, resume: true });
  });

  it("after kill -9 goes on from the last checkpoint, with the same end", async () => {
    const folder = await mkdtemp(join(tmpdir(), "parfocal-kill-"));
    try {
      const own = config({ num_steps: 60, steps_per_epoch: 10 });
      const [configPath, stackPath] = [join(folder, "config.json"), join(folder, "stack.json")];
      await writeFile(configPath, JSON.stringify(own));
      await writeFile(stackPath, JSON.stringify({ ...stack, data: [...stack.data] }));
      const run = await createRunFolder(fileStorage, folder, own);
      const script = fileURLToPath(new URL("fixtures/train/train-child.mjs", import.meta.url));
      const child = spawn(process.execPath, [script, configPath, stackPath, run], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      const exited = once(child, "exit");
      // In the middle of an epoch, while the next step is being computed.
      for await (const line of createInterface({ input: child.stdout })) {
        if (Number(line) >= 24) {
          child.kill("SIGKILL");
          break;
        }
      }
      expect((await exited)[1]).toBe("SIGKILL");
      expect(await newestRun(fileStorage, folder, own.experiment_name)).toBe(run);
      const file = join(run, "checkpoints", "last.safetensors");
      const { metadata } = decodeCheckpoint(await readFile(file), file);
      const resumed = Number(metadata.step);
      expect([20, 30, 40, 50]).toContain(resumed);
      const store = await openRunFolder(fileStorage, run, async () => new Uint8Array(1));
      await train(own, { store, resume: true });
      const straight = memoryStore();
      await train(own, { store: straight });
      expect(decodeCheckpoint(await readFile(file), file).tensors).toEqual(
        decodeCheckpoint(straight.checkpoints.get("last") ?? new Uint8Array(), "last").tensors,
      );
      const lines = (await readFile(join(run, "metrics.csv"), "utf8")).trim().split("\n");
      expect(lines.map((line) => line.split(",")[1])).toEqual(["step", "10", "20", "30", "40", "50", "60"]);
      const names = (lines.shift() ?? "").split(",");
      lines.forEach((line, i) => {
        const cells = line.split(",");
        for (const key of ["train_loss", "val_loss", "val_psnr"] as const) {
          expect(Number(cells[names.indexOf(key)])).toBeCloseTo(straight.rows[i][key], 4);
        }
      });
      expect((await readdir(join(run, "model"))).sort()).toEqual(["model.onnx", "model.yaml"]);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

describe("a training that diverges", () => {
  it("fails, says what to do, and keeps the checkpoint before", async () => {
    const store = memoryStore();
    const steps: number[] = [];
    const config = tinyConfig({ num_steps: 400, steps_per_epoch: 1, learning_rate: 1e30, warmup_steps: 0 });
    const work = train(config, { store, onProgress: ({ step }) => steps.push(step) });
    await expect(work).rejects.toMatchObject({
      code: "training.failed",
      message: /not finite at step \d+.*Lower learning_rate/,
      fields: { run: "memory" },
    });
    expect(steps.length).toBeLessThan(100);
    for (const bytes of store.checkpoints.values()) {
      for (const { data } of Object.values(decodeCheckpoint(bytes, "last").tensors))
        expect(data.every(Number.isFinite)).toBe(true);
    }
    for (const row of store.rows) expect(Number.isFinite(row.val_loss)).toBe(true);
  });

  it("in a later epoch leaves the checkpoint of the epoch before, from which another try goes on", async () => {
    const config = tinyConfig({ num_steps: 12, steps_per_epoch: 4 });
    let steps = 0;
    // From the sixth step on the optimiser leaps.
    const leaping: Runtime = {
      ...native(),
      async open(program) {
        const session = await native().open(program);
        // Not what the linear filters are fitted with.
        if (!("generator" in program.graphs)) return session;
        return {
          ...session,
          run(graph, inputs) {
            if (graph !== "generator" || ++steps < 6) return session.run(graph, inputs);
            return session.run(graph, { ...inputs, rate: { type: "float32", shape: [], data: Float32Array.of(1e30) } });
          },
        };
      },
    };
    const store = memoryStore();
    await expect(train(config, { store, runtime: leaping })).rejects.toMatchObject({ code: "training.failed" });
    const last = decodeCheckpoint(store.checkpoints.get("last") ?? new Uint8Array(), "last");
    expect(last.metadata.step).toBe("4");
    for (const { data } of Object.values(last.tensors)) expect(data.every(Number.isFinite)).toBe(true);
    await train(config, { store, resume: true });
    const straight = memoryStore();
    await train(config, { store: straight });
    expect(timeless(store.rows)).toEqual(timeless(straight.rows));
  });

  it("is never written as a checkpoint, not even when it is stopped right then", async () => {
    const config = tinyConfig({ num_steps: 8, steps_per_epoch: 8, learning_rate: 1e30, warmup_steps: 0 });
    const store = memoryStore();
    const stop = new AbortController();
    let steps = 0;
    const breaking: Runtime = {
      ...native(),
      async open(program) {
        const session = await native().open(program);
        // Not what the linear filters are fitted with.
        if (!("generator" in program.graphs)) return session;
        return {
          ...session,
          async run(graph, inputs) {
            const outputs = await session.run(graph, inputs);
            if (graph !== "generator") return outputs;
            // The step's loss was fine; its weights are not.
            if (++steps === 2) {
              await session.writeState({
                "last/bias": { type: "float32", shape: [6], data: new Float32Array(6).fill(Number.NaN) },
              });
              stop.abort();
            }
            return steps === 2 ? { loss: { type: "float32", shape: [], data: Float32Array.of(1) } } : outputs;
          },
        };
      },
    };
    const work = train(config, { store, runtime: breaking, signal: stop.signal });
    await expect(work).rejects.toMatchObject({ code: "training.failed", message: /weight is not finite at step 2/ });
    expect(store.checkpoints.size).toBe(0);
  });
});

describe("adversarial training", () => {
  const wide = [{ name: "wide", stack: blurredStack(5, 64, 112, 4) }];
  const config = (own: z.input<typeof deepZConfig> = {}): DeepZConfig =>
    tinyConfig({
      adversarial_weight: 0.05,
      discriminator_channels: 2,
      discriminator_learning_rate: 2e-3,
      patch_size: 64,
      batch_size: 2,
      num_steps: 30,
      steps_per_epoch: 10,
      ...own,
    });

  it("trains both networks, with finite losses in the metrics; the discriminator learns on an easy case", async () => {
    const store = memoryStore();
    // An untrained generator that is hardly moved: its output is noise, which is easily told from a recording.
    const easy = config({
      architecture: { ...tinyConfig().architecture, residual: false, recorded_base: null },
      learning_rate: 1e-7,
      num_steps: 40,
    });
    await trainModel(wide, easy, { runtime: native(), store });
    const scores = store.rows.map((row) => row.discriminator_loss);
    expect(scores).toHaveLength(4);
    for (const row of store.rows)
      expect(Number.isFinite(row.train_loss) && Number.isFinite(row.discriminator_loss)).toBe(true);
    // 0.25 is an undecided discriminator: (0.5^2 + 0.5^2) / 2.
    expect(scores[0]).toBeLessThan(0.3);
    expect(scores[3]).toBeLessThan(0.7 * scores[0]);
    const { tensors } = decodeCheckpoint(store.checkpoints.get("last") ?? new Uint8Array(), "last");
    expect(Object.keys(tensors).some((name) => name.startsWith("discriminator/"))).toBe(true);
    // The model that users get holds the generator alone.
    const best = decodeCheckpoint(store.checkpoints.get("best") ?? new Uint8Array(), "best").tensors;
    expect(Object.keys(best).filter((name) => name.startsWith("discriminator/") || name.startsWith("adam"))).toEqual(
      [],
    );
  });

  it("moves the generator elsewhere than the error alone does", async () => {
    const lastOf = async (own: z.input<typeof deepZConfig>) => {
      const store = memoryStore();
      await trainModel(wide, config({ num_steps: 3, steps_per_epoch: 3, ...own }), { runtime: native(), store });
      expect("discriminator_loss" in store.rows[0]).toBe(own.adversarial_weight !== 0);
      return decodeCheckpoint(store.checkpoints.get("last") ?? new Uint8Array(), "last").tensors["last/weights"].data;
    };
    expect(await lastOf({ adversarial_weight: 0.5 })).not.toEqual(await lastOf({ adversarial_weight: 0 }));
  });
});
