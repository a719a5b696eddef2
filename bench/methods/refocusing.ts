/** Experiments of virtual refocusing: beads through 20x/0.8, from one plane or two to planes +-4 um away. */

import { opticalPsf } from "../../src/classical/deconvolution/optical-psf.ts";
import { richardsonLucy } from "../../src/classical/deconvolution/richardson-lucy.ts";
import { type Plane, planeOf, type Stack } from "../../src/image/image.ts";
import { signalRange } from "../../src/metrics/metrics.ts";
import { recordedCandidates } from "../../src/metrics/recorded-baseline.ts";
import { normalisationOf } from "../../src/models/apply/normalisation.ts";
import { refocus } from "../../src/models/apply/refocus.ts";
import { refocusPlanes } from "../../src/models/apply/refocus-planes.ts";
import { refocusRecursively } from "../../src/models/apply/refocus-recursively.ts";
import type { Model, RefocusModel } from "../../src/models/model-info.ts";
import { psfModelOf } from "../../src/optics/psf/optics-options.ts";
import { shippedRecipe } from "../../src/simulate/shipped-recipes.ts";
import {
  type Experiment,
  heldOut,
  imageScores,
  type Outcome,
  recordedScores,
  type Setting,
  train,
} from "./experiment.ts";

/** Makes the planes at `distances` (um) from plane `z` of a stack. */
export type RefocusStack = (
  model: Model,
  setting: Setting,
  stack: Stack,
  z: number,
  distances: readonly number[],
) => Promise<Plane[]>;

const reads = (plane: Plane) => async (region: { x: number; y: number; width: number; height: number }) => {
  const out = new Float32Array(region.width * region.height);
  for (let y = 0; y < region.height; y++) {
    const from = (region.y + y) * plane.width + region.x;
    out.set(plane.data.subarray(from, from + region.width), y * region.width);
  }
  return out;
};

export const byDeepZ: RefocusStack = async (model, { runtime }, stack, z, distances) => {
  const { info } = model as RefocusModel;
  const { width, height } = stack;
  const out = distances.map((): Plane => ({ data: new Float32Array(width * height), width, height }));
  const offsets = info.input_offsets.map((um) => Math.round(um / (stack.zStep ?? 1)));
  const planes = offsets.map((offset) => reads(planeOf(stack, z + offset)));
  const normalisation = normalisationOf(stack.data, info.norm_pmin, info.norm_pmax, "stack");
  const input = { width, height, planes, normalisation, pixelSize: stack.pixelSize };
  await refocus(model as RefocusModel, runtime, input, { distances }, async (i, y0, rows) => {
    out[i].data.set(rows, y0 * width);
  });
  return out;
};

/** Input planes 0, 2 and -2 um from the first. */
const byRecurrentMz: RefocusStack = async (model, { runtime }, stack, z, distances) => {
  if (model.info.method !== "recurrent-mz") throw new Error(`${model.info.method} where recurrent-mz is judged`);
  const { info } = model;
  const { width, height, zStep = 1 } = stack;
  const out = distances.map((): Plane => ({ data: new Float32Array(width * height), width, height }));
  const planes = [0, 2, -2].map((um) => ({ read: reads(planeOf(stack, z + Math.round(um / zStep))), z: um }));
  const normalisation = normalisationOf(stack.data, info.norm_pmin, info.norm_pmax, "stack");
  const input = { width, height, planes, normalisation, pixelSize: stack.pixelSize };
  await refocusPlanes({ ...model, info }, runtime, input, { distances }, async (i, y0, rows) => {
    out[i].data.set(rows, y0 * width);
  });
  return out;
};

/** Judges at +-4 um on three held-out fields; Richardson-Lucy of the input plane is the classical competitor. */
async function judgeRefocusing(
  refocusStack: RefocusStack,
  recipeName: string,
  model: Model,
  setting: Setting,
): Promise<Outcome> {
  const recipe = shippedRecipe(recipeName);
  const examples: {
    label: string;
    truth: Plane;
    range: number;
    images: Record<"input" | "output" | "classical", Plane>;
  }[] = [];
  for (const { images } of await heldOut(recipe, 3)) {
    const { stack, truth } = images.stack;
    const z = Math.floor(stack.depth / 2);
    const { zStep = 1, optics } = stack;
    const distances = [-4, 4];
    const outputs = await refocusStack(model, setting, stack, z, distances);
    const input = planeOf(stack, z);
    const size = { depth: 1, height: stack.height, width: stack.width, pixelSize: stack.pixelSize ?? { y: 1, x: 1 } };
    const { psf } = opticalPsf(psfModelOf({ na: optics?.na ?? 0.8, wavelength: optics?.wavelength ?? 0.52 }), size);
    const sharpened = await richardsonLucy({ ...size, data: input.data }, psf, { iterations: 20 });
    for (const [i, distance] of distances.entries()) {
      const target = planeOf(truth, z + Math.round(distance / zStep));
      examples.push({
        label: `${distance > 0 ? "+" : ""}${distance} um`,
        truth: target,
        range: signalRange(target),
        images: { input, output: outputs[i], classical: { ...input, data: sharpened } },
      });
    }
  }
  const { input, output, classical } = imageScores(examples);
  const rows = examples.slice(0, 2).map((example) => ({
    label: example.label,
    input: example.images.input,
    output: example.images.output,
    truth: example.truth,
  }));
  const method = "Richardson-Lucy of the input plane, 20 iterations";
  return {
    comparisons: [
      {
        what: "PSNR at +-4 um",
        unit: "dB",
        better: "higher",
        output: output.psnr,
        input: input.psnr,
        classical: { method, value: classical.psnr },
      },
      {
        what: "SSIM at +-4 um",
        unit: "",
        better: "higher",
        output: output.ssim,
        input: input.ssim,
        classical: { method, value: classical.ssim },
      },
    ],
    rows,
    pixelSize: recipe.pixel_size ?? 0.325,
  };
}

