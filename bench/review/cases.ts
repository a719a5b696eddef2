/** The cases of `npm run bench:review`: stacks, the models that are judged on them, and the expected findings. */
import { existsSync } from "node:fs";
import { cropStack } from "../../src/image/crop.ts";
import type { Stack } from "../../src/image/image.ts";
import type { RecipeInput } from "../../src/simulate/recipe.ts";
import { shippedRecipe } from "../../src/simulate/shipped-recipes.ts";
import { createSimulator } from "../../src/simulate/simulator.ts";
import { meanOutcome } from "../../src/study/mean-outcome.ts";
import type { StudyFilesResult } from "../../src/tasks/study-files.ts";
import { type Setting, type Trained, train } from "../methods/experiment.ts";
import { judged, mitochondriaStacks, nucleusPair, recorded } from "../methods/recorded.ts";
import { refocusing } from "../methods/refocusing.ts";
import { sections } from "../methods/sectioning.ts";

export interface Finding {
  what: string;
  measured: string;
  reached: boolean;
}

export interface Case {
  name: string;
  /** Undefined where the data are not available. */
  stack(): Promise<{ image: Stack; truth?: Stack } | undefined>;
  /** `name` is the name of the experiment. */
  models: readonly { name: string; train(setting: Setting): Promise<Trained> }[];
  findings(done: StudyFilesResult): Finding[];
  /** Ids of the figures that docs/review.md shows. */
  figures: readonly string[];
}

/** Wide-field and confocal images of beads, for COMI. */
const beadPairs: RecipeInput = {
  ...shippedRecipe("review-beads"),
  name: "beads-deblur",
  images: {
    input: { mode: "widefield" },
    target: { mode: "confocal", pinhole: 1, camera: { photons: 30000, gain: 1 } },
  },
};

type CaseModel = Case["models"][number];

/** Deep-Z as its authors trained it: one input plane, beads of 300 nm, an aberrated objective. */
const onSmallBeads: CaseModel = {
  name: "deep-z-300nm",
  train: (setting) =>
    train(
      setting,
      { experiment_name: "deep-z-300nm", method: "deep-z", distance_range: [-4, 4] },
      { recipe: shippedRecipe("objective-20x-0.8-aberrated") },
    ),
};

const comiOnBeads: CaseModel = {
  name: "comi-beads",
  train: (setting) =>
    train(
      setting,
      { experiment_name: "comi-beads", method: "comi" },
      { recipe: beadPairs, roles: { image: "input", target: "target" } },
    ),
};

/** A model of `npm run bench:methods`, which is not trained again if it is already in the folder. */
function method(name: string): CaseModel {
  const found = [...refocusing, ...sections, ...recorded].find((one) => one.name === name);
  return found ?? { name, train: () => Promise.reject(new Error(`there is no method ${name} here`)) };
}

export const reviewCases: readonly Case[] = [
  {
    name: "review-beads",
    async stack() {
      // Training never uses a field with such a high number.
      const field = await createSimulator({ ...shippedRecipe("review-beads"), size: 512 }).field(1_000_100);
      return { image: field.images.stack.stack };
    },
    models: [onSmallBeads, method("comi"), method("deep-z-one-plane"), comiOnBeads, method("deep-z")],
    findings: reviewFindings,
    figures: [
      "one-image",
      "psnr-refocus",
      "ssim-section",
      "direction-deep-z-300nm",
      "direction-deep-z",
      "hallucinations-deep-z-300nm",
    ],
  },
  {
    name: "nucleus",
    async stack() {
      if (!existsSync("../shared/data")) return undefined;
      const { stack, target } = await nucleusPair();
      return { image: stack, truth: target };
    },
    models: [method("unet-nucleus")],
    findings: ({ verdicts, studies }) => [harmless(verdicts, "unet-nucleus"), gains(studies, "unet-nucleus")],
    figures: ["one-image", "every-plane"],
  },
  {
    name: "mitochondria",
    async stack() {
      if (!existsSync("../shared/data")) return undefined;
      const [{ stack }] = await mitochondriaStacks();
      return { image: cropStack(stack, judged, [0, stack.width]) };
    },
    models: [method("deep-z-mitochondria")],
    findings: ({ verdicts, studies }) => [
      harmless(verdicts, "deep-z-mitochondria"),
      gains(studies, "deep-z-mitochondria"),
      rightWay(verdicts, "deep-z-mitochondria"),
    ],
    figures: ["one-image", "psnr-refocus"],
  },
];

