/** The page, the table and the pictures of leave-one-out. */
import { stringify } from "yaml";
import { gainMatrix, signedGain } from "../../figures/gain-matrix.ts";
import { contrastOf, pictureGrid } from "../../figures/picture-grid.ts";
import { type ReportSection, renderReport, type VerdictTable } from "../../figures/report.ts";
import type { GainExample } from "../../study/gain-over-baseline.ts";
import type { Warning } from "../../warning.ts";
import {
  type Gain,
  type GeneralisationSummary,
  generalisationThresholds,
  type JudgedData,
  type PlannedModel,
} from "./leave-one-out-plan.ts";
import type { StackKind } from "./leave-one-out-source.ts";

/** Marks data that were left out of the training of a model. */
const unseenMark = "\u2605";

/** A model of the experiment, with its training. */
export interface GeneralisationModel extends PlannedModel {
  trained_on: string[];
  /** Folder of its run, relative to that of the page. */
  run: string;
  /** Number of steps after which its weights validated best. */
  steps: number;
  /** Number of steps that it was trained in total. */
  trained_steps: number | undefined;
  seconds: number | undefined;
  reused: boolean;
}

/** A cell of the matrix, with the scores behind it. */
export interface JudgedGain extends Gain {
  images: number;
  planes: number;
  /** Scores of the first input plane, unchanged. */
  input: { psnr: number; ssim: number } | undefined;
  output: { psnr: number; ssim: number } | undefined;
  /** Scores of the best recorded baseline. */
  baseline: { psnr: number; ssim: number } | undefined;
}

export interface GeneralisationPage {
  subtitle: string;
  kinds: readonly string[];
  /** How judged data were kept apart from training data, in a sentence. */
  apart: string;
  models: readonly GeneralisationModel[];
  gains: readonly Gain[];
  /** Gains of resampling only, for images with another pixel size than the models. */
  resampled: readonly Gain[];
  summary: readonly GeneralisationSummary[];
  pictures: readonly { model: PlannedModel; svg: string }[];
  /** All that is needed to repeat the experiment: version, configuration and data. */
  record: object;
  warnings: readonly Warning[];
}

type MatrixKey = "gain_db" | "gain_ssim" | "gain_detail" | "gain_over_input_db" | "width_recovered";

/** Returns one HTML file as text. The pictures are embedded. */
export function generalisationPage(page: GeneralisationPage): string {
  const { kinds, apart, models, gains, resampled, summary, pictures, record, warnings, subtitle } = page;
  const { min_gain_db, min_share_kept } = generalisationThresholds;
  const matrix = (key: MatrixKey, caption: string, digits: number, unit = "") =>
    gainMatrix(
      [...gains, ...resampled].map(({ model, data, seen, ...values }) => {
        return { model, data, value: values[key], mark: seen ? undefined : unseenMark };
      }),
      { caption: `${caption} ${unseenMark} marks data that were left out of the training of the model.`, digits, unit },
    );
  const anyWidth = gains.some(({ width_recovered }) => width_recovered !== undefined);
  const sections: ReportSection[] = [
    {
      kind: "paragraph",
      text: summary
        .filter(({ value }) => value === undefined)
        .map((mean) => inWords(mean, summary))
        .join(" "),
    },
    summaryTable(summary),
    {
      kind: "paragraph",
      text:
        "A gain is the PSNR of the outputs minus that of the best recorded baseline, averaged over the planes out of focus and within range. The best recorded baseline is the best image without a model: an input plane, smoothed or not, or the interpolation between the input planes. " +
        `Left out is the gain of the model that was trained without this ${kinds.join(" or ")}. In training is the gain of the models that were trained with it, on the same data (mean, and lowest to highest in brackets). ` +
        "Resampling only is the gain without a model if the image is just resampled to the pixel size of the model and back, which averages noise; it is 0 dB where no resampling is needed. " +
        `A model counts as generalising if on the left-out data it gains more than ${min_gain_db} dB over resampling only, and at least ${100 * min_share_kept} % of the gain of the models that had these data in training. ` +
        `If those models gain nothing either, the data cannot tell.\n\n${apart}`,
    },
    { kind: "warnings", items: warnings.map(({ text }) => text) },
    { kind: "heading", text: "Gains of every model on all data" },
    matrix("gain_db", "Gain in PSNR over the best recorded baseline.", 1, " dB"),
    matrix("gain_ssim", "Gain in SSIM over the best recorded baseline.", 3),
    matrix(
      "gain_detail",
      "Gain in detail over the best recorded baseline. A gain in PSNR without a gain in detail is only smoothing.",
      3,
    ),
    matrix(
      "gain_over_input_db",
      "Gain in PSNR over the first input plane, unchanged. This is not a fair comparison for models with several input planes.",
      1,
      " dB",
    ),
    ...(anyWidth
      ? [
          matrix(
            "width_recovered",
            "Share of the excess width of blurred structures that is removed: 1 is as sharp as in focus, 0 is unchanged.",
            2,
          ),
        ]
      : []),
    { kind: "heading", text: "Example images" },
    ...pictures.map(({ model: { leftOut, name }, svg }): ReportSection => {
      const what = leftOut ? `${leftOut.kind} ${leftOut.value}` : name;
      return {
        kind: "picture",
        svg,
        alt: `Examples of ${what}`,
        caption: `Examples for ${what}. The model of the second column was trained without it.`,
      };
    }),
    { kind: "heading", text: "The models" },
    {
      kind: "table",
      caption:
        "All models have the same configuration, the same seed and the same number of training steps; only their training data differ. The weights with the best validation score are used.",
      columns: ["model", "left out", "trained on", "steps", "seconds", "run"],
      rows: models.map(({ name, leftOut, trained_on, steps, trained_steps = steps, seconds, run, reused }) => [
        name,
        leftOut ? `${leftOut.kind} ${leftOut.value}` : "",
        trained_on.join("; "),
        trained_steps === steps ? steps : `${steps} of ${trained_steps}`,
        seconds === undefined ? "" : Math.round(seconds),
        `${run}${reused ? " (reused)" : ""}`,
      ]),
    },
    { kind: "configuration", caption: "How to repeat this experiment", text: stringify(record) },
  ];
  return renderReport({ title: `Do the models generalise to another ${kinds.join(" or ")}?`, subtitle, sections });
}

