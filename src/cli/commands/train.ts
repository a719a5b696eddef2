import type { z } from "zod";
import { signed } from "../../array/signed.ts";
import { methodSummaries } from "../../tasks/method-summaries.ts";
import type { train as task } from "../../tasks/train.ts";
import { briefly, scoreRows } from "../../tasks/training-news.ts";
import type { CommandText } from "../command.ts";
import { table } from "../text.ts";

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
    "A flag wins over the configuration file, and the file over the default. The whole configuration is saved with the run, in OUTPUT/EXPERIMENT_NAME/version_N: config.yaml, metrics.csv, TensorBoard events, checkpoints, previews, model.",
    "Of a recipe (a .yaml file, or a name that parfocal simulate --list shows), new fields are simulated while the training goes on.",
    "Methods that refocus are given two planes, three axial units of the optics apart (lambda / (2 (n - sqrt(n^2 - NA^2)))), and learn eight units beyond them; where NA and wavelength are not known, by the depth of the stack. --input-offsets and --distance-range choose others.",
    "Ctrl-C, or a closed terminal, writes a checkpoint, and --resume continues from it, with the same stacks: the result is the same as without the interruption. One training at a time writes into a run.",
    "Exit code 3: the model is trained and saved, and is not better than what was recorded already.",
    [
      'Methods, each with flags of its own: "parfocal train --method NAME --help".',
      ...methodSummaries.map(({ name, task: model, summary }) => `  ${name.padEnd(16)} ${model.padEnd(10)} ${summary}`),
    ].join("\n"),
  ],
  examples: [
    "parfocal train stack.tif --channel 1 --na 0.8 --wavelength 0.515 --max-minutes 5",
    "parfocal train stack.tif --channel 1 --input-offsets 0,2 --distance-range=-4:6 --max-minutes 5",
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
    ...(judged ? [] : scoreRows(val as Scores)),
    ...(judged || groups.length < 2
      ? []
      : groups.map(({ label, distance_um: _, ...scores }) => [String(label), briefly(scores as Scores)])),
  ]);
  const more = judged
    ? judgement(done.table as unknown as Row[], done.means as unknown as Row, String(done.verdict?.sentence))
    : "On pixels that were kept from training; data range 1 of the normalised images.";
  return `${lines}\n\n${more}`;
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
        ["", "PSNR", "recorded", "gain", "SSIM", "detail", "worse", "slope", "the best of what was recorded"],
        ...rows.map((row) =>
          row.given
            ? [row.label, decibels(row.psnr), "", "", "", "", "", "", "a given plane"]
            : [row.label, ...cells(row), row.baseline],
        ),
        ["mean", ...cells(means), ""],
      ],
      [1, 2, 3, 4, 5, 6, 7],
    ),
    "PSNR in dB, data range 1 of the normalised images, on pixels that were kept from training. Gain, SSIM and detail are over the best",
    "recorded baseline: each given plane, lightly smoothed, or their interpolation. Worse: regions with a larger error than it.",
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
