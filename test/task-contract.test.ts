/** What every task promises: it needs nothing but its context, and gives the same bytes on any storage and every time. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { stringify } from "yaml";
import { z } from "zod";
import { fileStorage } from "../src/image/file-storage.node.ts";
import { memoryStorage } from "../src/image/memory-storage.ts";
import { type Storage, writeWhole } from "../src/image/storage.ts";
import { saveModel } from "../src/models/model-folder.ts";
import { openRuntime } from "../src/run/open.node.ts";
import { openSimulation } from "../src/simulate/open-simulation.ts";
import { runTask } from "../src/tasks/run-task.ts";
import type { TaskContext } from "../src/tasks/task.ts";
import { type TaskName, taskNames, tasks } from "../src/tasks/tasks.ts";
import { tinyArchitecture } from "./helpers/tiny.ts";
import { tinyAutofocusModel } from "./helpers/tiny-autofocus-model.ts";
import { tinyHologramModel } from "./helpers/tiny-hologram-model.ts";
import { tinyModel } from "./helpers/tiny-model.ts";
import { tinyObjectives } from "./helpers/tiny-objectives.ts";
import { tinySectionModel } from "./helpers/tiny-section-model.ts";

const folder = mkdtempSync(join(tmpdir(), "parfocal-tasks-"));
afterAll(() => rmSync(folder, { recursive: true }));
// Files of a training and pages tell when they were made, and how long it took.
beforeAll(() => void vi.useFakeTimers({ toFake: ["Date", "performance"] }));
afterAll(() => void vi.useRealTimers());

const contextOn = (storage: Storage): TaskContext => ({
  storage,
  // The order in which several threads add is not always the same.
  openRuntime: () => openRuntime({ threads: 1 }),
  openSimulation,
  describeMachine: async () => ({
    ...{ system: "none", processor: "none", cores: 1, memory: 8e9, freeMemory: 4e9, engine: {}, runtimes: [] },
  }),
  drawPng: async () => new Uint8Array(),
  signal: new AbortController().signal,
  onProgress: () => undefined,
  warn: () => undefined,
  note: () => undefined,
});

const optics = { na: 0.8, wavelength: 0.515, refractive_index: 1 };
const light = { wavelength: 0.532, pixel_size: 0.5 };

const tinyTraining = {
  ...{ input_offsets: [0], distance_range: [-2, 2], architecture: tinyArchitecture },
  ...{ patch_size: 16, batch_size: 1, num_steps: 1, steps_per_epoch: 1, warmup_steps: 1 },
};

/** What is run, in this order: later tasks read what earlier ones have written. */
const runs: readonly [TaskName, Record<string, unknown>][] = [
  ["simulate", { recipe: "beads", output: "beads.tif", size: 48, planes: 7, seed: 3, beads: 6 }],
  [
    "simulate",
    { recipe: "beads", output: "set", fields: 2, size: 32, planes: 3, seed: 1, set: { "specimen.beads": 4 } },
  ],
  ["inspect", { image: "beads.tif" }],
  ["fuse", { stack: "beads.tif", output: "fused.tif" }],
  ["deconvolve", { image: "beads.tif", output: "sharp.tif", iterations: 3, ...optics }],
  ["psf", { output: "psf.tif", planes: 3, size: 16, pixel_size: 0.2, z_step: 0.5 }],
  ["autofocus", { image: "beads.tif", tile: 24 }],
  ["autofocus", { image: "beads.tif", model: "autofocus", output: "map.tif" }],
  ["refocus", { image: "beads.tif", model: "refocus", z: [-1, 0, 1], input_planes: [3], output: "refocused.tif" }],
  ["section", { images: ["beads.tif"], model: "section", output: "section.tif" }],
  ["reconstruct", { hologram: "beads.tif", input_planes: [3], distance: 5, output: "field.tif", ...light }],
  ["evaluate", { image: "sharp.tif", truth: "beads_truth.tif", input: ["beads.tif"] }],
  ["train", { stacks: ["beads.tif"], method: "deep-z", ...tinyTraining, experiment_name: "tiny", num_steps: 2 }],
  ["study", { stacks: ["beads.tif"], model: ["runs/tiny/version_0"], output: "study", classical: false }],
  ["generalise", { stacks: ["objectives.yaml"], ...tinyTraining, leave_out: ["specimen"], output: "generalisation" }],
  ["demo", { data: "beads.tif", ...tinyTraining, minutes: 5 }],
  ["doctor", {}],
];

