/**
 * Experiments of optical sectioning and deblurring: thick tissue through 20x/0.75, from wide field to structured
 * illumination or confocal.
 */
import { opticalPsf } from "../../src/classical/deconvolution/optical-psf.ts";
import { richardsonLucy } from "../../src/classical/deconvolution/richardson-lucy.ts";
import { type Plane, planeOf, type Stack } from "../../src/image/image.ts";
import type { Region } from "../../src/image/image-file.ts";
import { fitIntensity } from "../../src/metrics/intensity-fit.ts";
import { signalRange } from "../../src/metrics/metrics.ts";
import { recordedCandidates } from "../../src/metrics/recorded-baseline.ts";
import { normalisationOf } from "../../src/models/apply/normalisation.ts";
import { crop } from "../../src/models/apply/pixel-grid.ts";
import { type SectionModel, section } from "../../src/models/apply/section.ts";
import type { Model } from "../../src/models/model-info.ts";
import { psfModelOf } from "../../src/optics/psf/optics-options.ts";
import type { RecipeInput } from "../../src/simulate/recipe.ts";
import { shippedRecipe } from "../../src/simulate/shipped-recipes.ts";
import {
  type Comparison,
  type Experiment,
  heldOut,
  imageScores,
  type Outcome,
  recordedScores,
  type Setting,
  train,
} from "./experiment.ts";

/** Thick tissue in wide field and through a confocal pinhole, for deblurring. */
const thick: RecipeInput = {
  name: "thick-deblur",
  summary: "thick tissue, wide field beside confocal",
  fields: 12,
  planes: 5,
  z_step: 2,
  specimen: { kind: "tissue" },
  optics: { na: 0.75 },
  camera: { photons: 8000, background: 50 },
  images: {
    input: { mode: "widefield" },
    target: { mode: "confocal", pinhole: 1, camera: { photons: 30000, gain: 1 } },
  },
};

export async function sectionStack(model: Model, { runtime }: Setting, stack: Stack): Promise<Stack> {
  const { depth, height, width } = stack;
  const whole = { x: 0, y: 0, height, width };
  const planes = Array.from(
    { length: depth },
    (_, z) => async (region: Region) => crop(planeOf(stack, z).data, whole, region).slice(),
  );
  const { norm_pmin, norm_pmax } = model.info;
  const normalisation = normalisationOf(stack.data, norm_pmin, norm_pmax, "stack");
  const data = new Float32Array(stack.data.length);
  const input = { width, height, planes, normalisation, pixelSize: stack.pixelSize };
  await section(model as SectionModel, runtime, input, {}, async (channel, z, y0, rows) => {
    if (channel === "section") data.set(rows, (z * height + y0) * width);
  });
  return { ...stack, data };
}

/**
 * Scores of all planes of held-out fields. Every image is brought to the ground truth by the gain and offset that fit
 * best.
 */
async function judge(
  recipe: RecipeInput,
  model: Model,
  setting: Setting,
  competitor: "hilo" | "richardson-lucy",
): Promise<Outcome> {
  const images = { ...recipe.images, ...(competitor === "hilo" && { hilo: { mode: "hilo" as const } }) };
  const examples: {
    label: string;
    truth: Plane;
    range: number;
    images: Record<"input" | "output" | "classical", Plane>;
  }[] = [];
  for (const field of await heldOut({ ...recipe, images }, 2)) {
    const { stack } = field.images.input;
    const { truth } = field.images.target;
    const output = await sectionStack(model, setting, stack);
    const classical = competitor === "hilo" ? field.images.hilo.stack : await deconvolved(stack);
    for (let z = 1; z < stack.depth - 1; z++) {
      const target = planeOf(truth, z);
      const seen = { input: planeOf(stack, z), output: planeOf(output, z), classical: planeOf(classical, z) };
      examples.push({
        label: `plane ${z}`,
        truth: target,
        range: signalRange(target),
        images: {
          input: fitIntensity(seen.input, target),
          output: fitIntensity(seen.output, target),
          classical: fitIntensity(seen.classical, target),
        },
      });
    }
  }
  const { input, output, classical } = imageScores(examples);
  const method = competitor === "hilo" ? "HiLo" : "Richardson-Lucy in 3-D, 20 iterations";
  const compare = (what: string, unit: string, key: "psnr" | "ssim"): Comparison => ({
    what,
    unit,
    better: "higher",
    output: output[key],
    input: input[key],
    classical: { method, value: classical[key] },
  });
  const middle = Math.floor(examples.length / 4);
  const rows = [examples[middle], examples[examples.length - 1 - middle]].map(({ label, truth, images: seen }) => ({
    label,
    input: seen.input,
    output: seen.output,
    truth,
  }));
  return { comparisons: [compare("PSNR", "dB", "psnr"), compare("SSIM", "", "ssim")], rows, pixelSize: 0.325 };
}

