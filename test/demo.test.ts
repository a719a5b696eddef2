/** The demo on a small stack: what it leaves, and what it says. */
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readStack } from "../src/image/image-file.ts";
import type { NamedStack } from "../src/image/named-stack.ts";
import { openImage } from "../src/image/open-image.node.ts";
import { openNativeRuntime } from "../src/run/native.node.ts";
import type { Runtime } from "../src/run/runtime.ts";
import { simulateField } from "../src/simulate/simulate-field.ts";
import { demo } from "../src/tasks/demo/demo.ts";
import { splitRealStack } from "../src/tasks/demo/demo-data.ts";
import { nodeContext } from "../src/tasks/node-context.node.ts";
import { resolveConfig } from "../src/train/config.ts";

let folder: string;
let runtime: Runtime;
let data: NamedStack;
// Large enough to learn something in seconds, small enough for that.
const config = {
  architecture: {
    down: [
      [8, 8],
      [16, 16],
    ] as [number, number][],
    up: [8],
  },
  input_offsets: [0, 2],
  distance_range: [-4, 4],
  patch_size: 32,
  batch_size: 4,
  num_steps: 60,
  steps_per_epoch: 30,
  learning_rate: 0.004,
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "parfocal-demo-"));
  runtime = await openNativeRuntime({ threads: 1 });
  const { images } = await simulateField("beads", { size: 128, beads: 8, seed: 3 });
  const { stack } = images.stack;
  data = { name: "beads.tif", stack };
});

afterAll(async () => {
  await runtime.close();
  await rm(folder, { recursive: true });
});

test("leaves a page, a sheet, a model and refocused stacks, and scores the part that was not trained on", async () => {
  const output = join(folder, "demo");
  const stages: string[] = [];
  const result = await demo(nodeContext, {
    output,
    data,
    config,
    runtime,
    onStage: (sentence) => stages.push(sentence),
  });

  expect(result.distances.map(({ distance }) => distance)).toEqual([-4, -2, 2, 4]);
  for (const { input, output: refocused } of result.distances) {
    expect(refocused.psnr).not.toBe(input.psnr);
    expect(Number.isFinite(refocused.psnr)).toBe(true);
  }
  // The unseen part is the far 40 % of the columns, pixel by pixel that of the stack.
  const unseen = await openImage(join(output, "unseen.tif"));
  const part = await readStack(unseen).finally(() => unseen.close());
  expect([part.depth, part.height, part.width]).toEqual([14, 128, 128 - 76]);
  expect(part.data[0]).toBe(data.stack.data[76]);

  const page = await readFile(result.report, "utf8");
  // The picture is an SVG in the page itself, and the images in it are PNG.
  const [, picture] = /class="picture"><img src="data:image\/svg\+xml;base64,([^"]+)"/.exec(page) ?? [];
  expect(atob(picture)).toContain("data:image/png;base64,");
  // The page admits every distance where the output lost, and claims to win only where it did.
  const made = result.distances.filter(({ given }) => !given);
  // The second input plane lies 2 um above the first.
  expect(made.map(({ distance }) => distance)).toEqual([-4, -2, 4]);
  const lost = made.filter(({ baseline, output: refocused }) => refocused.psnr <= baseline.psnr);
  expect(page.includes("The output beats the best recorded baseline at every distance")).toBe(lost.length === 0);
  if (lost.length > 0)
    expect(page).toMatch(/\d+ of 9 single outputs are not better than the baseline: .* from plane \d+/);
  for (const { input, baseline, detail, gain, output: refocused } of result.distances) {
    expect(baseline.psnr).toBeGreaterThanOrEqual(input.psnr);
    expect(baseline.detail).toBeGreaterThanOrEqual(detail.input);
    expect(gain.psnr).toBeCloseTo(refocused.psnr - baseline.psnr, 9);
  }
  expect(page).toContain(result.sentence.slice(0, 60));
  expect(result.sentence).toMatch(/On average: The output is/);
  expect((await readFile(result.sheet)).subarray(1, 4).toString()).toBe("PNG");
  const left = await readdir(output);
  expect(left.filter((name) => name.startsWith("refocused_from_plane_"))).toHaveLength(3);
  expect(left.filter((name) => name.endsWith(".part"))).toEqual([]);
  expect(stages).toHaveLength(3);
  expect(result.training.config.train_columns).toEqual([0, 76]);
});

test("does not replace a demo that is there", async () => {
  await expect(demo(nodeContext, { output: join(folder, "demo"), data, config, runtime })).rejects.toMatchObject({
    code: "output.exists",
  });
});

test("a real stack is split along its longer side, with distances that its depth can teach", () => {
  const { zStep: _, ...uncalibrated } = data.stack;
  expect(() => splitRealStack({ name: "beads.tif", stack: uncalibrated })).toThrow("z_step");
  const tall = { ...data.stack, height: 256, width: 64, zStep: 0.05 };
  const { config: chosen, unseen } = splitRealStack({ name: "tall.tif", stack: tall });
  expect(chosen.train_rows).toEqual([0, 153]);
  expect([unseen.height, unseen.width]).toEqual([103, 64]);
  // 13 steps of 0.05 um: a quarter of that is between the planes at most.
  expect(resolveConfig(chosen, [{ name: "tall.tif", stack: tall }])).toMatchObject({
    input_offsets: [0, 0.15],
    distance_range: [-0.1, 0.25],
  });
});