async function putModels(storage: Storage): Promise<void> {
  await writeWhole(storage, "objectives.yaml", stringify(tinyObjectives));
  const refocusModel = tinyModel();
  for (const [name, { info, onnx }] of [
    ["autofocus", tinyAutofocusModel()],
    ["hologram", tinyHologramModel({}, "untrained")],
    ["section", tinySectionModel("unet")],
    ["refocus", refocusModel],
  ] as const) {
    await saveModel(storage, name, info, onnx);
  }
}

/** A storage in a folder of its own: paths are relative to it. */
function storageIn(root: string): Storage {
  mkdirSync(root, { recursive: true });
  const at = (path: string): string => join(root, path);
  const renamed = (text: string): string => text.replaceAll(`${root}/`, "");
  const outputs: Storage["outputs"] = (options) => {
    const set = fileStorage.outputs(options);
    return {
      ...set,
      create: (path, size) => set.create(at(path), size),
      write: (path, data) => set.write(at(path), data),
    };
  };
  return {
    ...fileStorage,
    outputs,
    kindOf: (path) => fileStorage.kindOf(at(path)),
    open: async (path) => ({ ...(await fileStorage.open(at(path))), name: renamed(at(path)) }),
    list: (path) => fileStorage.list(at(path)),
    checkOutput: (path, force) => fileStorage.checkOutput(at(path), force),
    checkRoom: (all) => fileStorage.checkRoom(all.map(({ path, size }) => ({ path: at(path), size }))),
    append: (path, data) => fileStorage.append(at(path), data),
    makeFolder: (path) => fileStorage.makeFolder(at(path)),
    claimFolder: (path) => fileStorage.claimFolder(at(path)),
    remove: (path) => fileStorage.remove(at(path)),
    lock: (path, onNote) => fileStorage.lock(at(path), onNote),
  };
}

const filesIn = (root: string): Map<string, Uint8Array> =>
  new Map(
    readdirSync(root, { recursive: true, encoding: "utf8" })
      .filter((path) => statSync(join(root, path)).isFile())
      .map((path) => [path, new Uint8Array(readFileSync(join(root, path)))]),
  );

/** Results but for the time that they took. */
async function runAll(storage: Storage): Promise<unknown[]> {
  await putModels(storage);
  const results: unknown[] = [];
  for (const [name, options] of runs) {
    const task = await tasks[name].load();
    const result = (await runTask(task, options, contextOn(storage))) as Record<string, unknown>;
    const read = (task.result as z.ZodObject).strict().safeParse(result);
    expect({ name, error: read.error?.issues }).toEqual({ name, error: undefined });
    const { seconds: _, ...figures } = result;
    results.push({ name, ...figures });
  }
  return results;
}

describe("tasks", () => {
  test("all are tried here", () => {
    const tried = new Set(runs.map(([name]) => name));
    expect([...tried].sort()).toEqual([...taskNames].sort());
  });

  test("in memory, in files, and twice: the same results and the same bytes", { timeout: 300_000 }, async () => {
    const memory = memoryStorage();
    const inMemory = await runAll(memory);
    const again = memoryStorage();
    expect(await runAll(again)).toEqual(inMemory);
    expect([...again.files]).toEqual([...memory.files]);
    const root = join(folder, "files");
    expect(await runAll(storageIn(root))).toEqual(inMemory);
    const files = filesIn(root);
    expect([...files.keys()].sort()).toEqual([...memory.files.keys()].sort());
    for (const [path, bytes] of memory.files) expect([path, files.get(path)]).toEqual([path, bytes]);
  });

  test.each(taskNames)("every option of %s says what it is", async (name) => {
    const { options } = await tasks[name].load();
    const { properties = {} } = z.toJSONSchema(options, { io: "input", unrepresentable: "any" });
    const silent = Object.entries(properties).filter(([, key]) => !(key as { description?: string }).description);
    expect(silent.map(([key]) => key)).toEqual([]);
  });

  test("an option that is not there, and one that is wrong, are named", async () => {
    const task = await tasks.fuse.load();
    const context = contextOn(memoryStorage());
    await expect(runTask(task, { stack: "a.tif", output: "b.tif", sharpness: 3 }, context)).rejects.toMatchObject({
      code: "usage",
      fields: { option: "sharpness" },
    });
    await expect(runTask(task, { stack: "a.tif", output: "b.tif", light: "moon" }, context)).rejects.toMatchObject({
      code: "usage",
      fields: { option: "light", got: "moon" },
    });
    await expect(runTask(task, { stack: "a.tif" }, context)).rejects.toThrow("Give `output <output>`.");
  });
});
