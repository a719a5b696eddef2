/** The page, the table and the pictures of leave-one-out. */
import { stringify } from "yaml";
import { gainMatrix, signedGain } from "../../figures/gain-matrix.ts";
import { contrastOf, pictureGrid } from "../../figures/picture-grid.ts";
import { type ReportSection, renderReport, type VerdictTable } from "../../figures/report.ts";
import type { GainExample } from "../../study/gain-over-baseline.ts";
import {
  type Gain,
  type GeneralisationSummary,
  generalisationThresholds,
  type JudgedData,
  type PlannedModel,
} from "./leave-one-out-plan.ts";
import type { StackKind } from "./leave-one-out-source.ts";

/** Stands for data that a model never saw. */
export const unseenMark = "\u2605";

/** What is known of a model of the experiment. */
export interface GeneralisationModel extends PlannedModel {
  trained_on: string[];
  /** Its run's folder, from that of the page. */
  run: string;
  /** After which its weights validated best. */
  steps: number;
  /** That it trained in all. */
  trained_steps: number | undefined;
  seconds: number | undefined;
  reused: boolean;
}

/** A cell of the matrix, with what it rests on. */
export interface JudgedGain extends Gain {
  images: number;
  planes: number;
  /** Of the untouched first plane. */
  input: { psnr: number; ssim: number } | undefined;
  output: { psnr: number; ssim: number } | undefined;
  /** The best of the given planes, lightly smoothed or interpolated. */
  baseline: { psnr: number; ssim: number } | undefined;
}

export interface GeneralisationPage {
  subtitle: string;
  kinds: readonly string[];
  /** How judged data were kept from training, in words. */
  apart: string;
  models: readonly GeneralisationModel[];
  gains: readonly Gain[];
  /** Of images on other pixels than the model's, what resampling alone gains. */
  resampled: readonly Gain[];
  summary: readonly GeneralisationSummary[];
  pictures: readonly { model: PlannedModel; svg: string }[];
  /** Versions, configuration, data: what is needed to repeat it. */
  record: object;
  warnings: readonly string[];
}

type MatrixKey = "gain_db" | "gain_ssim" | "gain_detail" | "gain_over_input_db" | "width_recovered";

/** One HTML file, as text: pictures are inside. */
export function generalisationPage(page: GeneralisationPage): string {
  const { kinds, apart, models, gains, resampled, summary, pictures, record, warnings, subtitle } = page;
  const { least_gain_db, least_share } = generalisationThresholds;
  const matrix = (key: MatrixKey, caption: string, digits: number, unit = "") =>
    gainMatrix(
      [...gains, ...resampled].map(({ model, data, seen, ...values }) => {
        return { model, data, value: values[key], mark: seen ? undefined : unseenMark };
      }),
      { caption: `${caption} ${unseenMark} marks data whose like the model never saw.`, digits, unit },
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
        `Gains are PSNR of outputs minus that of the best recorded baseline, means over planes out of focus and within range. The baseline is the best of the planes that the model was given, each as it is or lightly smoothed, and of their interpolation. Never seen: by the model ` +
        `from whose training the ${kinds.join(" or ")} was left out. Seen: on the same data, by the models that saw their like (mean; in brackets lowest to highest). ` +
        "Without: what is had without a model, where resampling to the model's pixels and back averages noise; elsewhere 0 dB, the baseline. " +
        `A model is said to generalise where it gains more than ${least_gain_db} dB beyond that on what it never saw, and at least ${100 * least_share} % of what models gain beyond it there that saw it. ` +
        `Where those gain nothing, the data cannot tell.\n\n${apart}`,
    },
    { kind: "warnings", items: warnings },
    { kind: "heading", text: "Every model on all data" },
    matrix("gain_db", "Gain in PSNR over the best recorded baseline.", 1, " dB"),
    matrix("gain_ssim", "Gain in SSIM over the best recorded baseline.", 3),
    matrix("gain_detail", "Gain in detail over the best recorded baseline: PSNR without it is smoothing.", 3),
    matrix(
      "gain_over_input_db",
      "Gain in PSNR over the untouched first plane, which flatters models of several planes.",
      1,
      " dB",
    ),
    ...(anyWidth
      ? [
          matrix(
            "width_recovered",
            "Share of the excess width of blurred structures that is taken away: 1 as sharp as in focus, 0 unchanged.",
            2,
          ),
        ]
      : []),
    { kind: "heading", text: "What it looks like" },
    ...pictures.map(({ model: { leftOut, name }, svg }): ReportSection => {
      const what = leftOut ? `${leftOut.kind} ${leftOut.value}` : name;
      return {
        kind: "picture",
        svg,
        alt: `Examples of ${what}`,
        caption: `The ${what}, of which the second column's model has seen nothing.`,
      };
    }),
    { kind: "heading", text: "The models" },
    {
      kind: "table",
      caption:
        "All are of one configuration and one seed, and train as many steps; only their data differ. Of the steps those are taken after which a model validated best.",
      columns: ["model", "never saw", "trained on", "steps", "seconds", "run"],
      rows: models.map(({ name, leftOut, trained_on, steps, trained_steps = steps, seconds, run, reused }) => [
        name,
        leftOut ? `${leftOut.kind} ${leftOut.value}` : "",
        trained_on.join("; "),
        trained_steps === steps ? steps : `${steps} of ${trained_steps}`,
        seconds === undefined ? "" : Math.round(seconds),
        `${run}${reused ? " (was there)" : ""}`,
      ]),
    },
    { kind: "configuration", caption: "How to repeat this", text: stringify(record) },
  ];
  return renderReport({ title: `Does it hold on another ${kinds.join(" or ")}?`, subtitle, sections });
}

