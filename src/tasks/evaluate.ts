import { z } from "zod";
import { ParfocalError } from "../errors.ts";
import { writeWhole } from "../image/storage.ts";
import { givenStacks } from "../metrics/given-stacks.ts";
import { type Comparison, compareStacks } from "../study/compare-stacks.ts";
import { comparisonSheet } from "../study/comparison-sheet.ts";
import { readComparable } from "../study/read-comparable.ts";
import { force, imageInput, imageSource, option, otherInput } from "./options.ts";
import { plain, warnings } from "./results.ts";
import { defineTask, type TaskContext } from "./task.ts";
import { withImages } from "./with-images.ts";

const options = z.strictObject({
  image: imageInput("the output of a model or of a classical method"),
  truth: otherInput("the ground truth"),
  input: option(z.array(z.string()).optional(), "recorded input of the model; repeat it for several planes", {
    role: "input",
    placeholder: "image",
  }),
  input_planes: option(
    z.array(z.int().nonnegative()).min(1).optional(),
    "numbers of the planes of the input stack that the model was given, from 0",
    { placeholder: "planes" },
  ),
  distances: option(
    z.array(z.number()).min(1).optional(),
    "distances in um from the first input plane to the planes of the output, such as -2,2",
    { unit: "um", placeholder: "list" },
  ),
  data_range: option(
    z.union([z.enum(["signal", "type"]), z.number().positive()]).optional(),
    "data range for PSNR and SSIM: signal (range of the ground truth between its percentiles 0.1 and 99.9), type (255 or 65535), or a number of counts",
    { default_in_words: "signal", placeholder: "range" },
  ),
  sheet: option(
    z.string().optional(),
    "where to write a picture of input, output, ground truth and difference; needs `input`",
    {
      role: "output",
      placeholder: "png",
    },
  ),
  force,
  ...imageSource,
});

type Options = z.output<typeof options>;

const figures = z.record(z.string(), z.unknown());

/** Scores an output against its ground truth, and compares it with the recorded input. */
export const evaluate = defineTask({
  options,
  result: z.strictObject({
    output: figures.describe("scores of the output: psnr, ssim, ms_ssim, nrmse, pearson"),
    input: figures.nullable().describe("scores of the first input"),
    perfect_planes: figures,
    baseline: figures.nullable().describe("the best that was recorded, lightly smoothed or interpolated"),
    detail: figures,
    psnr_noise_free: figures,
    gain_over_baseline: figures.nullable(),
    better_than_baseline: figures.nullable(),
    sentence: z.string().nullable().describe("what the scores say together"),
    data_range: z.number(),
    data_range_of: z.string(),
    ssim_window: z.string(),
    planes: z.array(figures),
    sheet: z.string().optional(),
    warnings,
  }),
  async run(given, context) {
    const { storage, signal } = context;
    const { sheet, force, input: paths = [], input_planes: inputPlanes, distances } = given;
    if (sheet !== undefined) await checkSheet(sheet, given, context);
    if (paths.length === 0) refuseWithoutInput(given);
    return withImages([given.image, given.truth, ...paths], given, context, async (files) => {
      const [output, truth, ...read] = await readComparable(files, given, signal);
      const inputs = givenStacks(read, truth, { inputPlanes, distances });
      const found = await compareStacks(
        { output, truth, inputs },
        {
          dataRange: given.data_range,
          signal,
          onProgress: (progress) => context.onProgress({ ...progress, unit: "planes compared" }),
        },
      );
      if (sheet !== undefined && inputs.length > 0) {
        const [{ stack: input }] = inputs;
        const png = await context.drawPng(comparisonSheet({ output, truth, input }, found));
        await writeWhole(storage, sheet, png, { force });
      }
      for (const warning of found.warnings) context.warn(warning);
      return plain({ ...describe(found), sheet });
    });
  },
});

function refuseWithoutInput(given: Options): void {
  for (const option of ["input_planes", "distances"] as const) {
    if (given[option] === undefined) continue;
    const message = `\`${option}\` places the planes of an input; give \`input\` as well.`;
    throw new ParfocalError("usage", message, { option, got: given[option] });
  }
}

async function checkSheet(sheet: string, { input, force }: Options, { storage }: TaskContext): Promise<void> {
  const wrong = (sentence: string) => new ParfocalError("usage", sentence, { option: "sheet", got: sheet });
  if (input === undefined) throw wrong("`sheet` shows the input beside the output; give `input` as well.");
  if (!/\.png$/i.test(sheet)) throw wrong(`\`sheet\` is written as PNG; got ${sheet}, give a name that ends in .png.`);
  await storage.checkOutput(sheet, force);
}

function describe(found: Comparison) {
  const { output, input, detail, baseline, gain, againstBaseline: against, planes } = found;
  return {
    output,
    input: input ?? null,
    perfect_planes: found.perfectPlanes,
    baseline: baseline ?? null,
    detail: { output: detail.output, input: detail.input ?? null },
    psnr_noise_free: noiseFreeOf(found),
    gain_over_baseline: gain ?? null,
    better_than_baseline: against ? { psnr: against.betterInPsnr, detail: against.betterInDetail } : null,
    sentence: against?.sentence ?? null,
    data_range: found.dataRange,
    data_range_of: found.dataRangeOf,
    ssim_window: found.ssimWindow,
    planes: planes.map(({ psnrNoiseFree, ...one }) => ({ ...one, psnr_noise_free: noiseFreeOf({ psnrNoiseFree }) })),
  };
}

function noiseFreeOf({ psnrNoiseFree: { output, input, baseline } }: Pick<Comparison, "psnrNoiseFree">) {
  return { output: output ?? null, input: input ?? null, baseline: baseline ?? null };
}
