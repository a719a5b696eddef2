/**
 * Experiments on recorded images in ../shared/data; they are left out, with a message, where that folder is absent.
 * Part of each field is used neither for training nor for validation.
 */
import { existsSync } from "node:fs";
import { runThrough } from "../../src/array/breathe.ts";
import { type DefocusPicture, defocusSheet } from "../../src/figures/defocus-sheet.ts";
import { cropStack } from "../../src/image/crop.ts";
import { type Plane, planeOf, type Stack } from "../../src/image/image.ts";
import { readStack } from "../../src/image/image-file.ts";
import { openImage } from "../../src/image/open-image.node.ts";
import { fitIntensity } from "../../src/metrics/intensity-fit.ts";
import { signalRange } from "../../src/metrics/metrics.ts";
import { recordedCandidates } from "../../src/metrics/recorded-baseline.ts";
import { registerTarget } from "../../src/metrics/unregistered.ts";
import { leastContent } from "../../src/models/apply/defocus-estimate.ts";
import { focusAt, focusSource } from "../../src/train/data/focus-labels.ts";
import { autofocusConfig } from "../../src/train/methods/autofocus.ts";
import { autofocusModel, judgePlane } from "./autofocusing.ts";
import { type Comparison, type Experiment, imageScores, mean, recordedScores, train } from "./experiment.ts";
import { byDeepZ } from "./refocusing.ts";
import { sectionStack } from "./sectioning.ts";

const data = "../shared/data";
const [mitochondria, nucleus] = [
  `${data}/dfnn_mitochondria`,
  `${data}/nucleus_confocal_widefield/xyzc_16bit__dna_conf_wf.tif`,
];

async function read(path: string, channel?: number): Promise<Stack> {
  const file = await openImage(path);
  try {
    return await readStack(file, { channel });
  } finally {
    await file.close();
  }
}

/** Rows of the mitochondria's field for training and validation, and rows for judging. */
const trained = [0, 560] as const;
export const judged = [560, 800] as const;
const pixelSize = { y: 0.1053, x: 0.1053 };
const wide = ({ width }: Stack): [number, number] => [0, width];

/** The stack, and the single exposures as a second stack, with the heights of their planes from meta.json, um. */
export async function mitochondriaStacks(): Promise<{ name: string; stack: Stack; heights: number[] }[]> {
  const stack = { ...(await read(`${mitochondria}/stack_mitochondria.tif`)), pixelSize, zStep: 0.05 };
  const single = { ...(await read(`${mitochondria}/single_mitochondria.tif`)), pixelSize, zStep: 0.1 };
  const heights = (from: number, { zStep, depth }: { zStep: number; depth: number }): number[] =>
    Array.from({ length: depth }, (_, i) => from + i * zStep);
  return [
    { name: "stack", stack, heights: heights(-0.95, stack) },
    { name: "single shots", stack: single, heights: heights(-0.7, single) },
  ];
}

const autofocusRange = [-0.95, 0.75] as const;

