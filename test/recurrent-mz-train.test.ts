/** What the paper tried: a trained network does with more planes and with fewer, in any order, with planes that lie a little elsewhere. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { planeOf } from "../src/image/image.ts";
import { psnr } from "../src/metrics/metrics.ts";
import { normalisationOf } from "../src/models/apply/normalisation.ts";
import { refocusPlanes } from "../src/models/apply/refocus-planes.ts";
import type { Model } from "../src/models/model-info.ts";
import type { RecurrentMzInfo } from "../src/models/networks/recurrent-mz.ts";
import { openNativeRuntime } from "../src/run/native.node.ts";
import type { Runtime } from "../src/run/runtime.ts";
import { resolveConfig } from "../src/train/config.ts";
import { trainModel } from "../src/train/train.ts";
import { blurredStack, memoryStore } from "./helpers/tiny.ts";
import { readerOf } from "./helpers/tiny-model.ts";

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openNativeRuntime({ threads: 1 });
});
afterAll(() => runtime.close());

const architecture = { channels: [8, 12], middle: 16, hidden: [4, 6, 8] };
const common = { method: "recurrent-mz", architecture, patch_size: 32, warmup_steps: 10, learning_rate: 4e-3 };
const [depth, height, width] = [13, 64, 160];
const stack = blurredStack(depth, height, width, 2);

describe("a trained Recurrent-MZ", () => {
  const model: Partial<Model<RecurrentMzInfo>> = {};
  const unseen = blurredStack(depth, 64, 64, 99);
  const normalisation = normalisationOf(unseen.data, 1, 99.9, "unseen");

  /** PSNR of the plane made of others; `shift` is added to where the second of them is said to lie, um. */
  async function scored(planes: readonly number[], target: number, shift = 0): Promise<number> {
    const out = new Float32Array(64 * 64);
    const given = planes.map((z, i) => ({
      z: z - planes[0] + (i === 1 ? shift : 0),
      read: readerOf(planeOf(unseen, z).data, 64, 64),
    }));
    const input = { width: 64, height: 64, normalisation, planes: given };
    const distances = [target - planes[0]];
    await refocusPlanes(model as Model<RecurrentMzInfo>, runtime, input, { distances }, async (_, y0, rows) => {
      out.set(rows, y0 * 64);
    });
    return psnr({ data: out, height: 64, width: 64 }, planeOf(unseen, target), normalisation.high - normalisation.low);
  }
  const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b) / values.length;
  const meanScore = async (cases: readonly (readonly [readonly number[], number, number])[]): Promise<number> => {
    const all: number[] = [];
    for (const [planes, target, shift] of cases) all.push(await scored(planes, target, shift));
    return mean(all);
  };
  /** The plane nearest to the target, untouched. */
  const untouched = (planes: readonly number[], target: number): number => {
    const nearest = planes.reduce((best, z) => (Math.abs(z - target) < Math.abs(best - target) ? z : best));
    return psnr(planeOf(unseen, nearest), planeOf(unseen, target), normalisation.high - normalisation.low);
  };

  it("learns: below the nearest plane's error for one, two and three planes", async () => {
    const store = memoryStore();
    const config = resolveConfig({ ...common, min_planes: 1, num_steps: 450, steps_per_epoch: 150 });
    const result = await trainModel([{ name: "stack", stack }], config, { runtime, store });
    if (store.model?.info.method !== "recurrent-mz") throw new Error("no model was saved");
    Object.assign(model, { info: store.model.info, onnx: store.model.onnx, path: "memory" });
    expect(store.model.info).toMatchObject({
      plane_counts: [1, 3],
      plane_range: [-4, 4],
      distance_range: [-4, 4],
      z_step: 1,
    });
    const labels = result.report.groups.map(({ label }) => label);
    expect(labels).toHaveLength(12);
    expect(labels).toContain("2 planes, -4.00 um");
    const { psnr: ours, input_psnr } = result.report.scores;
    expect(ours).toBeGreaterThan(input_psnr + 2);
    expect(store.rows[2].val_loss).toBeLessThan(store.rows[0].val_loss);
  });

  const targets = [3, 5, 7];
  const sets = { one: [4], two: [4, 8], three: [4, 8, 2], five: [4, 8, 2, 6, 9] };
  const of = (planes: readonly number[], shift = 0) => targets.map((target) => [planes, target, shift] as const);

  it("does better with two planes than with one, and with as many as five, more than it was taught with", async () => {
    const [one, two, three, five] = [
      await meanScore(of(sets.one)),
      await meanScore(of(sets.two)),
      await meanScore(of(sets.three)),
      await meanScore(of(sets.five)),
    ];
    expect(two).toBeGreaterThan(one + 0.5);
    expect(three).toBeGreaterThan(one);
    expect(five).toBeGreaterThan(one);
    for (const planes of [sets.one, sets.two, sets.three]) {
      expect(await meanScore(of(planes))).toBeGreaterThan(mean(targets.map((target) => untouched(planes, target))));
    }
  });

  it("hardly minds the order of the planes", async () => {
    const changes: number[] = [];
    for (const target of [1, 5, 7, 10]) {
      // The same planes and target, whichever comes first.
      const scores: number[] = [];
      for (const order of [
        [4, 8, 2],
        [8, 4, 2],
        [2, 8, 4],
        [8, 2, 4],
        [4, 2, 8],
        [2, 4, 8],
      ])
        scores.push(await scored(order, target));
      changes.push(Math.max(...scores) - Math.min(...scores));
    }
    // They are not the same numbers: a recurrent network has an order.
    expect(Math.max(...changes)).toBeGreaterThan(0);
    expect(mean(changes)).toBeLessThan(2);
  });

  it("loses little where a plane lies half a micrometre from where it is said to, and more where it lies far off", async () => {
    const right = await meanScore(of(sets.two));
    const slightly = mean([await meanScore(of(sets.two, 0.5)), await meanScore(of(sets.two, -0.5))]);
    const far = mean([await meanScore(of(sets.two, 3)), await meanScore(of(sets.two, -3))]);
    expect(slightly).toBeGreaterThan(right - 4);
    expect(far).toBeLessThan(slightly - 2);
  });
});