/**
 * The best recorded baselines of the same planes, smoothed or not, and brought to the ground truth like all images
 * here.
 */
async function sectionBaselines(recipe: RecipeInput): Promise<number[]> {
  const examples = [];
  for (const { images } of await heldOut(recipe, 2)) {
    const { stack } = images.input;
    for (let z = 1; z < stack.depth - 1; z++) {
      const truth = planeOf(images.target.truth, z);
      const candidates = recordedCandidates([{ plane: planeOf(stack, z), distance: 0 }]).map((one) => {
        return { ...one, image: fitIntensity(one.image, truth) };
      });
      examples.push({ truth, range: signalRange(truth), candidates });
    }
  }
  return recordedScores(examples);
}

async function deconvolved(stack: Stack): Promise<Stack> {
  const { optics, zStep, pixelSize = { y: 0.325, x: 0.325 } } = stack;
  const objective = psfModelOf({ na: optics?.na ?? 0.75, wavelength: optics?.wavelength ?? 0.52 });
  const { psf } = opticalPsf(objective, { ...stack, pixelSize, ...(zStep !== undefined && { zStep }) });
  return { ...stack, data: await richardsonLucy(stack, psf, { iterations: 20 }) };
}

const pairs = { roles: { image: "input", target: "target" } };

function sectioning(name: string, method: string, claim: string, config: Record<string, unknown> = {}): Experiment {
  const recipe = shippedRecipe("wf-to-os-sim");
  return {
    name,
    method,
    task: "wide field to section",
    data: "recipe wf-to-os-sim",
    target: "at least 6 dB over wide field, and above HiLo",
    reached: ([psnr]) => psnr.output - psnr.input >= 6 && psnr.output > (psnr.classical?.value ?? 0),
    claim,
    train: (setting) => train(setting, { experiment_name: name, method, ...config }, { recipe, ...pairs }),
    judge: (trained, setting) => judge(recipe, trained, setting, "hilo"),
    baselines: () => sectionBaselines(recipe),
  };
}

function deblurring(name: string, method: string, claim: string): Experiment {
  return {
    name,
    method,
    task: "thick tissue deblurred",
    data: "wide field to confocal, 20x/0.75",
    target: "at least 3 dB over the input, and a higher SSIM",
    reached: ([psnr, ssim]) => psnr.output - psnr.input >= 3 && ssim.output > ssim.input,
    claim,
    train: (setting) => train(setting, { experiment_name: name, method }, { recipe: thick, ...pairs }),
    judge: (trained, setting) => judge(thick, trained, setting, "richardson-lucy"),
    baselines: () => sectionBaselines(thick),
  };
}

export const sections: Experiment[] = [
  sectioning("pix2pix", "pix2pix", "none known in dB"),
  sectioning("pix2pix-3d", "pix2pix-3d", "none known in dB"),
  sectioning("sectioning-cnn", "sectioning-cnn", "14 images a second"),
  sectioning("care", "care", "none for sectioning"),
  sectioning("unet", "unet", "none for sectioning"),
  deblurring(
    "comi",
    "comi",
    "38.62 dB on Leishmania (DeblurGANv2 36.86); on nuclei its weights gave 19.95 -> 23.82 dB, SSIM 0.325 -> 0.125",
  ),
  deblurring("cycle-gan", "cycle-gan", "none for microscopy; unpaired"),
  {
    name: "self-supervised",
    method: "self-supervised",
    task: "thick tissue deblurred, trained without ground truth",
    data: "wide field alone, 20x/0.75",
    target: "better than the input",
    reached: ([psnr]) => psnr.output > psnr.input,
    claim: "none: this form is Parfocal's own",
    train: (setting) =>
      train(
        setting,
        { experiment_name: "self-supervised", method: "self-supervised" },
        { recipe: thick, roles: { image: "input" } },
      ),
    judge: (trained, setting) => judge(thick, trained, setting, "richardson-lucy"),
    baselines: () => sectionBaselines(thick),
  },
];