const experiments: Experiment[] = [
  {
    name: "autofocus-mitochondria",
    method: "autofocus",
    task: "signed distance from focus of one image",
    data: "recorded mitochondria (lattice light sheet): trained on single exposures and rows 0-464 and 528-800 of a stack, judged on rows 464-528 of the stack",
    target: "error of at most 0.10 um",
    reached: ([error]) => error.output <= 0.1,
    claim: "about 1/15 of the depth of field, 9 ms an image",
    async train(setting) {
      const [recorded, single] = await mitochondriaStacks();
      const part = (rows: [number, number]): Stack => cropStack(recorded.stack, rows, wide(recorded.stack));
      // The last sample is used for validation. Rotated patches are useful, since there are only three images of one
      // cell.
      const samples = [
        { name: "stack, rows 0 to 400", stack: part([0, 400]) },
        { name: "stack, rows 528 to 800", stack: part([528, 800]) },
        { name: "single shots", stack: single.stack },
        { name: "stack, rows 400 to 464", stack: part([400, 464]) },
      ];
      const config = {
        distance_range: [...autofocusRange],
        architecture: { distance_scale: 0.2 },
        val_split: "stack",
        patch_size: 64,
        batch_size: 16,
        augment_orientation: true,
      };
      return train(setting, { experiment_name: "autofocus-mitochondria", method: "autofocus", ...config }, { samples });
    },
    async judge(model, { runtime }) {
      const trained = autofocusModel(model);
      const config = autofocusConfig.parse({ distance_range: [...autofocusRange] });
      const comparisons: Comparison[] = [];
      const pictures: DefocusPicture[] = [];
      const cells: { error: number; always: number }[] = [];
      const signs: boolean[] = [];
      for (const { name, stack, heights } of (await mitochondriaStacks()).slice(0, 1)) {
        const part = cropStack(stack, [464, 528], wide(stack));
        const found = { output: [] as number[], input: [] as number[] };
        const source = runThrough(focusSource({ name, stack: part }, config));
        for (const [z, nominal] of heights.entries()) {
          // The stage measures from the focus of the whole cell, but this part of it has its own focus.
          const height = (z - source.focus.whole.position) * (stack.zStep ?? 1);
          const { whole, cells: map, input } = await judgePlane(trained, runtime, part, z);
          found.output.push(Math.abs((whole?.defocus ?? 0) - height));
          found.input.push(Math.abs(height));
          if (Math.abs(height) >= 0.2) signs.push(Math.sign(whole?.defocus ?? 0) === Math.sign(height));
          for (const [j, row] of map.entries()) {
            for (const [i, { defocus, content }] of row.entries()) {
              const focus = focusAt(source, 32 * j + 15.5, 32 * i + 15.5);
              if (focus === undefined || content < leastContent) continue;
              const truth = (z - focus) * (stack.zStep ?? 1);
              if (truth < autofocusRange[0] || truth > autofocusRange[1]) continue;
              cells.push({ error: Math.abs(defocus - truth), always: Math.abs(truth) });
            }
          }
          if (Math.abs(nominal + 0.6) < 1e-6 || Math.abs(nominal - 0.4) < 1e-6) {
            pictures.push({ label: `true distance ${height.toFixed(2)} um`, image: input, map: { cells: map } });
          }
        }
        const [output, input] = [mean(found.output), mean(found.input)];
        const what = `mean absolute error, ${name} (input: always 0)`;
        comparisons.push({ what, unit: "um", better: "lower", output, input });
      }
      comparisons.push({
        what: "mean absolute error of a cell of 32 pixels, against its own sharpest plane",
        unit: "um",
        better: "lower",
        output: mean(cells.map(({ error }) => error)),
        input: mean(cells.map(({ always }) => always)),
      });
      const right = (100 * signs.filter(Boolean).length) / signs.length;
      comparisons.push({
        what: "sign right, 0.2 um and more away",
        unit: "%",
        better: "higher",
        output: right,
        input: 50,
      });
      return { comparisons, rows: [], picture: defocusSheet(pictures, { reach: 0.9, pixelSize: pixelSize.x }) };
    },
  },
  {
    name: "deep-z-mitochondria",
    method: "deep-z",
    task: "refocus, two planes 0.5 um apart",
    data: "recorded mitochondria (lattice light sheet), +-0.6 um; judged on rows 560-800",
    target: "better than the input",
    reached: ([psnr]) => psnr.output > psnr.input,
    claim: "no figure in dB known",
    async train(setting) {
      const [{ name, stack }] = await mitochondriaStacks();
      const samples = [{ name, stack: cropStack(stack, trained, wide(stack)) }];
      const config = { input_offsets: [0, 0.5], distance_range: [-0.6, 0.6], train_rows: [0, 448] };
      return train(setting, { experiment_name: "deep-z-mitochondria", method: "deep-z", ...config }, { samples });
    },
    async judge(model, setting) {
      const [{ stack, heights }] = await mitochondriaStacks();
      const part = cropStack(stack, judged, wide(stack));
      const examples: { label: string; truth: Plane; range: number; images: Record<"input" | "output", Plane> }[] = [];
      for (const z of [12, 16, 20]) {
        const distances = [-0.6, -0.3, 0.3, 0.6];
        const outputs = await byDeepZ(model, setting, part, z, distances);
        for (const [i, distance] of distances.entries()) {
          const truth = planeOf(part, z + Math.round(distance / 0.05));
          const label = `${distance} um from ${heights[z].toFixed(2)} um`;
          examples.push({
            label,
            truth,
            range: signalRange(truth),
            images: { input: planeOf(part, z), output: outputs[i] },
          });
        }
      }
      const { input, output } = imageScores(examples);
      const rows = [examples[0], examples[7]].map(({ label, truth, images }) => ({ label, ...images, truth }));
      return {
        comparisons: [
          { what: "PSNR", unit: "dB", better: "higher", output: output.psnr, input: input.psnr },
          { what: "SSIM", unit: "", better: "higher", output: output.ssim, input: input.ssim },
        ],
        rows,
        pixelSize: pixelSize.x,
        notes: ["The ground truth is the recorded plane with its noise, which outputs do not have."],
      };
    },
    async baselines() {
      const [{ stack }] = await mitochondriaStacks();
      const part = cropStack(stack, judged, wide(stack));
      const examples = [12, 16, 20].flatMap((z) =>
        [-0.6, -0.3, 0.3, 0.6].map((distance) => {
          const truth = planeOf(part, z + Math.round(distance / 0.05));
          const given = [0, 0.5].map((um) => {
            return { plane: planeOf(part, z + Math.round(um / 0.05)), distance: distance - um };
          });
          return { truth, range: signalRange(truth), candidates: recordedCandidates(given) };
        }),
      );
      return recordedScores(examples);
    },
  },
  {
    name: "unet-nucleus",
    method: "unet",
    task: "wide field to confocal",
    data: "recorded nucleus, channels registered; judged on columns 66-90",
    target: "better than the input",
    reached: ([psnr]) => psnr.output > psnr.input,
    claim: "none for sectioning",
    async train(setting) {
      const { stack, target } = await nucleusPair();
      const rows: [number, number] = [0, stack.height];
      const cut = (of: Stack): Stack => cropStack(of, rows, [0, 66]);
      const samples = [{ name: "nucleus", stack: cut(stack), target: cut(target) }];
      // The published network reduces the size four times, but 34 columns only allow two times.
      const config = { architecture: { channels: [16, 32, 64] }, patch_size: 32, train_columns: [0, 50] };
      return train(setting, { experiment_name: "unet-nucleus", method: "unet", ...config }, { samples });
    },
    async judge(model, setting) {
      const { stack, target } = await nucleusPair();
      const output = await sectionStack(model, setting, stack);
      const box = ({ height }: Stack): readonly [[number, number], [number, number]] => [
        [0, height],
        [66, 90],
      ];
      const [seen, made, confocal] = [stack, output, target].map((one) => cropStack(one, ...box(one)));
      const range = signalRange({ ...confocal, height: confocal.height * confocal.depth });
      const whole = (one: Stack): Plane => ({ data: one.data, width: one.width, height: one.height * one.depth });
      const images = {
        input: fitIntensity(whole(seen), whole(confocal)),
        output: fitIntensity(whole(made), whole(confocal)),
      };
      const { input, output: scored } = imageScores([{ truth: whole(confocal), range, images }]);
      const dark = (one: Stack): number => outOfFocus(one, confocal);
      const rows = [10, 22, 34].map((z) => ({
        label: `plane ${z}`,
        input: planeOf(stack, z),
        output: planeOf(output, z),
        truth: planeOf(target, z),
      }));
      return {
        comparisons: [
          { what: "PSNR, all planes", unit: "dB", better: "higher", output: scored.psnr, input: input.psnr },
          {
            what: `light left in planes out of focus (the confocal's: ${dark(confocal).toFixed(1)} %)`,
            unit: "%",
            better: "lower",
            output: dark(made),
            input: dark(seen),
          },
        ],
        rows,
        ...(stack.pixelSize && { pixelSize: stack.pixelSize.x }),
      };
    },
  },
];

