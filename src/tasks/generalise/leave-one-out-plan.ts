/**
 * Leave-one-out: for each objective, specimen or stack a model that never saw it, judged on everything. Who is trained on what, what that
 * says of how far a model holds, and when it is called to generalise. The judging itself is elsewhere: gains come in as numbers.
 */
import { meanOfKnown } from "../../array/mean-of-known.ts";

/** What can be left out: of recipes the first two, of recorded stacks the others. */
export const leaveOneOutKinds = ["objective", "specimen", "stack", "slide"] as const;

/** Data that models are judged on: an objective with a specimen, or a stack. */
export interface JudgedData {
  name: string;
  /** What it belongs to, by kind: `{ objective: "20x-0.75", specimen: "beads" }`, `{ stack: "a" }`. */
  groups: Readonly<Record<string, string>>;
}

/** A model of the experiment. */
export interface PlannedModel {
  /** Also of its folder: "without-beads", "all". */
  name: string;
  /** What it never sees; absent for the model that is trained on everything. */
  leftOut?: { kind: string; value: string };
}

/**
 * One model for everything, and one for each value of each kind that never sees it. The first sees all, so that data which cannot be
 * trained on are found out at once.
 */
export function leaveOneOut(data: readonly JudgedData[], kinds: readonly string[]): PlannedModel[] {
  const left = kinds.flatMap((kind) =>
    [...new Set(data.map(({ groups }) => groups[kind]))].map((value) => ({ kind, value })),
  );
  return [{ name: "all" }, ...folderNames(left).map((name, i) => ({ name, leftOut: left[i] }))];
}

/** Names that may be folders, all different: "without-beads", or "without-specimen-beads" where an objective has the same name. */
function folderNames(left: readonly { kind: string; value: string }[]): string[] {
  const safe = (text: string): string => text.replace(/[^\w.-]+/g, "-");
  const count = (text: string): number => left.filter(({ value }) => safe(value) === text).length;
  const names = left.map(({ kind, value }) => {
    const text = safe(value);
    return `without-${count(text) > 1 ? `${kind}-` : ""}${text}`;
  });
  return names.map((name, i) => {
    const before = names.slice(0, i).filter((one) => one === name).length;
    return before === 0 ? name : `${name}-${before + 1}`;
  });
}

/** Whether a model was trained on data of this kind. */
export const isSeen = ({ leftOut }: PlannedModel, { groups }: JudgedData): boolean =>
  leftOut === undefined || groups[leftOut.kind] !== leftOut.value;

/** What a model gains on some data over the best recorded baseline; undefined where nothing could be scored. */
export interface Gain {
  model: string;
  data: string;
  seen: boolean;
  /** PSNR of outputs minus that of the best of the given planes, smoothed or interpolated, dB; means over the planes out of focus and within range. */
  gain_db: number | undefined;
  /** The same of SSIM, and of detail. */
  gain_ssim: number | undefined;
  gain_detail: number | undefined;
  /** PSNR of outputs minus that of the untouched first plane, dB. */
  gain_over_input_db: number | undefined;
  /** Share of the excess width of blurred structures that is taken away, 1 as sharp as in focus. */
  width_recovered: number | undefined;
}

/**
 * From these on a model is said to generalise. What counts is what it gains beyond doing without: beyond the best recorded baseline, and where images are
 * resampled to the model's pixels, beyond resampling alone, which averages noise.
 */
export const generalisationThresholds = {
  /** What is gained beyond that on data never seen must be above this, dB. */
  least_gain_db: 0,
  /** And at least this share of what is gained beyond it on the same data by models that have seen their like. */
  least_share: 0.5,
} as const;

