/** Widefield to confocal on a real nucleus: what is out of focus goes dark, as the confocal image's does. */
import { describe, expect, it } from "vitest";
import { planeOf, type Stack } from "../src/image/image.ts";
import { registerTarget } from "../src/metrics/unregistered.ts";
import { normalisationOf } from "../src/models/apply/normalisation.ts";
import { type SectionModel, section } from "../src/models/apply/section.ts";
import { openNativeRuntime } from "../src/run/native.node.ts";
import { resolveConfig } from "../src/train/config.ts";
import { trainModel } from "../src/train/train.ts";
import { haveRealData, nucleus } from "./helpers/real-data.ts";
import { memoryStore } from "./helpers/tiny.ts";
import { readerOf } from "./helpers/tiny-model.ts";

/** Columns that are trained on, and the nucleus in the others; it lies at rows 45 to 85. */
const trained: [number, number] = [0, 62];
const box = { rows: [40, 90], columns: [66, 90] } as const;

/** Mean counts of every plane in the box, above the darkest of them, brightest 1. */
function profile(stack: Stack): number[] {
  const means = Array.from({ length: stack.depth }, (_, z) => {
    const { data, width } = planeOf(stack, z);
    let sum = 0;
    for (let y = box.rows[0]; y < box.rows[1]; y++)
      for (let x = box.columns[0]; x < box.columns[1]; x++) sum += data[y * width + x];
    return sum;
  });
  const [low, high] = [Math.min(...means), Math.max(...means)];
  return means.map((mean) => (mean - low) / (high - low));
}

describe.skipIf(!haveRealData)("a widefield nucleus", () => {
  it("becomes as dark out of focus as the confocal one, in columns that were not trained on", async () => {
    const [confocal, widefield] = await Promise.all([nucleus(0), nucleus(1)]);
    const calibration = { pixelSize: { y: 0.51188, x: 0.51188 }, zStep: 0.49941 };
    const { sample } = registerTarget({
      name: "nucleus.tif",
      stack: { ...widefield, ...calibration },
      target: { ...confocal, ...calibration },
    });
    const runtime = await openNativeRuntime({ threads: 1 });
    const store = memoryStore();
    const config = resolveConfig({
      method: "unet",
      architecture: { channels: [12, 24, 48] },
      train_columns: trained,
      patch_size: 32,
      num_steps: 350,
      steps_per_epoch: 100,
    });
    const { report } = await trainModel([sample], config, { runtime, store });
    if (store.model?.info.task !== "section") throw new Error("no model");
    const model: SectionModel = { info: store.model.info, onnx: store.model.onnx, path: "memory" };
    const { stack, target = stack } = sample;
    const { width, height, depth, pixelSize } = stack;
    const output: Stack = { ...stack, data: new Float32Array(stack.data.length) };
    const planes = Array.from({ length: depth }, (_, z) => readerOf(planeOf(stack, z).data, width, height));
    const input = { width, height, planes, normalisation: normalisationOf(stack.data, 1, 99.9, "nucleus"), pixelSize };
    await section(model, runtime, input, {}, async (_, z, y0, rows) => {
      output.data.set(rows, (z * height + y0) * width);
    });
    await runtime.close();

    const [before, after, wanted] = [stack, output, target].map(profile);
    // The confocal image is brightest here; widefield planes hardly differ for many planes around it.
    const focus = wanted.indexOf(1);
    expect(after[focus]).toBeGreaterThan(0.9);
    let most = 0;
    for (let z = 0; z < depth; z++) {
      most = Math.max(most, Math.abs(after[z] - wanted[z]));
      if (Math.abs(z - focus) >= 7) {
        expect(after[z], `plane ${z}`).toBeLessThan(0.12);
        expect(Math.abs(after[z] - wanted[z]), `plane ${z}`).toBeLessThan(0.09);
      }
    }
    expect(most).toBeLessThan(0.3);
    expect(before[focus - 8]).toBeGreaterThan(0.7);
    expect(before[focus + 8]).toBeGreaterThan(0.7);
    expect(report.scores.psnr).toBeGreaterThan(report.scores.input_psnr + 12);
    expect(report.scores.ssim).toBeGreaterThan(report.scores.input_ssim + 0.15);
  }, 120_000);
});