/**
 * The best recorded baselines for the fields and distances of {@link judgeRefocusing}, from input planes at these
 * offsets, um.
 */
async function refocusingBaselines(recipeName: string, offsets: readonly number[]): Promise<number[]> {
  const examples = [];
  for (const { images } of await heldOut(shippedRecipe(recipeName), 3)) {
    const { stack, truth } = images.stack;
    const { zStep = 1 } = stack;
    const z = Math.floor(stack.depth / 2);
    for (const distance of [-4, 4]) {
      const target = planeOf(truth, z + Math.round(distance / zStep));
      const candidates = recordedCandidates(
        offsets.map((um) => ({ plane: planeOf(stack, z + Math.round(um / zStep)), distance: distance - um })),
      );
      examples.push({ truth: target, range: signalRange(target), candidates });
    }
  }
  return recordedScores(examples);
}

/** Input planes 0 and 2 um from the first, and steps of 2 um. */
const byRlp: RefocusStack = async (model, { runtime }, stack, z, distances) => {
  if (model.info.method !== "rlp") throw new Error(`${model.info.method} where rlp is judged`);
  const { info } = model;
  const { width, height, zStep = 1 } = stack;
  const out = distances.map((): Plane => ({ data: new Float32Array(width * height), width, height }));
  const planes = info.input_offsets.map((um) => reads(planeOf(stack, z + Math.round(um / zStep))));
  const normalisation = normalisationOf(stack.data, info.norm_pmin, info.norm_pmax, "stack");
  const input = { width, height, planes, normalisation, pixelSize: stack.pixelSize };
  await refocusRecursively({ ...model, info }, runtime, input, { distances }, async (i, rows) => out[i].data.set(rows));
  return out;
};

const gains = 10;

export const refocusing: Experiment[] = [
  {
    name: "deep-z",
    method: "deep-z",
    task: "refocus, two planes 2 um apart",
    data: "recipe beads",
    target: `at least ${gains} dB over the input`,
    reached: ([psnr]) => psnr.output - psnr.input >= gains,
    claim: "no figure in dB known",
    train: (setting) =>
      train(
        setting,
        { experiment_name: "deep-z", method: "deep-z", input_offsets: [0, 2], distance_range: [-4, 4] },
        { recipe: shippedRecipe("beads") },
      ),
    judge: (model, setting) => judgeRefocusing(byDeepZ, "beads", model, setting),
    baselines: () => refocusingBaselines("beads", [0, 2]),
  },
  {
    name: "deep-z-one-plane",
    method: "deep-z",
    task: "refocus, one plane, aberrated objective",
    data: "recipe beads-aberrated",
    target: "better than the input",
    reached: ([psnr]) => psnr.output > psnr.input,
    claim: "refocuses over +-10 um at 20x/0.8",
    train: (setting) =>
      train(
        setting,
        { experiment_name: "deep-z-one-plane", method: "deep-z", distance_range: [-4, 4] },
        { recipe: shippedRecipe("beads-aberrated") },
      ),
    judge: (model, setting) => judgeRefocusing(byDeepZ, "beads-aberrated", model, setting),
    baselines: () => refocusingBaselines("beads-aberrated", [0]),
  },
  {
    name: "recurrent-mz",
    method: "recurrent-mz",
    task: "refocus, three planes 2 um apart (trained with any)",
    data: "recipe beads",
    target: `at least ${gains} dB over the input`,
    reached: ([psnr]) => psnr.output - psnr.input >= gains,
    claim: "50 times the depth of field of a 63x/1.4, 30 times fewer axial scans",
    train: (setting) =>
      train(setting, { experiment_name: "recurrent-mz", method: "recurrent-mz" }, { recipe: shippedRecipe("beads") }),
    judge: (model, setting) => judgeRefocusing(byRecurrentMz, "beads", model, setting),
    baselines: () => refocusingBaselines("beads", [0, 2, -2]),
  },
  {
    name: "rlp",
    method: "rlp",
    task: "refocus, two planes 2 um apart, in steps of 2 um",
    data: "recipe beads",
    target: "better than the input",
    reached: ([psnr]) => psnr.output > psnr.input,
    claim: "no figure in dB known",
    train: (setting) =>
      train(setting, { experiment_name: "rlp", method: "rlp", step: 2 }, { recipe: shippedRecipe("beads") }),
    judge: (model, setting) => judgeRefocusing(byRlp, "beads", model, setting),
    baselines: () => refocusingBaselines("beads", [0, 2]),
  },
];