/** How far it holds for one thing that was left out, or for all of them. */
export interface GeneralisationSummary {
  kind: string;
  /** Absent for the mean over all of a kind. */
  value?: string;
  /** On what was left out, by the model that never saw it, dB over the best recorded baseline. */
  left_out_db: number | undefined;
  /** On the same data, by the models that saw their like: mean over those models. */
  seen_db: number | undefined;
  /** The lowest and highest of those models. */
  seen_range_db: [number, number] | undefined;
  /** On the same data, without any model: what resampling alone gains over the baseline, or 0 where that loses or is not needed. */
  without_db: number | undefined;
  /** By the model that never saw it, on all that it did see. */
  elsewhere_db: number | undefined;
  /** What not having seen it costs, dB: seen minus left out. */
  drop_db: number | undefined;
  /** (left_out_db - without_db) / (seen_db - without_db), where the latter is above 0. */
  share_kept: number | undefined;
  /** Undefined where the data cannot tell: models that saw their like gain nothing either, or nothing could be scored. */
  generalises: boolean | undefined;
}

/**
 * For each thing left out, and for each kind the mean of its values. Seen and not seen are compared on the same data, since data differ in how
 * much there is to be gained.
 *
 * @param resampling gain of resampling alone, dB, by the names of data; default none is needed
 */
export function summariseGains(
  plan: readonly PlannedModel[],
  data: readonly JudgedData[],
  gains: readonly Pick<Gain, "model" | "data" | "gain_db">[],
  resampling: Readonly<Record<string, number | undefined>> = {},
): GeneralisationSummary[] {
  const gainOf = (model: PlannedModel, { name }: JudgedData): number | undefined =>
    gains.find((gain) => gain.model === model.name && gain.data === name)?.gain_db;
  const items = plan.flatMap((model): GeneralisationSummary[] => {
    const { leftOut } = model;
    if (leftOut === undefined) return [];
    const unseen = data.filter((one) => !isSeen(model, one));
    const witnesses = plan.filter((other) => unseen.some((one) => isSeen(other, one)));
    const each = witnesses.map((other) =>
      meanOfKnown(unseen.filter((one) => isSeen(other, one)).map((one) => gainOf(other, one))),
    );
    const known = each.filter((mean) => mean !== undefined);
    // By data first: with several kinds left out, not all data have as many models that saw their like.
    const seen = unseen.map((one) =>
      meanOfKnown(plan.filter((other) => isSeen(other, one)).map((other) => gainOf(other, one))),
    );
    return [
      judged({
        ...leftOut,
        left_out_db: meanOfKnown(unseen.map((one) => gainOf(model, one))),
        seen_db: meanOfKnown(seen),
        seen_range_db: known.length === 0 ? undefined : [Math.min(...known), Math.max(...known)],
        without_db: meanOfKnown(
          unseen.map(({ name }) => Math.max(0, (Object.hasOwn(resampling, name) ? resampling[name] : undefined) ?? 0)),
        ),
        elsewhere_db: meanOfKnown(data.filter((one) => isSeen(model, one)).map((one) => gainOf(model, one))),
      }),
    ];
  });
  const kinds = [...new Set(items.map(({ kind }) => kind))];
  const overall = kinds.map((kind): GeneralisationSummary => {
    const own = items.filter((item) => item.kind === kind);
    const mean = (key: "left_out_db" | "seen_db" | "without_db" | "elsewhere_db"): number | undefined =>
      meanOfKnown(own.map((item) => item[key]));
    const ranges = own.flatMap(({ seen_range_db: range }) => (range ? [...range] : []));
    return judged({
      kind,
      left_out_db: mean("left_out_db"),
      seen_db: mean("seen_db"),
      seen_range_db: ranges.length === 0 ? undefined : [Math.min(...ranges), Math.max(...ranges)],
      without_db: mean("without_db"),
      elsewhere_db: mean("elsewhere_db"),
    });
  });
  return [...items, ...overall];
}

type Measured = Omit<GeneralisationSummary, "drop_db" | "share_kept" | "generalises">;

function judged(measured: Measured): GeneralisationSummary {
  const { left_out_db: left, seen_db: seen, without_db: without = 0 } = measured;
  if (left === undefined || seen === undefined) {
    return { ...measured, drop_db: undefined, share_kept: undefined, generalises: undefined };
  }
  const { least_gain_db, least_share } = generalisationThresholds;
  const share = seen > without ? (left - without) / (seen - without) : undefined;
  const generalises = share === undefined ? undefined : left - without > least_gain_db && share >= least_share;
  return { ...measured, drop_db: seen - left, share_kept: share, generalises };
}