describe("training Recurrent-MZ", () => {
  it.each([["small"], ["published"]] as const)(
    "adversarially, %s: the discriminator tells and is fooled, running statistics move",
    async (preset) => {
      const store = memoryStore();
      const config = resolveConfig({
        ...common,
        preset,
        architecture: { ...architecture, ...(preset === "published" ? { hidden: [8, 12, 16] } : {}) },
        batch_size: 2,
        max_planes: 2,
        num_steps: 12,
        steps_per_epoch: 6,
        adversarial_weight: 0.4,
        discriminator_channels: 2,
      });
      await trainModel([{ name: "stack", stack }], config, { runtime, store });
      const [first, last] = store.rows;
      for (const row of [first, last]) {
        for (const key of ["adversarial_loss", "discriminator_loss", "real_loss", "fake_loss"]) {
          expect(row[key] > 0 && row[key] < 1, `${key} ${row[key]}`).toBe(true);
        }
      }
      expect(last.discriminator_loss).not.toBe(first.discriminator_loss);
      if (!store.model) throw new Error("no model was saved");
      const text = Buffer.from(store.model.onnx).toString("latin1");
      expect(text).not.toContain("discriminator/");
      expect(text.includes("down0/conv1/mean")).toBe(preset === "published");
    },
  );

  it("refuses a single plane and a stack in which nothing differs", async () => {
    const train = (of: typeof stack) =>
      trainModel([{ name: "bad", stack: of }], resolveConfig({ ...common, num_steps: 2 }), {
        runtime,
        store: memoryStore(),
      });
    await expect(train({ ...stack, depth: 1, data: stack.data.slice(0, height * width) })).rejects.toMatchObject({
      code: "image.unfit",
      message: expect.stringContaining("a single plane"),
    });
    await expect(train({ ...stack, data: stack.data.map(() => 7) })).rejects.toMatchObject({ code: "image.unfit" });
    const { zStep: _, ...uncalibrated } = stack;
    await expect(train(uncalibrated)).rejects.toMatchObject({ code: "calibration.missing" });
  });
});
