/** Data sets on disk: whole fields, going on, replacing; and trainings straight from a recipe. */

import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fileStorage } from "../src/image/file-storage.node.ts";
import { readAll, readStack } from "../src/image/image-file.ts";
import { openImage } from "../src/image/open-image.node.ts";
import { openNativeRuntime } from "../src/run/native.node.ts";
import type { Runtime } from "../src/run/runtime.ts";
import { openFieldWorkers } from "../src/simulate/field-workers.node.ts";
import { openSimulationOnThreads as openSimulation } from "../src/simulate/open-simulation.node.ts";
import { findRecipe } from "../src/simulate/recipe-file.ts";
import { recipeFromYaml } from "../src/simulate/recipe-yaml.ts";
import { resolveRecipe } from "../src/simulate/resolve-recipe.ts";
import { shippedRecipe } from "../src/simulate/shipped-recipes.ts";
import { createSimulator } from "../src/simulate/simulator.ts";
import { nodeContext } from "../src/tasks/node-context.node.ts";
import { simulateRecipe } from "../src/tasks/simulate-recipe.ts";
import { decodeCheckpoint } from "../src/train/checkpoint.ts";
import { recipeFields } from "../src/train/data/recipe-fields.ts";
import { openRecipeTraining } from "../src/train/data/recipe-training.ts";
import { trainModel } from "../src/train/train.ts";
import { trainRun } from "../src/train/train-run.ts";
import { memoryStore, tinyConfig } from "./helpers/tiny.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "parfocal-recipes-"));
});
afterAll(() => rm(folder, { recursive: true }));

const tiny = {
  ...shippedRecipe("beads"),
  size: 64,
  planes: 5,
  fields: 5,
  specimen: { kind: "beads", beads: 60, diameter: [1, 2] },
};

/** Every file of a folder with its bytes. */
async function contents(path: string): Promise<Record<string, string>> {
  const names = await readdir(path, { recursive: true });
  const found: Record<string, string> = {};
  for (const name of names.sort()) {
    const file = join(path, name);
    if ((await stat(file)).isFile()) found[name] = (await readFile(file)).toString("base64");
  }
  return found;
}

