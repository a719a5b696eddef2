/** Experiment of single-shot autofocus: beads on a slide through an aberrated 20x/0.8, up to 5 um out of focus. */

import { type DefocusPicture, defocusSheet } from "../../src/figures/defocus-sheet.ts";
import { planeOf, type Stack } from "../../src/image/image.ts";
import { defocusMap } from "../../src/models/apply/autofocus-apply.ts";
import { leastContent } from "../../src/models/apply/defocus-estimate.ts";
import { normalisationOf } from "../../src/models/apply/normalisation.ts";
import { crop } from "../../src/models/apply/pixel-grid.ts";
import type { Model } from "../../src/models/model-info.ts";
import type { AutofocusInfo } from "../../src/models/networks/autofocus.ts";
import type { RecipeInput } from "../../src/simulate/recipe.ts";
import { shippedRecipe } from "../../src/simulate/shipped-recipes.ts";
import { type Comparison, type Experiment, heldOut, mean, type Setting, train } from "./experiment.ts";

const slide = (objective: "beads" | "beads-aberrated"): RecipeInput => ({
  ...shippedRecipe(objective),
  specimen: { kind: "beads", beads: 150, bead_kinds: ["solid"], diameter: [0.4, 1.5], depth_range: [-0.2, 0.2] },
  z_step: 0.5,
  planes: 21,
});

/** Both objectives in turn, so that a model learns in which images the blur reveals the direction. */
const bothObjectives: RecipeInput = {
  ...slide("beads"),
  name: "slide-both-objectives",
  objectives: [
    { name: "aberrated", optics: slide("beads-aberrated").optics ?? {} },
    { name: "perfect", optics: slide("beads").optics ?? {} },
  ],
};

/** lambda n / NA^2, um */
const depthOfField = 0.52 / 0.8 ** 2;

export function autofocusModel(model: Model): Model<AutofocusInfo> {
  if (model.info.method !== "autofocus") throw new Error(`${model.info.method} where autofocus is judged`);
  return { ...model, info: model.info };
}

/** Applies the model to a single plane of a stack. */
export async function judgePlane(model: Model<AutofocusInfo>, runtime: Setting["runtime"], stack: Stack, z: number) {
  const plane = planeOf(stack, z);
  const { width, height, data } = plane;
  const box = { x: 0, y: 0, width, height };
  const normalisation = normalisationOf(data, model.info.norm_pmin, model.info.norm_pmax, "plane");
  const read = async (part: typeof box): Promise<Float32Array> => crop(data, box, part).slice();
  const found = await defocusMap(model, runtime, { width, height, read, normalisation, pixelSize: stack.pixelSize });
  return { ...found, input: plane };
}

export const autofocusing: Experiment[] = [
  {
    name: "autofocus",
    method: "autofocus",
    task: "signed distance from focus of one image",
    data: "beads on a slide, aberrated 20x/0.8 (trained with a perfect one as well), up to +-5 um",
    target: `error of an image at most a fifth of the depth of field (${(depthOfField / 5).toFixed(2)} um), sign right in 95 %`,
    reached: ([error, , sign]) => error.output <= depthOfField / 5 && sign.output >= 95,
    claim: "about 1/15 of the depth of field, 9 ms an image",
    train: (setting) =>
      train(
        setting,
        { experiment_name: "autofocus", method: "autofocus", distance_range: [-5, 5], augment_orientation: true },
        { recipe: bothObjectives },
      ),
    async judge(model: Model, { runtime }) {
      const trained = autofocusModel(model);
      const found = { whole: [] as number[], none: [] as number[], cells: [] as number[], sure: [] as number[] };
      const signs: boolean[] = [];
      const pictures: DefocusPicture[] = [];
      for (const { images, planes } of await heldOut(slide("beads-aberrated"), 3)) {
        const { stack } = images.stack;
        for (const [z, truth] of planes.entries()) {
          const { whole, cells, input } = await judgePlane(trained, runtime, stack, z);
          found.none.push(Math.abs(truth));
          found.whole.push(whole ? Math.abs(whole.defocus - truth) : Math.abs(truth));
          if (Math.abs(truth) > depthOfField / 2) signs.push(Math.sign(whole?.defocus ?? 0) === Math.sign(truth));
          const known = cells.flat().filter(({ content }) => content >= leastContent);
          for (const { defocus } of known) found.cells.push(Math.abs(defocus - truth));
          if (pictures.length < 3 && [-4, 0, 3].includes(truth)) {
            pictures.push({ label: `true distance ${truth} um`, image: input, map: { cells } });
          }
        }
      }
      const unsure: number[] = [];
      for (const { images, planes } of await heldOut(slide("beads"), 1)) {
        const { stack } = images.stack;
        for (const [z, truth] of planes.entries()) {
          if (Math.abs(truth) <= depthOfField / 2) continue;
          const { whole } = await judgePlane(trained, runtime, stack, z);
          unsure.push(100 * (whole?.directionConfidence ?? 0.5));
        }
      }
      const always = "Focus measures need a stack";
      const comparisons: Comparison[] = [
        {
          what: "mean absolute error of an image (input: always 0)",
          unit: "um",
          better: "lower",
          output: mean(found.whole),
          input: mean(found.none),
        },
        {
          what: "mean absolute error of a cell of 32 pixels",
          unit: "um",
          better: "lower",
          output: mean(found.cells),
          input: mean(found.none),
        },
        {
          what: "sign right, more than half a depth of field from focus",
          unit: "%",
          better: "higher",
          output: (100 * signs.filter(Boolean).length) / signs.length,
          input: 50,
        },
      ];
      return {
        comparisons,
        rows: [],
        picture: defocusSheet(pictures, { reach: 5, pixelSize: 0.325 }),
        notes: [
          `The depth of field is ${depthOfField.toFixed(2)} um. ${always}, so there is no classical competitor for a single image.`,
          `On images of the perfect objective, whose blur does not reveal the direction, the mean confidence of the model in the direction is ${mean(unsure).toFixed(0)} % (50 % would be right).`,
        ],
      };
    },
  },
];
