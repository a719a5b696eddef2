/** Leave-one-out from end to end: the folder that it writes, going on where it was stopped, and what it refuses. */
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decode } from "fast-png";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Random } from "../src/array/random.ts";
import { cropStack } from "../src/image/crop.ts";
import { signalRange } from "../src/metrics/metrics.ts";
import { loadModel } from "../src/models/model-folder.node.ts";
import { openNativeRuntime } from "../src/run/native.node.ts";
import type { Runtime } from "../src/run/runtime.ts";
import { type GeneraliseOptions, type GeneraliseResult, generalise } from "../src/tasks/generalise/leave-one-out.ts";
import { inWords } from "../src/tasks/generalise/leave-one-out-page.ts";
import { summariseGains } from "../src/tasks/generalise/leave-one-out-plan.ts";
import { nodeContext } from "../src/tasks/node-context.node.ts";
import { decodeCheckpoint } from "../src/train/checkpoint.ts";
import { textsOf } from "./helpers/texts.ts";
import { blurredStack, tinyArchitecture } from "./helpers/tiny.ts";
import { tinyObjectives } from "./helpers/tiny-objectives.ts";

let runtime: Runtime;
let folder: string;
beforeAll(async () => {
  runtime = await openNativeRuntime({ threads: 1 });
  folder = await mkdtemp(join(tmpdir(), "parfocal-generalise-"));
});
afterAll(async () => {
  await runtime.close();
  await rm(folder, { recursive: true, force: true });
});
const at = (...names: string[]): string => join(folder, ...names);

const tiny = {
  architecture: tinyArchitecture,
  patch_size: 16,
  batch_size: 2,
  num_steps: 8,
  steps_per_epoch: 4,
  warmup_steps: 2,
};
const recipe = { recipe: tinyObjectives, fields: 1 };
const across = (output: string, options: Partial<GeneraliseOptions> = {}): Promise<GeneraliseResult> =>
  generalise(nodeContext, recipe, at(output), { config: tiny, runtime, ...options });
const weightsOf = async (...run: string[]) => {
  const path = at(...run, "checkpoints", "last.safetensors");
  return decodeCheckpoint(await readFile(path), path).tensors;
};

it("says for what it does not hold, where it holds in the mean", () => {
  const one = {
    kind: "specimen",
    left_out_db: 1.7,
    seen_db: 2.7,
    seen_range_db: undefined,
    resampling_db: 0,
    elsewhere_db: 2,
    drop_db: 1,
  };
  const mean = { ...one, share_kept: 0.63, generalises: true };
  const beads = { ...one, value: "beads", share_kept: 0.2, generalises: false };
  const nuclei = { ...one, value: "nuclei", share_kept: 0.8, generalises: true };
  const other = { ...beads, kind: "objective", value: "20x" };
  expect(inWords(mean, [beads, nuclei, other, mean])).toMatch(
    /another specimen\? Yes, but not for beads\. The mean gain is \+1\.7 dB/,
  );
  expect(inWords(mean, [nuclei, other, mean])).toMatch(/^Do the models generalise to another specimen\? Yes\. /);
  expect(inWords({ ...mean, generalises: false }, [beads, mean])).toMatch(
    /^Do the models generalise to another specimen\? No\. /,
  );
});

