/**
 * Functions that the experiments of `npm run bench:methods` share: training on a recipe, held-out fields and scores.
 */
import { mkdir } from "node:fs/promises";
import type { SheetRow } from "../../src/figures/contact-sheet.ts";
import { readWeights } from "../../src/graph/onnx/read.ts";
import { fileStorage } from "../../src/image/file-storage.node.ts";
import type { Plane } from "../../src/image/image.ts";
import type { NamedStack } from "../../src/image/named-stack.ts";
import { psnr } from "../../src/metrics/metrics.ts";
import { bestOf, type RecordedCandidate } from "../../src/metrics/recorded-baseline.ts";
import { ssim } from "../../src/metrics/ssim.ts";
import { loadModel } from "../../src/models/model-folder.node.ts";
import type { Model } from "../../src/models/model-info.ts";
import type { Runtime } from "../../src/run/runtime.ts";
import { openSimulationOnThreads as openSimulation } from "../../src/simulate/open-simulation.node.ts";
import type { RecipeInput } from "../../src/simulate/recipe.ts";
import { createSimulator, type SimulatedField } from "../../src/simulate/simulator.ts";
import { nodeContext } from "../../src/tasks/node-context.node.ts";
import type { ImageRoles } from "../../src/train/data/recipe-fields.ts";
import { openRecipeTraining } from "../../src/train/data/recipe-training.ts";
import { trainRun } from "../../src/train/train-run.ts";

/** A score of the output, of its input, and of the methods that it is compared with. */
export interface Comparison {
  /** Such as "PSNR at +-4 um". */
  what: string;
  unit: string;
  better: "higher" | "lower";
  output: number;
  input: number;
  /** The best recorded baseline: the best of the input planes, smoothed or not, and of their interpolation. */
  baseline?: number;
  /** The best classical method on the same data. */
  classical?: { method: string; value: number };
}

export interface Outcome {
  comparisons: Comparison[];
  rows: SheetRow[];
  /** A drawing (SVG text) that replaces the contact sheet of the rows. */
  picture?: string;
  /** um, for the scale bar */
  pixelSize?: number;
  unit?: string;
  /** Sentences under the table. */
  notes?: string[];
}

/** The setting of one run of the benchmark. */
export interface Setting {
  runtime: Runtime;
  /** Training time of each method. */
  minutes: number;
  /** Folder of the trained models. */
  folder: string;
  log(sentence: string): void;
}

export interface Experiment {
  /** Name for `--only` and for the figure. */
  name: string;
  method: string;
  task: string;
  data: string;
  /** The target as a sentence, and whether it was reached. */
  target: string;
  reached(comparisons: readonly Comparison[]): boolean;
  /** The claim of the paper, if it is known. */
  claim: string;
  train(setting: Setting): Promise<Trained>;
  judge(model: Model, setting: Setting): Promise<Outcome>;
  /** The best recorded baselines of the first comparisons, in their order; they need no model. */
  baselines?(): Promise<number[]>;
}

export interface Trained {
  folder: string;
  steps: number;
  seconds: number;
}

/** Fields from this number on are never used for training. */
const firstHeldOut = 1_000_000;

/** Trains on simulated fields of a recipe, or on recorded samples. */
export async function train(
  { runtime, folder, minutes, log }: Setting,
  config: Record<string, unknown> & { experiment_name: string },
  data: { recipe: RecipeInput; roles?: ImageRoles } | { samples: readonly NamedStack[] },
): Promise<Trained> {
  const recipe =
    "recipe" in data
      ? await openRecipeTraining(fileStorage, data.recipe, { ...data.roles, openSimulation })
      : undefined;
  const samples = "samples" in data ? data.samples : (recipe?.validation ?? []);
  try {
    await mkdir(folder, { recursive: true });
    let loggedAt = 0;
    const done = await trainRun(nodeContext, samples, {
      config: { num_steps: 1_000_000, max_minutes: minutes, ...config },
      root: folder,
      runtime,
      fields: recipe?.fields,
      onWarning: ({ text }) => log(text),
      onProgress: ({ step, steps, validation }) => {
        if (!validation || performance.now() - loggedAt < 30_000) return;
        loggedAt = performance.now();
        const scores = Object.entries(validation.scores).map(([name, value]) => `${name} ${value.toPrecision(4)}`);
        log(`step ${step} of ${steps}: ${scores.join(", ")}`);
      },
    });
    return { folder: done.model, steps: done.steps, seconds: done.seconds };
  } finally {
    await recipe?.close();
  }
}

export const openTrained = ({ folder }: Trained): Promise<Model> => loadModel(folder);

/** Weights and biases of a finished model. */
export const parameterCount = ({ onnx }: Model): number =>
  Object.values(readWeights(onnx)).reduce((sum, { data }) => sum + data.length, 0);

/** Fields that were not trained on. */
export async function heldOut(recipe: RecipeInput, count: number): Promise<SimulatedField[]> {
  const simulator = createSimulator(recipe);
  const fields: SimulatedField[] = [];
  for (let i = 0; i < count; i++) fields.push(await simulator.field(firstHeldOut + i));
  return fields;
}

export const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

/**
 * Mean PSNR and SSIM of several kinds of image against the same ground truths; `range` is the data range of each ground
 * truth.
 */
export function imageScores(
  examples: readonly { truth: Plane; range: number; images: Record<string, Plane> }[],
): Record<string, { psnr: number; ssim: number }> {
  const names = Object.keys(examples[0].images);
  return Object.fromEntries(
    names.map((name) => [
      name,
      {
        psnr: mean(examples.map(({ truth, range, images }) => psnr(images[name], truth, range))),
        ssim: mean(examples.map(({ truth, range, images }) => ssim(images[name], truth, range))),
      },
    ]),
  );
}

/** Means over the examples of the best PSNR and of the best SSIM of all recorded images. */
export function recordedScores(
  examples: readonly { truth: Plane; range: number; candidates: readonly RecordedCandidate[] }[],
): [psnr: number, ssim: number] {
  const found = examples.map(({ truth, range, candidates }) => bestOf(candidates, truth, range));
  return [mean(found.map((one) => one.psnr.value)), mean(found.map((one) => one.ssim.value))];
}
