import type { z } from "zod";
import { signed } from "../../array/signed.ts";
import { methodSummaries, modelTasks } from "../../tasks/method-summaries.ts";
import type { train as task } from "../../tasks/train.ts";
import { briefly, scoreRows } from "../../tasks/training-news.ts";
import type { CommandText } from "../command.ts";
import { digits, table } from "../text.ts";

type Result = z.output<typeof task.result>;

interface Row {
  label: string;
  given?: boolean;
  psnr: number | null;
  baseline_psnr: number | null;
  gain_db: number | null;
  ssim: number;
  baseline_ssim: number;
  detail: number;
  baseline_detail: number;
  regions_worse: number;
  slope: number;
  baseline: string;
}

export const train: CommandText<Result> = {
  notes: [
    "Two-plane refocusing, the default, needs only a z-stack: the model learns to compute any plane in a range of distances from two planes of the stack. Give NA and wavelength if the file does not state them (see parfocal inspect). The two planes are then three axial units apart, lambda / (2 (n - sqrt(n^2 - NA^2))) each, and the range extends eight units beyond them, as far as the stack allows. Without NA and wavelength, both are derived from the depth of the stack. --input-offsets and --distance-range choose others.",
    "A training writes the folder OUTPUT/EXPERIMENT_NAME/version_N, which is printed at the end and is what parfocal refocus --model and parfocal study --model take. It contains the complete configuration (config.yaml), the losses (metrics.csv and TensorBoard events), checkpoints, previews, and the model.",
    "Flags override the configuration file, which overrides the defaults.",
    "If a recipe is given (a .yaml file, or a name from parfocal simulate --list), new fields are simulated throughout the training.",
    "Ctrl-C, or closing the terminal, writes a checkpoint. --resume with the same stacks continues from it, and the result is the same as without the interruption.",
    {
      title: "Methods, by task. Each has more flags, which parfocal train --method NAME --help shows:",
      rows: modelTasks.flatMap((model) =>
        methodSummaries
          .filter(({ task }) => task === model)
          .sort((a, b) => Number(b.standard) - Number(a.standard))
          .map(({ name, summary, standard }): [string, string] => [
            name,
            `${model}${standard ? " (default)" : ""}: ${summary}`,
          ]),
      ),
    },
  ],
  examples: [
    "parfocal train stack.tif --channel 1 --na 0.8 --wavelength 0.515 --max-minutes 5",
    "parfocal train stack.tif --channel 1 --input-offsets 0,2 --distance-range -4:6 --max-minutes 5",
    "parfocal train stack.tif --config config.yaml --output runs",
    "parfocal train stack.tif --config config.yaml --output runs --resume --json",
    "parfocal train stack.tif --channel 1 --find-learning-rate",
    "parfocal train review-beads-aberrated --max-minutes 5",
    "parfocal train my-recipe.yaml --set specimen.beads=30 --experiment-name sparse",
  ],
  text: (done) => (done.curve ? rates(done, done.curve) : trained(done)),
  exitCode: ({ verdict }) => (verdict?.use === false ? 3 : 0),
};

function trained({ run = "", model = "", steps, seconds, val = {}, val_groups: groups = [], ...done }: Result): string {
  type Scores = Record<string, number | null>;
  const judged = done.table !== undefined && done.verdict !== undefined;
  const lines = table([
    ["run", run],
    ["model", model],
    ["steps", `${steps} in ${seconds.toFixed(1)} s`],
    ...distances(done),
    ...(judged ? [] : scoreRows(val as Scores)),
    ...(judged || groups.length < 2
      ? []
      : groups.map(({ label, distance_um: _, ...scores }) => [String(label), briefly(scores as Scores)])),
  ]);
  const more = judged
    ? judgement(done.table as unknown as Row[], done.means as unknown as Row, String(done.verdict?.sentence))
    : "The scores are of pixels that were not used for training, with a data range of 1 of the normalised images.";
  return `${lines}\n\n${more}`;
}

/** What an image must have, and how far it can be refocused: needed to use the model. */
function distances({ input_offsets_um: planes, distance_range_um: range }: Partial<Result>): string[][] {
  const um = (positions: readonly number[], and: string): string =>
    `${positions.map((position) => digits(position)).join(and)} um`;
  return [
    ...(planes && planes.length > 1 ? [["planes", `${planes.length} input planes, at ${um(planes, " and ")}`]] : []),
    ...(range ? [["range", um(range, " to ")]] : []),
  ];
}

/** The table over distances, or parts of the depth, and the verdict. */
function judgement(rows: readonly Row[], means: Row, sentence: string): string {
  const decibels = (value: number | null): string => (value === null ? "Infinity" : value.toFixed(2));
  const cells = (row: Row): string[] => [
    decibels(row.psnr),
    decibels(row.baseline_psnr),
    row.gain_db === null ? "-" : signed(row.gain_db, 2),
    signed(row.ssim - row.baseline_ssim, 4),
    signed(row.detail - row.baseline_detail, 3),
    `${Math.round(100 * row.regions_worse)} %`,
    row.slope.toFixed(3),
  ];
  return [
    table(
      [
        ["", "PSNR", "recorded", "gain", "SSIM", "detail", "worse", "slope", "best recorded baseline"],
        ...rows.map((row) =>
          row.given
            ? [row.label, decibels(row.psnr), "", "", "", "", "", "", "a given plane"]
            : [row.label, ...cells(row), row.baseline],
        ),
        ["mean", ...cells(means), ""],
      ],
      [1, 2, 3, 4, 5, 6, 7],
    ),
    "PSNR is in dB, of pixels that were not used for training, with a data range of 1 of the normalised images. Gain, SSIM and detail are",
    "relative to the best recorded baseline: a given plane, lightly smoothed, or an interpolation. Worse: share of regions with a larger error.",
    "Slope: change of the ground truth for a change of 1 in the output.",
    "",
    sentence,
  ].join("\n");
}

/** What the search for a learning rate found: a table of the loss at some of the rates, and the one to use. */
function rates(done: Result, curve: NonNullable<Result["curve"]>): string {
  const { suggested_learning_rate: suggested = 0, lowest_loss_at: lowest = 0 } = done;
  const highest = Math.max(...curve.map(({ loss }) => loss ?? 0));
  const rows = curve.filter((_, i) => i % Math.ceil(curve.length / 20) === 0);
  const bar = (loss: number): string => "#".repeat(Math.max(1, Math.round((40 * loss) / highest)));
  return table([
    ...rows.map(({ rate, loss }) => [
      rate.toExponential(1),
      loss === null ? "not finite" : `${loss.toPrecision(3)} ${bar(loss)}`,
    ]),
    ["use", `--learning-rate ${suggested.toPrecision(2)} (the loss is lowest at ${lowest.toPrecision(2)})`],
  ]);
}