describe("across the objectives of a recipe", () => {
  let done: GeneraliseResult;
  beforeAll(async () => {
    done = await across("objectives", { command: "parfocal generalise tiny.yaml" });
  });

  it("trains a model on everything and one without each objective, on the same keys and at one pixel size", async () => {
    expect(done.models.map(({ name, trained_on }) => [name, trained_on])).toEqual([
      ["all", ["low, beads", "low, filaments", "high, beads", "high, filaments"]],
      ["without-low", ["high, beads", "high, filaments"]],
      ["without-high", ["low, beads", "low, filaments"]],
    ]);
    // Planes 1 and 0.5 um apart, seven of each: the thinner stack is 3 um deep, two thirds of which planes and reach may take.
    const keys = { model_pixel_size: 0.4, distance_range: [-1, 2], input_offsets: [0, 1] };
    expect(done.config).toMatchObject({ ...keys, num_steps: 8, seed: 0 });
    for (const { name, run } of done.models) {
      expect(run).toBe(`runs/${name}/version_0`);
      const { info } = await loadModel(at("objectives", run));
      expect(info).toMatchObject({ pixel_size: 0.4, input_offsets: [0, 1], experiment_name: name });
      expect(info.trained_on[0].name).toBe(`tiny-${name}`);
    }
  });

  it("gives every model as many steps as the first had time for", async () => {
    const config = { ...tiny, num_steps: 100_000, max_minutes: 0.02 };
    const { models } = await across("minutes", { config });
    const [steps, ...others] = models.map(({ trained_steps }) => trained_steps ?? 0);
    expect(steps).toBeGreaterThan(0);
    expect(steps).toBeLessThan(100_000);
    expect(others).toEqual([steps, steps]);
    const [first, ...again] = (await across("minutes", { config, force: true })).models;
    expect(first).toMatchObject({ trained_steps: steps, reused: true });
    expect(again.map(({ reused }) => reused)).toEqual([true, true]);
  });

  it("judges every model on every objective with every specimen, and the page, the table and the numbers agree", async () => {
    expect(done.gains).toHaveLength(12);
    const unseen = done.gains.filter(({ seen }) => !seen).map(({ model, data }) => `${model}: ${data}`);
    expect(unseen).toEqual([
      "without-low: low, beads",
      "without-low: low, filaments",
      "without-high: high, beads",
      "without-high: high, filaments",
    ]);
    for (const { gain_db, gain_ssim, gain_over_input_db, input, output, baseline } of done.gains) {
      expect(gain_db).toBeCloseTo((output?.psnr ?? 0) - (baseline?.psnr ?? 0), 9);
      expect(gain_ssim).toBeCloseTo((output?.ssim ?? 0) - (baseline?.ssim ?? 0), 9);
      expect(gain_over_input_db).toBeCloseTo((output?.psnr ?? 0) - (input?.psnr ?? 0), 9);
      // Two planes are given: the better of them, or what lies between, is never below the first.
      expect(baseline?.psnr).toBeGreaterThanOrEqual(input?.psnr ?? Number.POSITIVE_INFINITY);
    }
    const json = JSON.parse(await readFile(at("objectives", "generalisation.json"), "utf8"));
    expect(json.gains.map(({ gain_db }: { gain_db: number }) => gain_db)).toEqual(
      done.gains.map(({ gain_db }) => gain_db),
    );
    // One of the two objectives has not the pixels of the model.
    expect(json.resampling_only).toHaveLength(2);
    const alone = Object.fromEntries(
      json.resampling_only.map((one: { data: string; gain_db: number }) => [one.data, one.gain_db]),
    );
    const data = json.judged_data.map(({ name, objective, specimen }: Record<string, string>) => ({
      name,
      groups: { objective, specimen },
    }));
    const plan = done.models.map(({ name, leftOut }) => ({ name, ...(leftOut && { leftOut }) }));
    expect(summariseGains(plan, data, json.gains, alone)).toEqual(done.summary);
    expect(json).toMatchObject({
      command: "parfocal generalise tiny.yaml",
      left_out: ["objective"],
      config: { seed: 0 },
    });
    expect(json.data.recipe.objectives.map(({ name }: { name: string }) => name)).toEqual(["low", "high"]);

    const [head, ...rows] = (await readFile(at("objectives", "generalisation.csv"), "utf8")).trim().split("\n");
    expect(head).toMatch(
      /^model,left_out_kind,left_out,data,objective,specimen,seen,images,planes,input_psnr,output_psnr,gain_db/,
    );
    expect(rows).toHaveLength(14);
    expect(rows[4]).toMatch(/^"without-low","objective","low","low, beads","low","beads",0,1,\d/);

    const page = await readFile(at("objectives", "index.html"), "utf8");
    expect(page).not.toMatch(/<script|src="(?!data:)/);
    for (const { gain_db } of done.gains) expect(page).toContain(`${Math.abs(gain_db ?? 0).toFixed(1)} dB`);
    // A star in each matrix for each cell that is not seen, and one in each of its captions.
    const [, ...matrices] = page.split("Gain in ");
    expect(matrices.slice(0, 2).map((text) => text.split("</table>")[0].split("\u2605").length - 1)).toEqual([5, 5]);
    for (const name of ["without-low", "without-high"]) {
      const { width, height } = decode(await readFile(at("objectives", "figures", `${name}.png`)));
      expect(width * height).toBeGreaterThan(600 * 300);
    }
    expect(await readdir(at("objectives", "figures"))).toHaveLength(2);
  });

  it("keeps a page that is there; with force, models of the same data and keys are used again, and others trained", async () => {
    await expect(across("objectives")).rejects.toMatchObject({ code: "output.exists" });
    const model = at("objectives", "runs", "all", "version_0", "model", "model.onnx");
    const before = (await stat(model)).mtimeMs;
    const again = await across("objectives", { force: true });
    expect(again.models.map(({ reused }) => reused)).toEqual([true, true, true]);
    expect(again.gains).toEqual(done.gains);
    expect((await stat(model)).mtimeMs).toBe(before);
    const other = await across("objectives", { force: true, config: { ...tiny, num_steps: 4 } });
    expect(other.models.map(({ reused, run }) => [reused, run])).toEqual(
      ["all", "without-low", "without-high"].map((name) => [false, `runs/${name}/version_1`]),
    );
  });

  it("stopped in the second model, the same call goes on: nothing is trained twice, and the weights are those of the whole", async () => {
    const stop = new AbortController();
    const onProgress: GeneraliseOptions["onProgress"] = ({ what, done: step }) => {
      if (what.startsWith("steps of without-low") && step === 5) stop.abort();
    };
    const stopped = across("stopped", { signal: stop.signal, onProgress });
    await expect(stopped).rejects.toThrow(/after 1 of 3 models.*same command again/);
    await expect(stopped).rejects.toMatchObject({ code: "interrupted" });
    expect(existsSync(at("stopped", "index.html"))).toBe(false);
    const steps: string[] = [];
    const resumed = await across("stopped", {
      onProgress: ({ what, done: step }) => steps.push(`${what.split(",")[0]} ${step}`),
    });
    expect(resumed.models.map(({ reused, run }) => [reused, run])).toEqual([
      [true, "runs/all/version_0"],
      [false, "runs/without-low/version_0"],
      [false, "runs/without-high/version_0"],
    ]);
    expect(steps.filter((one) => one.startsWith("steps of all"))).toEqual([]);
    expect(steps).toContain("steps of without-low 6");
    expect(steps).not.toContain("steps of without-low 5");
    for (const { run } of resumed.models)
      expect(await weightsOf("stopped", run)).toEqual(await weightsOf("objectives", run));
    expect(resumed.gains).toEqual(done.gains);
  });
});

describe("across recorded stacks", () => {
  const stackOf = (seed: number, height: number, width: number) => blurredStack(7, height, width, seed);
  const names = ["a.tif", "b.tif", "c.tif"];
  const samples = names.map((name, i) => ({ name, stack: stackOf(i + 1, 64 + 16 * i, 170) }));

  it("leaves each out, and knows data by their pixels, not their names", async () => {
    const options = { config: { ...tiny, num_steps: 4 }, runtime };
    const done = await generalise(nodeContext, { samples }, at("stacks"), options);
    expect(done.models.map(({ name, trained_on }) => [name, trained_on.join()])).toEqual([
      ["all", "a,b,c"],
      ["without-a", "b,c"],
      ["without-b", "a,c"],
      ["without-c", "a,b"],
    ]);
    expect(done.summary.map(({ kind, value }) => `${kind} ${value}`)).toEqual([
      "stack a",
      "stack b",
      "stack c",
      "stack undefined",
    ]);
    expect(done.config.model_pixel_size).toBeUndefined();
    // Pixels that changed under the same name are other data.
    const other = [{ name: "a.tif", stack: stackOf(9, 64, 170) }, ...samples.slice(1)];
    const again = await generalise(nodeContext, { samples: other }, at("stacks"), { ...options, force: true });
    expect(again.models.map(({ name, reused }) => [name, reused])).toEqual([
      ["all", false],
      ["without-a", true],
      ["without-b", false],
      ["without-c", false],
    ]);
  });

  it("holds sections against their targets", async () => {
    const random = new Random(4);
    const pairs = samples.slice(0, 2).map(({ name, stack }) => {
      const target = { ...stack, data: stack.data.map((value) => 2 * value + 50 + 60 * random.normal()) };
      return { name, stack, target };
    });
    const config = { method: "unet", num_steps: 4, steps_per_epoch: 4, batch_size: 2, patch_size: 32 };
    const done = await generalise(nodeContext, { samples: pairs }, at("sections"), { config, runtime });
    expect(done.models.map(({ name }) => name)).toEqual(["all", "without-a", "without-b"]);
    // But for gain and offset, which are fitted, the input is the target without its noise. 30 % of 170 columns are judged.
    const truth = cropStack(pairs[0].target, [0, 64], [119, 170]);
    const range = signalRange({ ...truth, height: truth.depth * truth.height });
    for (const { data, input } of done.gains) {
      if (data === "a") expect(input?.psnr).toBeCloseTo(20 * Math.log10(range / 60), 0);
    }
    expect(textsOf(done.warnings).join()).not.toMatch(/sections are compared with the sharpest plane/);
  });

  it.each<[string, () => Promise<unknown>, RegExp]>([
    [
      "a method that has nothing to judge",
      () => across("x", { config: { method: "autofocus" } }),
      /autofocus is a method for autofocus/,
    ],
    [
      "a kind that the data do not have",
      () => across("x", { leaveOut: ["slide"] }),
      /no slide to leave out\. .*: objective, specimen/,
    ],
    [
      "a kind of which there is one",
      () =>
        generalise(nodeContext, { samples, slides: ["x", "x", "x"] }, at("x"), {
          config: tiny,
          runtime,
          leaveOut: ["slide"],
        }),
      /only one slide \(x\).*You can leave out: stack/,
    ],
    [
      "a recipe of one objective and one specimen",
      () => {
        const { objectives: _, specimens: __, ...one } = tinyObjectives;
        return generalise(nodeContext, { recipe: { ...one, specimen: { kind: "beads" } }, fields: 1 }, at("x"), {
          config: tiny,
          runtime,
        });
      },
      /does not have two objectives, specimens or stacks/,
    ],
    [
      "too many fields",
      () => generalise(nodeContext, { ...recipe, fields: 17 }, at("x"), { config: tiny, runtime }),
      /is 17; expected 1 to 16/,
    ],
    ["a wrong key, before anything is simulated", () => across("x", { config: { num_stepz: 3 } }), /num_stepz/],
    [
      "targets for a method that refocuses",
      () => generalise(nodeContext, { ...recipe, target: "stack" }, at("x"), { config: tiny, runtime }),
      /against the recorded planes themselves/,
    ],
  ])("refuses %s, and leaves nothing", async (_, work, message) => {
    await expect(work()).rejects.toThrow(message);
    expect(existsSync(at("x"))).toBe(false);
  });
});