describe("a data set", () => {
  it("holds every field with its truth, sorted into train, val and test, and the recipe to make it again", async () => {
    const output = join(folder, "whole");
    const { dataSet } = await simulateRecipe(fileStorage, tiny, { openSimulation, output, threads: 1 });
    expect(dataSet?.skipped).toBe(0);
    const files = Object.keys(await contents(output));
    const stack = (path: string) => [`${path}/objects.json`, `${path}/stack.tif`, `${path}/truth.tif`];
    const fields = ["test/0004", "train/0000", "train/0001", "train/0002", "val/0003"];
    expect(files).toEqual(["dataset.json", "recipe.yaml", ...fields.flatMap(stack)]);
    const manifest = JSON.parse(await readFile(join(output, "dataset.json"), "utf8"));
    expect(manifest).toMatchObject({ name: "beads", complete: true, planned_fields: 5, seeds: { recipe: 0 } });
    expect(manifest.fields[3]).toEqual({
      field: 3,
      split: "val",
      files: {
        images: { stack: { image: "val/0003/stack.tif", truth: "val/0003/truth.tif" } },
        objects: "val/0003/objects.json",
      },
    });
    const recipe = resolveRecipe(recipeFromYaml(await readFile(join(output, "recipe.yaml"), "utf8"), "recipe.yaml"));
    expect(recipe).toEqual(resolveRecipe(tiny));
    const { images, objects, planes } = await createSimulator(tiny).field(3);
    const file = await openImage(join(output, "val/0003/stack.tif"));
    expect((await readStack(file)).data).toEqual(images.stack.stack.data);
    await file.close();
    const record = JSON.parse(await readFile(join(output, "val/0003/objects.json"), "utf8"));
    expect(record.objects).toEqual(JSON.parse(JSON.stringify(objects)));
    expect(record.planes_um).toEqual(planes);
    expect(record.stage).toHaveLength(5);
  });

  it("goes on where it was stopped, to the same bytes, also with several threads", async () => {
    const output = join(folder, "stopped");
    const stop = new AbortController();
    const onProgress = ({ done }: { done: number }) => {
      if (done === 2) stop.abort();
    };
    const stopped = simulateRecipe(fileStorage, tiny, {
      openSimulation,
      output,
      threads: 1,
      signal: stop.signal,
      onProgress,
    });
    await expect(stopped).rejects.toMatchObject({ code: "interrupted" });
    const manifest = JSON.parse(await readFile(join(output, "dataset.json"), "utf8"));
    expect([manifest.complete, manifest.fields.length]).toEqual([false, 2]);
    // A field that a crash cut short lacks its JSON.
    await rm(join(output, "train/0001/objects.json"));
    const before = (await stat(join(output, "train/0000/stack.tif"))).mtimeMs;
    const { dataSet } = await simulateRecipe(fileStorage, tiny, { openSimulation, output, threads: 2 });
    expect(dataSet?.skipped).toBe(1);
    expect((await stat(join(output, "train/0000/stack.tif"))).mtimeMs).toBe(before);
    expect(await contents(output)).toEqual(await contents(join(folder, "whole")));
    expect((await simulateRecipe(fileStorage, tiny, { openSimulation, output })).dataSet?.skipped).toBe(5);
  });

  it("is not mixed with another, and replaced only by force", async () => {
    const output = join(folder, "mixed");
    await simulateRecipe(fileStorage, { ...tiny, fields: 4 }, { openSimulation, output, threads: 1 });
    const before = await contents(output);
    const other = { ...tiny, fields: 3, seed: 5 };
    await expect(simulateRecipe(fileStorage, other, { openSimulation, output })).rejects.toThrow(
      /another recipe \(its seed, fields differ\).*`force`/,
    );
    expect(await contents(output)).toEqual(before);
    await writeFile(join(output, "notes.txt"), "mine");
    await simulateRecipe(fileStorage, other, { openSimulation, output, force: true, threads: 1 });
    const files = Object.keys(await contents(output));
    expect(files).toContain("notes.txt");
    expect(files.filter((name) => name.endsWith("objects.json"))).toEqual([
      "test/0002/objects.json",
      "train/0000/objects.json",
      "val/0001/objects.json",
    ]);
    await expect(
      simulateRecipe(fileStorage, tiny, { openSimulation, output: join(folder, "set.tif") }),
    ).rejects.toThrow(/5 fields need a folder/);
  });

  it("holds exposures, fields and specimens as channels and stacks", async () => {
    const images = { section: { mode: "structured-illumination" }, hologram: { mode: "hologram" } };
    const recipe = { ...tiny, fields: 1, planes: 2, images };
    const { single } = await simulateRecipe(fileStorage, recipe, {
      openSimulation,
      output: join(folder, "one.tif"),
      volume: true,
    });
    expect(single?.files).toMatchObject({
      images: {
        section: { image: join(folder, "one_section.tif"), exposures: join(folder, "one_section_exposures.tif") },
        hologram: { truth: join(folder, "one_hologram_truth.tif"), field: join(folder, "one_hologram_field.tif") },
      },
      objects: join(folder, "one_objects.json"),
      volume: join(folder, "one_volume.tif"),
    });
    const read = async (name: string) => {
      const file = await openImage(join(folder, name));
      return readAll(file).finally(() => file.close());
    };
    const exposures = await read("one_section_exposures.tif");
    expect([exposures.axes, exposures.shape, exposures.dtype]).toEqual(["ZCYX", [2, 3, 64, 64], "uint16"]);
    const field = await read("one_hologram_field.tif");
    expect([field.axes, field.shape, field.dtype]).toEqual(["ZCYX", [2, 2, 64, 64], "float32"]);
    const real = single?.field.images.hologram.field?.real.data ?? new Float32Array();
    expect(field.data.slice(0, 64 * 64)).toEqual(real.slice(0, 64 * 64));
    expect((await read("one_volume.tif")).shape.slice(1)).toEqual([64, 64]);
  });
});

describe("recipes in files", () => {
  it("are YAML or JSON, and name stacks as specimens relative to their own folder", async () => {
    const path = join(folder, "mine.yaml");
    await simulateRecipe(fileStorage, { ...tiny, fields: 1 }, { openSimulation, output: join(folder, "specimen.tif") });
    await writeFile(path, "name: mine\nsize: 96\nplanes: 3\nspecimen: {kind: stack, file: specimen_truth.tif}\n");
    const found = await findRecipe(fileStorage, path);
    const { single } = await simulateRecipe(fileStorage, found.recipe, {
      openSimulation,
      output: join(folder, "again"),
      folder: found.folder,
    });
    expect(single?.field.images.stack.truth.depth).toBe(3);
    await writeFile(path, "- a list\n");
    await expect(findRecipe(fileStorage, path)).rejects.toThrow(/is not a recipe: expected keys and values/);
    await writeFile(path, "name: [\n");
    await expect(findRecipe(fileStorage, path)).rejects.toMatchObject({ code: "file.corrupt" });
  });
});