/** The wide-field and the confocal channel, registered. */
export async function nucleusPair(): Promise<{ stack: Stack; target: Stack }> {
  const [confocal, widefield] = [await read(nucleus, 0), await read(nucleus, 1)];
  const { stack, target } = registerTarget({ name: "nucleus", stack: widefield, target: confocal }).sample;
  if (!target) throw new Error("The confocal channel was lost.");
  return { stack, target };
}

/**
 * Mean light of the ten planes in which the confocal image is darkest, divided by that of its five brightest planes, %.
 * The mean of the darkest plane of the stack is subtracted from both.
 */
function outOfFocus(stack: Stack, confocal: Stack): number {
  const means = (of: Stack): number[] => Array.from({ length: of.depth }, (_, z) => mean([...planeOf(of, z).data]));
  const order = means(confocal)
    .map((value, z) => ({ value, z }))
    .sort((a, b) => a.value - b.value)
    .map(({ z }) => z);
  const own = means(stack);
  const least = Math.min(...own);
  const [low, high] = [order.slice(0, 10), order.slice(-5)].map((planes) => mean(planes.map((z) => own[z] - least)));
  return (100 * low) / high;
}

const present = existsSync(mitochondria) && existsSync(nucleus);
if (!present) console.error(`${data} does not exist, so experiments on recorded images are left out.`);

export const recorded: Experiment[] = present ? experiments : [];