const decibels = (value: number | undefined): string =>
  value === undefined ? "unknown" : `${signedGain(value, 1)} dB`;

/**
 * The answer in a sentence or two.
 * @param mean over all of a kind
 * @param summary of everything that was left out
 */
export function inWords(mean: GeneralisationSummary, summary: readonly GeneralisationSummary[]): string {
  const { kind, left_out_db, seen_db, without_db = 0, drop_db, generalises } = mean;
  // A mean of yes can hide a no.
  const failed = summary.filter((one) => one.kind === kind && one.value !== undefined && one.generalises === false);
  const but = failed.length === 0 ? "" : `, but not for ${failed.map(({ value }) => value).join(", ")}`;
  const answer = generalises === undefined ? "The data cannot tell" : generalises ? `Yes${but}` : "No";
  const cost = drop_db === undefined ? "" : `: ${decibels(-drop_db)} for not having seen it`;
  return `On another ${kind}? ${answer}. Mean gain ${decibels(left_out_db)} where the ${kind} was never seen, ${decibels(seen_db)} where it was${cost}${without_db > 0 ? `; ${decibels(without_db)} by resampling alone` : ""}.`;
}

function summaryTable(summary: readonly GeneralisationSummary[]): VerdictTable {
  return {
    kind: "verdicts",
    caption: "What was left out, one at a time.",
    questions: ["never seen", "seen", "the same model elsewhere", "share kept", "generalises"],
    rows: summary.map(
      ({ kind, value, seen_range_db, without_db = 0, drop_db = 0, share_kept, generalises, ...mean }) => {
        const gain = (db: number | undefined, more = "", least = 0) =>
          db === undefined ? undefined : { text: `${decibels(db)}${more}`, good: db > least };
        const range = seen_range_db && ` (${seen_range_db.map((db) => signedGain(db, 1)).join(" to ")})`;
        return {
          label: value === undefined ? `all ${plural(kind)}, mean` : `${kind} ${value}`,
          answers: [
            gain(mean.left_out_db, without_db > 0 ? ` (${decibels(without_db)} without)` : "", without_db),
            gain(mean.seen_db, range, without_db),
            gain(mean.elsewhere_db),
            share_kept === undefined
              ? undefined
              : {
                  text: `${Math.round(100 * share_kept)} % (${decibels(-drop_db)})`,
                  good: share_kept >= generalisationThresholds.least_share,
                },
            { text: generalises === undefined ? "cannot tell" : generalises ? "yes" : "no", good: generalises },
          ],
        };
      },
    ),
  };
}

export const plural = (kind: string): string => (kind === "objective" ? "objectives" : `${kind}s`);

/** One of the data that were left out, by two models. */
export interface ExampleRow {
  name: string;
  groups: JudgedData["groups"];
  never: GainExample;
  all: GainExample;
}

/** Rows that are shown at most. */
const mostRows = 6;

/** Input, both outputs and target of each; undefined where there is nothing to be shown. */
export function examplesPicture(
  { leftOut }: PlannedModel,
  rows: readonly ExampleRow[],
  kinds: readonly StackKind[],
): string | undefined {
  if (rows.length === 0 || leftOut === undefined) return undefined;
  const shown = rows.slice(0, mostRows);
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
      columns: ["input", "never saw it", "saw everything", "ground truth"],
      note: "PSNR of the whole plane, one of those that the means are over; details around the place with most structure. One contrast in each row.",
      // A scale bar would hold for its own row only, where objectives differ.
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