const decibels = (value: number | undefined): string =>
  value === undefined ? "unknown" : `${signedGain(value, 1)} dB`;

/**
 * The answer in a few sentences.
 * @param mean over all values of a kind
 * @param summary of everything that was left out
 */
export function inWords(mean: GeneralisationSummary, summary: readonly GeneralisationSummary[]): string {
  const { kind, left_out_db, seen_db, resampling_db = 0, drop_db, generalises } = mean;
  // The mean may generalise although single values do not.
  const failed = summary.filter((one) => one.kind === kind && one.value !== undefined && one.generalises === false);
  const but = failed.length === 0 ? "" : `, but not for ${failed.map(({ value }) => value).join(", ")}`;
  const answer = generalises === undefined ? "The data cannot tell" : generalises ? `Yes${but}` : "No";
  const cost = drop_db === undefined ? "" : ` The difference is ${decibels(-drop_db)}.`;
  const resampling = resampling_db > 0 ? ` Resampling only gains ${decibels(resampling_db)}.` : "";
  return `Do the models generalise to another ${kind}? ${answer}. The mean gain is ${decibels(left_out_db)} if the ${kind} was left out of training, and ${decibels(seen_db)} if it was in training.${cost}${resampling}`;
}

function summaryTable(summary: readonly GeneralisationSummary[]): VerdictTable {
  return {
    kind: "verdicts",
    caption: "Results for everything that was left out, one at a time.",
    questions: ["left out", "in training", "same model on its training data", "share of gain kept", "generalises"],
    rows: summary.map(
      ({ kind, value, seen_range_db, resampling_db = 0, drop_db = 0, share_kept, generalises, ...mean }) => {
        const gain = (db: number | undefined, more = "", least = 0) =>
          db === undefined ? undefined : { text: `${decibels(db)}${more}`, good: db > least };
        const range = seen_range_db && ` (${seen_range_db.map((db) => signedGain(db, 1)).join(" to ")})`;
        return {
          label: value === undefined ? `mean of all ${plural(kind)}` : `${kind} ${value}`,
          answers: [
            gain(
              mean.left_out_db,
              resampling_db > 0 ? ` (${decibels(resampling_db)} by resampling only)` : "",
              resampling_db,
            ),
            gain(mean.seen_db, range, resampling_db),
            gain(mean.elsewhere_db),
            share_kept === undefined
              ? undefined
              : {
                  text: `${Math.round(100 * share_kept)} % (${decibels(-drop_db)})`,
                  good: share_kept >= generalisationThresholds.min_share_kept,
                },
            { text: generalises === undefined ? "cannot tell" : generalises ? "yes" : "no", good: generalises },
          ],
        };
      },
    ),
  };
}

