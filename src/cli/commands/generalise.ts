import type { z } from "zod";
import type { generalise as task } from "../../tasks/generalise.ts";
import type { CommandText } from "../command.ts";
import { table } from "../text.ts";

type Result = z.output<typeof task.result>;

interface Summary {
  kind: string;
  /** Absent for the mean over all values of a kind. */
  value?: string;
  left_out_db: number | null;
  seen_db: number | null;
  resampling_db: number | null;
  share_kept: number | null;
  generalises: boolean | null;
}

export const generalise: CommandText<Result> = {
  notes: [
    "Each objective or specimen of a recipe is left out of the training in turn. For stacks, it is each stack or, with --slides, each slide. One more model is trained on everything. All models are then tested on fields, or parts of the stacks, that none of them was trained on. The report has a matrix of gains for every model and test set (PSNR, SSIM and detail over the best recorded baseline, which is a given plane, lightly smoothed or interpolated, and the change in width), and a verdict.",
    "Images with different pixel sizes are resampled to the largest; --model-pixel-size chooses another. For deep-z, input planes and distances are chosen so that every stack allows them; --input-offsets and --distance-range choose others. --max-minutes limits the training of the first model, and the others are trained for the same number of steps.",
    "Ctrl-C keeps the models that are trained, and the same command continues from there. The models are in OUTPUT/runs.",
  ],
  examples: [
    "parfocal generalise cross-objective --leave-out objective --max-minutes 5 -o across-objectives",
    "parfocal generalise cross-objective --leave-out objective,specimen --config config.yaml -o across --json",
    "parfocal generalise a.tif b.tif c.tif --leave-out stack --max-minutes 5 -o across-stacks",
    "parfocal generalise a.tif b.tif c.tif --slides old,old,new --leave-out slide -o across-slides",
  ],
  text({ report, summary, gains, models, seconds }) {
    const data = [...new Set(gains.map((gain) => String(gain.data)))];
    const cell = (model: string, name: string): string => {
      const found = gains.find((gain) => gain.model === model && gain.data === name);
      return `${inDecibels(found?.gain_db)}${found?.seen === false ? "*" : " "}`;
    };
    const names = models.map(({ name }) => String(name));
    return [
      "Gain in PSNR over the best recorded baseline (the given planes, lightly smoothed or interpolated), dB. * marks what the model was not trained on:",
      table(
        [["", ...data], ...names.map((name) => [name, ...data.map((one) => cell(name, one))])],
        data.map((_, i) => i + 1),
      ),
      table(
        [
          ["left out", "left-out data", "training data", "resampling", "share kept", "generalises"],
          ...(summary as unknown as Summary[]).map((one) => [
            one.value === undefined ? `every ${one.kind}, mean` : `${one.kind} ${one.value}`,
            inDecibels(one.left_out_db),
            inDecibels(one.seen_db),
            inDecibels(one.resampling_db),
            one.share_kept === null ? "-" : `${Math.round(100 * one.share_kept)} %`,
            one.generalises === null ? "cannot tell" : one.generalises ? "yes" : "no",
          ]),
        ],
        [1, 2, 3, 4],
      ),
      table([
        ["report", report],
        ["took", `${seconds.toFixed(1)} s`],
      ]),
    ].join("\n\n");
  },
};

const inDecibels = (value: unknown): string =>
  typeof value === "number" ? `${value > 0 ? "+" : ""}${value.toFixed(1)}` : "-";