type Verdicts = StudyFilesResult["verdicts"];
const percent = (share: number): string => `${Math.round(100 * share)} %`;

function reviewFindings({ verdicts, studies }: StudyFilesResult): Finding[] {
  const of = (name: string): StudyFilesResult["studies"][number] => {
    const found = studies.find(({ candidate }) => candidate.name === name);
    if (found === undefined) throw new Error(`no study of ${name}`);
    return found;
  };
  const sides = (name: string): Finding => {
    const { direction } = of(name);
    const share = ({ right, wrong }: { right: number; wrong: number }): number => right / Math.max(1, right + wrong);
    const [below, above] = direction ? [share(direction.below), share(direction.above)] : [Number.NaN, Number.NaN];
    return {
      what: `${name} refocuses in the wrong direction from one side of focus`,
      measured: `right direction from below ${percent(below)}, from above ${percent(above)}`,
      reached: Math.min(below, above) < 0.5,
    };
  };
  const dots = (name: string): Finding => {
    const { value } = verdicts[name].hallucinations;
    return {
      what: `${name} hallucinates dots in beads of another size than in its training`,
      measured: `${percent(value ?? Number.NaN)} of the bright structures in its outputs were not recorded`,
      reached: verdicts[name].hallucinations.good === false,
    };
  };
  const below = (name: string): Finding => {
    const outcomes = of(name).every.outcomes;
    const worse = outcomes.filter(({ scores }) => scores.output.ssim < scores.input.ssim).length;
    return {
      what: `${name}: SSIM to the sharpest plane below that of its input`,
      measured: `${worse} of ${outcomes.length} planes`,
      reached: worse > outcomes.length / 2,
    };
  };
  const removesBackground = (name: string): Finding => {
    const {
      widthRecovered = Number.NaN,
      brightnessRecovered = Number.NaN,
      backgroundRemoved = Number.NaN,
    } = of(name).effect;
    const { answer } = verdicts[name].effect;
    return {
      what: `${name} sections, but does not refocus`,
      measured: `${percent(backgroundRemoved)} of the out-of-focus light and ${percent(widthRecovered)} of the excess width are removed; ${percent(brightnessRecovered)} of the brightness lost by blur is recovered (below 0: structures become even darker)`,
      reached: answer.startsWith("It sections:"),
    };
  };
  const two = "deep-z";
  return [
    sides("deep-z-300nm"),
    sides("deep-z-one-plane"),
    dots("deep-z-300nm"),
    below("comi"),
    below("comi-beads"),
    removesBackground("comi-beads"),
    rightWay(verdicts, two),
    gains(studies, two),
    harmless(verdicts, two),
  ];
}

function rightWay(verdicts: Verdicts, name: string): Finding {
  const { value = null, good = null } = verdicts[name].direction ?? {};
  const measured = value === null ? "cannot tell" : `${percent(value)} of the regions that moved, on the worse side`;
  return { what: `${name} refocuses in the right direction from both sides`, measured, reached: good === true };
}

function harmless(verdicts: Verdicts, name: string): Finding {
  const { value = null, good = null } = verdicts[name].harm ?? {};
  const measured =
    value === null ? "cannot tell" : `${percent(value)} of its outputs are worse than the best recorded baseline`;
  return { what: `${name} is rarely worse than what was recorded`, measured, reached: good === true };
}

function gains(studies: StudyFilesResult["studies"], name: string): Finding {
  const study = studies.find(({ candidate }) => candidate.name === name);
  const means = study && meanOutcome(study);
  if (means === undefined) return { what: `${name} gains`, measured: "cannot tell", reached: false };
  const { input, output, baseline, detail, planes } = means;
  const [psnr, ssim, sharper] = [
    output.psnr - baseline.psnr,
    output.ssim - baseline.ssim,
    detail.output - baseline.detail,
  ];
  return {
    what: `${name} gains over the best recorded baseline`,
    measured: `${psnr.toFixed(1)} dB, ${ssim.toFixed(3)} in SSIM, ${sharper.toFixed(3)} in detail, mean of ${planes} planes (${(output.psnr - input.psnr).toFixed(1)} dB over the first input plane, unchanged)`,
    reached: psnr > 0 && ssim > 0 && sharper > 0,
  };
}
