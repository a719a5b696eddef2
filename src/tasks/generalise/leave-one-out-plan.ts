/**
 * Plans leave-one-out: for each objective, specimen, stack or slide a model that is trained without it, and judged on all
 * data. This file decides which model is trained on which data, and when a model counts as generalising. The gains are
 * measured elsewhere and come in as numbers.
 */
import { meanOfKnown } from "../../array/mean-of-known.ts";

/** What can be left out: objectives and specimens of a recipe, or recorded stacks and slides. */
export const leaveOneOutKinds = ["objective", "specimen", "stack", "slide"] as const;

/** Data on which models are judged: an objective with a specimen, or a stack. */
export interface JudgedData {
  name: string;
  /** The groups that it belongs to, by kind: `{ objective: "20x-0.75", specimen: "beads" }`, `{ stack: "a" }`. */
  groups: Readonly<Record<string, string>>;
}

/** A model of the experiment. */
export interface PlannedModel {
  /** Name of the model and of its folder: "without-beads", "all". */
  name: string;
  /** What is left out of its training; absent for the model that is trained on everything. */
  leftOut?: { kind: string; value: string };
}

/**
 * Plans one model that is trained on everything, and for each value of each kind one that is trained without it. The
 * model on everything is trained first, so that unsuitable data are found at once.
 */
export function leaveOneOut(data: readonly JudgedData[], kinds: readonly string[]): PlannedModel[] {
  const left = kinds.flatMap((kind) =>
    [...new Set(data.map(({ groups }) => groups[kind]))].map((value) => ({ kind, value })),
  );
  return [{ name: "all" }, ...folderNames(left).map((name, i) => ({ name, leftOut: left[i] }))];
}

/**
 * Unique names that can be used for folders: "without-beads", or "without-specimen-beads" where an objective has the same
 * name.
 */
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

/** Whether the training of a model included data of these groups. */
export const isSeen = ({ leftOut }: PlannedModel, { groups }: JudgedData): boolean =>
  leftOut === undefined || groups[leftOut.kind] !== leftOut.value;

/** The gains of a model on one data set over the best recorded baseline; undefined where nothing could be scored. */
export interface Gain {
  model: string;
  data: string;
  seen: boolean;
  /**
   * PSNR of the outputs minus that of the best recorded baseline, dB; mean over the planes out of focus and within
   * range.
   */
  gain_db: number | undefined;
  /** The same for SSIM and for detail. */
  gain_ssim: number | undefined;
  gain_detail: number | undefined;
  /** PSNR of the outputs minus that of the first input plane, unchanged, dB. */
  gain_over_input_db: number | undefined;
  /** Share of the excess width of blurred structures that is removed; 1 is as sharp as in focus. */
  width_recovered: number | undefined;
}

/**
 * Thresholds from which a model counts as generalising. They apply to the gain over the best recorded baseline, or over
 * resampling only where images are resampled to the pixel size of the model, which averages noise.
 */
export const generalisationThresholds = {
  /** The gain on left-out data must be above this, dB. */
  min_gain_db: 0,
  /** It must also be at least this share of the gain of the models that had these data in training. */
  min_share_kept: 0.5,
} as const;

/** Whether models generalise to one value that was left out, or on average over all values of a kind. */
export interface GeneralisationSummary {
  kind: string;
  /** Absent for the mean over all values of a kind. */
  value?: string;
  /** Gain of the model without these data in training, dB over the best recorded baseline. */
  left_out_db: number | undefined;
  /** Mean gain on the same data of the models that had them in training, dB. */
  seen_db: number | undefined;
  /** Lowest and highest gain of those models, dB. */
  seen_range_db: [number, number] | undefined;
  /** Gain on the same data of resampling only, dB; 0 where it is negative or where no resampling is needed. */
  resampling_db: number | undefined;
  /** Gain of the model without these data on all data that it was trained on, dB. */
  elsewhere_db: number | undefined;
  /** The loss by leaving the data out, dB: seen_db - left_out_db. */
  drop_db: number | undefined;
  /** (left_out_db - resampling_db) / (seen_db - resampling_db), where the latter is above 0. */
  share_kept: number | undefined;
  /**
   * Undefined where the data cannot tell: models with these data in training gain nothing either, or nothing could be
   * scored.
   */
  generalises: boolean | undefined;
}

/**
 * Summarises the gains for each value that was left out, and for each kind the mean over its values. Models with and
 * without the data in training are compared on the same data, since data differ in how much can be gained.
 *
 * @param resampling gain of resampling only, dB, by name of the data; by default no resampling is needed
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
    const trainedWith = plan.filter((other) => unseen.some((one) => isSeen(other, one)));
    const each = trainedWith.map((other) =>
      meanOfKnown(unseen.filter((one) => isSeen(other, one)).map((one) => gainOf(other, one))),
    );
    const known = each.filter((mean) => mean !== undefined);
    // Averaged for each data set first, since with several kinds left out the number of models with these data in
    // training differs.
    const seen = unseen.map((one) =>
      meanOfKnown(plan.filter((other) => isSeen(other, one)).map((other) => gainOf(other, one))),
    );
    return [
      judged({
        ...leftOut,
        left_out_db: meanOfKnown(unseen.map((one) => gainOf(model, one))),
        seen_db: meanOfKnown(seen),
        seen_range_db: known.length === 0 ? undefined : [Math.min(...known), Math.max(...known)],
        resampling_db: meanOfKnown(
          unseen.map(({ name }) => Math.max(0, (Object.hasOwn(resampling, name) ? resampling[name] : undefined) ?? 0)),
        ),
        elsewhere_db: meanOfKnown(data.filter((one) => isSeen(model, one)).map((one) => gainOf(model, one))),
      }),
    ];
  });
  const kinds = [...new Set(items.map(({ kind }) => kind))];
  const overall = kinds.map((kind): GeneralisationSummary => {
    const own = items.filter((item) => item.kind === kind);
    const mean = (key: "left_out_db" | "seen_db" | "resampling_db" | "elsewhere_db"): number | undefined =>
      meanOfKnown(own.map((item) => item[key]));
    const ranges = own.flatMap(({ seen_range_db: range }) => (range ? [...range] : []));
    return judged({
      kind,
      left_out_db: mean("left_out_db"),
      seen_db: mean("seen_db"),
      seen_range_db: ranges.length === 0 ? undefined : [Math.min(...ranges), Math.max(...ranges)],
      resampling_db: mean("resampling_db"),
      elsewhere_db: mean("elsewhere_db"),
    });
  });
  return [...items, ...overall];
}

type Measured = Omit<GeneralisationSummary, "drop_db" | "share_kept" | "generalises">;

function judged(measured: Measured): GeneralisationSummary {
  const { left_out_db: left, seen_db: seen, resampling_db: without = 0 } = measured;
  if (left === undefined || seen === undefined) {
    return { ...measured, drop_db: undefined, share_kept: undefined, generalises: undefined };
  }
  const { min_gain_db, min_share_kept } = generalisationThresholds;
  const share = seen > without ? (left - without) / (seen - without) : undefined;
  const generalises = share === undefined ? undefined : left - without > min_gain_db && share >= min_share_kept;
  return { ...measured, drop_db: seen - left, share_kept: share, generalises };
}