const plural = (kind: string): string => (kind === "objective" ? "objectives" : `${kind}s`);

/** Examples of one left-out data set, from two models. */
export interface ExampleRow {
  name: string;
  groups: JudgedData["groups"];
  never: GainExample;
  all: GainExample;
}

/** Largest number of rows. */
const maxRows = 6;

/** Draws input, both outputs and target of each example; undefined where there are none. */
export function examplesPicture(
  { leftOut }: PlannedModel,
  rows: readonly ExampleRow[],
  kinds: readonly StackKind[],
): string | undefined {
  if (rows.length === 0 || leftOut === undefined) return undefined;
  const shown = rows.slice(0, maxRows);
  const sizes = new Set(shown.map(({ groups }) => pixelSizeOf(groups, kinds)));
  const [pixelSize] = sizes;
  return pictureGrid(
    shown.map(({ name, never, all }) => {
      const contrast = contrastOf(never.target);
      const dB = (psnr: number): string => `PSNR ${psnr.toFixed(1)} dB`;
      return {
        label: `${name}${never.distance === 0 ? "" : `\n${signedGain(never.distance, 2)} um`}`,
        cells: [
          {
            plane: never.input,
            contrast,
            caption: `${dB(never.psnr.input)}; baseline ${never.psnr.baseline.toFixed(1)}`,
          },
          { plane: never.output, contrast, caption: dB(never.psnr.output) },
          { plane: all.output, contrast, caption: dB(all.psnr.output) },
          { plane: never.target, contrast },
        ],
      };
    }),
    {
      title: `${leftOut.kind} ${leftOut.value}`,
      columns: ["input", "trained without it", "trained on everything", "ground truth"],
      note: "Each row shows a detail of one plane, around the place with most structure, with one contrast. PSNR is that of the whole plane.",
      // Without a scale bar if the pixel sizes of the rows differ.
      ...(sizes.size === 1 && { pixelSize }),
    },
  );
}

function pixelSizeOf(groups: JudgedData["groups"], kinds: readonly StackKind[]): number | undefined {
  const name = groups.stack ?? groups.objective;
  return (kinds.find((kind) => kind.name === name) ?? (kinds.length === 1 ? kinds[0] : undefined))?.pixelSize;
}

/** One line for each model and data set. */
export function gainsCsv(
  data: readonly JudgedData[],
  models: readonly GeneralisationModel[],
  gains: readonly JudgedGain[],
): string {
  const kinds = [...new Set(data.flatMap(({ groups }) => Object.keys(groups)))];
  const text = (value: string | undefined): string => `"${(value ?? "").replaceAll('"', '""')}"`;
  const number = (value: number | undefined): string | number => value ?? "";
  const head = [
    ...["model", "left_out_kind", "left_out", "data", ...kinds, "seen", "images", "planes"],
    ...["input_psnr", "output_psnr", "gain_db", "input_ssim", "output_ssim", "gain_ssim", "width_recovered"],
    ...["baseline_psnr", "baseline_ssim", "gain_detail", "gain_over_input_db"],
  ];
  const rows = gains.map((gain) => {
    const { leftOut } = models.find(({ name }) => name === gain.model) ?? {};
    const { groups = {} } = data.find(({ name }) => name === gain.data) ?? {};
    return [
      ...[gain.model, leftOut?.kind, leftOut?.value, gain.data, ...kinds.map((kind) => groups[kind])].map(text),
      ...[gain.seen ? 1 : 0, gain.images, gain.planes],
      ...[gain.input?.psnr, gain.output?.psnr, gain.gain_db].map(number),
      ...[gain.input?.ssim, gain.output?.ssim, gain.gain_ssim, gain.width_recovered].map(number),
      ...[gain.baseline?.psnr, gain.baseline?.ssim, gain.gain_detail, gain.gain_over_input_db].map(number),
    ].join(",");
  });
  return `${[head.join(","), ...rows].join("\n")}\n`;
}