describe("threads", () => {
  it("make the same fields as the caller's, hand on what is wrong, and stop", async () => {
    const simulator = createSimulator(tiny);
    const workers = openFieldWorkers({ recipe: simulator.recipe, stacks: {}, memory: 2 ** 30 }, 2);
    const made = await Promise.all([2, 0, 1].map((index) => workers.field(index)));
    expect(made[1]).toEqual(await simulator.field(0));
    expect(made[0].index).toBe(2);
    await expect(workers.field(-1)).rejects.toMatchObject({
      code: "usage",
      message: expect.stringMatching(/no field -1/),
    });
    const stop = new AbortController();
    const stopped = workers.field(3, { signal: stop.signal });
    stop.abort();
    await expect(stopped).rejects.toMatchObject({ code: "interrupted" });
    const pending = workers.field(4);
    const closing = workers.close();
    await expect(pending).rejects.toThrow(/it was closed/);
    await closing;
  });
});

describe("training straight from a recipe", () => {
  let runtime: Runtime;
  beforeAll(async () => {
    runtime = await openNativeRuntime({ threads: 1 });
  });
  afterAll(() => runtime.close());
  const { fields: _, ...one } = tiny;
  const config = (more: object) => ({ ...tinyConfig({ pool_fields: 2, steps_per_field: 3, patch_size: 16 }), ...more });

  it("never trains on what validates, nor on the data set's own fields", async () => {
    const asked: number[] = [];
    const make = async (index: number) => {
      asked.push(index);
      return createSimulator(tiny).field(index);
    };
    const source = recipeFields(resolveRecipe(tiny), make);
    expect((await source.validation()).map(({ name }) => name)).toEqual(["beads 3"]);
    await source.field(0);
    expect(asked).toEqual([3, 5]);
    asked.length = 0;
    const alone = recipeFields(resolveRecipe(one), make);
    await alone.validation();
    await alone.field(0);
    expect(asked).toEqual([1, 2, 3, 4, 5]);
    expect(() => recipeFields(resolveRecipe(one), make, { image: "target" })).toThrow(
      /has no image target\. Its images are stack/,
    );
  });

  it("stopped and resumed equals straight through, with the simulation in a thread", async () => {
    const run = async (root: string, options: { resume?: boolean; stopAt?: number }) => {
      const training = await openRecipeTraining(fileStorage, one, { openSimulation });
      const stop = new AbortController();
      const onProgress = ({ step }: { step: number }) => {
        if (step === options.stopAt) stop.abort();
      };
      const settings = { config: config({ num_steps: 14, steps_per_epoch: 4 }), root, runtime, onProgress };
      const { fields, validation } = training;
      const resume = options.resume ?? false;
      return trainRun(nodeContext, validation, { ...settings, fields, resume, signal: stop.signal }).finally(
        training.close,
      );
    };
    const straight = await run(join(folder, "straight"), {});
    expect(straight.info.trained_on).toMatchObject([{ name: "beads" }]);
    expect(recipeFromYaml(await readFile(join(straight.run, "recipe.yaml"), "utf8"), "")).toEqual(resolveRecipe(one));
    await expect(run(join(folder, "resumed"), { stopAt: 7 })).rejects.toMatchObject({ code: "interrupted" });
    const resumed = await run(join(folder, "resumed"), { resume: true });
    const weights = async (path: string) => {
      const file = join(path, "checkpoints", "last.safetensors");
      return decodeCheckpoint(await readFile(file), file).tensors;
    };
    expect(await weights(resumed.run)).toEqual(await weights(straight.run));
    const other = await openRecipeTraining(fileStorage, { ...one, seed: 3 }, { openSimulation });
    const settings = { config: config({ num_steps: 14, steps_per_epoch: 4 }), root: join(folder, "resumed"), runtime };
    const mixed = trainRun(nodeContext, other.validation, { ...settings, fields: other.fields, resume: true }).finally(
      other.close,
    );
    await expect(mixed).rejects.toThrow(/Cannot resume .* which is different/);
  });

  it("learns more than the input shows", async () => {
    const recipe = {
      ...one,
      size: 96,
      planes: 7,
      specimen: { kind: "beads", beads: 80, diameter: [1, 3], depth_range: [-2, 2] },
    };
    const { fields, validation, close } = await openRecipeTraining(fileStorage, recipe, { openSimulation });
    const down: [number, number][] = [
      [8, 8],
      [12, 12],
    ];
    const settings = {
      ...{ architecture: { down, up: [8] }, input_offsets: [0, 2], distance_range: [-2, 2] as [number, number] },
      ...{ num_steps: 240, steps_per_epoch: 80, batch_size: 4, patch_size: 32, learning_rate: 5e-3, warmup_steps: 20 },
      ...{ pool_fields: 8, steps_per_field: 10 },
    };
    const training = trainModel(validation, tinyConfig(settings), { runtime, store: memoryStore(), fields });
    const { report } = await training.finally(close);
    expect(report.scores.psnr).toBeGreaterThan(report.scores.input_psnr + 1);
  });
});
