/** What validation builds is what trains: a learner is built once, and lets events have their turn meanwhile. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, vi } from "vitest";
import { openNativeRuntime } from "../src/run/native.node.ts";
import { nodeContext } from "../src/tasks/node-context.node.ts";
import { resolveConfig } from "../src/train/config.ts";
import { deepZ } from "../src/train/methods/deep-z.ts";
import { createLearner } from "../src/train/model-pixels.ts";
import { trainRun } from "../src/train/train-run.ts";
import { textsOf } from "./helpers/texts.ts";
import { blurredStack, tinyConfig } from "./helpers/tiny.ts";

it("a run builds its learner once, and tells its warnings once, after those of the recording", {
  timeout: 60_000,
}, async () => {
  const root = await mkdtemp(join(tmpdir(), "parfocal-once-"));
  const built = vi.spyOn(deepZ, "learner");
  const runtime = await openNativeRuntime({ threads: 1 });
  try {
    const stack = blurredStack(6, 48, 64, 1);
    stack.data.fill(0, 0, 48 * 64);
    const samples = [stack, { ...stack, data: stack.data.slice() }].map((one, i) => ({ name: `${i}.tif`, stack: one }));
    const told: string[] = [];
    const run = await trainRun(nodeContext, samples, {
      config: tinyConfig({ num_steps: 1 }),
      root,
      runtime,
      onWarning: ({ text }) => told.push(text),
    });
    expect(built).toHaveBeenCalledTimes(1);
    expect(told).toEqual(textsOf(run.warnings));
    const at = (pattern: RegExp) => told.flatMap((sentence, i) => (pattern.test(sentence) ? i : []));
    expect(at(/1\.tif has the same pixels as 0\.tif/)).toHaveLength(1);
    expect(at(/^0\.tif: .*blank/i)).toHaveLength(1);
    expect(at(/has the same pixels/)[0]).toBeGreaterThan(at(/blank/i)[0]);
  } finally {
    built.mockRestore();
    await runtime.close();
    await rm(root, { recursive: true, force: true });
  }
});

it.each([
  ["deep-z", { distance_range: [-2, 2] }],
  ["unet", {}],
  ["autofocus", {}],
])("building one for %s stops when an event asks for it", { timeout: 60_000 }, async (method, own) => {
  const [stack, target] = [blurredStack(9, 512, 512, 1), blurredStack(9, 512, 512, 1)];
  target.data.forEach((value, i) => {
    target.data[i] = value * value;
  });
  const stop = new AbortController();
  // Only an event can abort it: work in one go would be over before.
  setImmediate(() => stop.abort());
  const building = createLearner(
    { samples: [{ name: "a.tif", stack, target }] },
    resolveConfig({ method, patch_size: 32, ...own }),
    stop.signal,
  );
  await expect(building).rejects.toMatchObject({ code: "interrupted" });
});
