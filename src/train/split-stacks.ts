import { findNonFinite } from "../array/statistics.ts";
import { ParfocalError } from "../errors.ts";
import { cropPlanes, type Span } from "../image/crop.ts";
import type { Stack } from "../image/image.ts";
import { normalisationOf, normalise } from "../models/normalisation.ts";
import type { TrainingConfig } from "./config.ts";
import type { PairSource } from "./pairs.ts";

/** Pixels each way that SSIM needs to say something. */
const leastValidation = 16;

/** A z-stack and what it is called in messages and in the model's description. */
export interface NamedStack {
  name: string;
  stack: Stack;
}

/**
 * Checks and normalises whole stacks of one pixel size.
 * @throws calibration.missing without z step or pixel size; image.unfit for NaN, constant or too thin stacks
 */
export function pairSources(stacks: readonly NamedStack[], config: TrainingConfig): PairSource[] {
  if (stacks.length === 0) throw new ParfocalError("usage", "Training needs at least one z-stack; none was given.", {});
  const sources = stacks.map((named) => pairSource(named, config));
  const [first] = sources;
  for (const { name, pixelSize } of sources) {
    if (Math.abs(pixelSize / first.pixelSize - 1) > 0.02) {
      const detail = `${name} has pixels of ${pixelSize} um, ${first.name} of ${first.pixelSize} um`;
      throw new ParfocalError("image.unfit", `A model learns one pixel size: ${detail}; train on stacks of one kind.`, {
        path: name,
        detail,
      });
    }
  }
  return sources;
}

/**
 * Checks and normalises the stacks, and splits them into what is trained on and what is kept for validation: a region of every
 * stack, or whole stacks, never single planes (neighbouring planes show the same specimen).
 *
 * @throws what {@link pairSources} throws; usage for regions that do not fit
 */
export function splitStacks(
  stacks: readonly NamedStack[],
  config: TrainingConfig,
): { train: PairSource[]; validation: PairSource[] } {
  const sources = pairSources(stacks, config);
  if (config.val_split === "stack") {
    if (sources.length < 2) {
      throw new ParfocalError(
        "usage",
        "val_split: stack needs at least two stacks; give more, or use val_split: region.",
        {
          option: "val_split",
        },
      );
    }
    const kept = Math.min(sources.length - 1, Math.max(1, Math.round(config.val_fraction * sources.length)));
    for (const source of sources) checkHoldsPatch(source, config);
    return { train: sources.slice(0, -kept), validation: sources.slice(-kept) };
  }
  const split = sources.map((source) => splitRegion(source, config));
  return { train: split.map(({ train }) => train), validation: split.map(({ validation }) => validation) };
}

function pairSource({ name, stack }: NamedStack, config: TrainingConfig): PairSource {
  const { depth, height, width, zStep, pixelSize } = stack;
  const missing = (what: string, option: string, example: string): never => {
    throw new ParfocalError(
      "calibration.missing",
      `${name}: ${depth} planes but no ${what}; give ${option} ${example} (um).`,
      {
        path: name,
        what,
        option,
      },
    );
  };
  const unfit = (detail: string, advice: string): never => {
    throw new ParfocalError("image.unfit", `${name}: ${detail}; ${advice}.`, { path: name, detail });
  };
  if (depth < 2) unfit("a single plane", "refocusing is learnt from a z-stack of several planes");
  if (zStep === undefined) return missing("z step", "--z-step", "0.5");
  if (pixelSize === undefined) return missing("pixel size", "--pixel-size", "0.325");
  const bad = findNonFinite(stack.data);
  if (bad >= 0) {
    const plane = Math.floor(bad / (height * width));
    unfit(`plane ${plane} holds a pixel that is not a number`, "mask or replace such pixels first");
  }
  const offsets = config.input_offsets.map((offset) => {
    const planes = Math.round(offset / zStep);
    if (Math.abs(planes * zStep - offset) <= 0.25 * zStep && (offset === 0 || planes !== 0)) return planes;
    throw new ParfocalError(
      "usage",
      `${name}: no plane lies ${offset} um from another; its z step is ${zStep} um. Choose input_offsets that are multiples of it.`,
      {
        option: "input_offsets",
        got: offset,
      },
    );
  });
  const [near, far] = config.distance_range.map((distance) => distance / zStep);
  const distances: number[] = [];
  for (let d = Math.ceil(near - 1e-3); d <= Math.floor(far + 1e-3); d++) distances.push(d);
  const span = Math.max(...offsets) - Math.min(...offsets);
  const reached = (d: number): number => Math.max(d, ...offsets) - Math.min(d, ...offsets);
  if (!distances.some((d) => d !== 0)) {
    unfit(
      `its z step of ${zStep} um leaves no plane within the distance_range of ${config.distance_range.join(" to ")} um`,
      "widen distance_range",
    );
  }
  if (depth < span + 2) {
    unfit(
      `${depth} planes of ${zStep} um are too few for input planes ${span * zStep} um apart`,
      "choose smaller input_offsets",
    );
  }
  if (!distances.some((d) => d !== 0 && reached(d) < depth)) {
    unfit(
      `its ${depth} planes of ${zStep} um hold no pair at a distance_range of ${config.distance_range.join(" to ")} um`,
      "choose a distance_range that the stack spans",
    );
  }
  const normalisation = normalisationOf(stack.data, config.norm_pmin, config.norm_pmax, name);
  const data = new Float32Array(stack.data.length);
  normalise(stack.data, normalisation, data);
  return { name, data, depth, height, width, offsets, distances, zStep, pixelSize: (pixelSize.y + pixelSize.x) / 2 };
}

function splitRegion(source: PairSource, config: TrainingConfig): { train: PairSource; validation: PairSource } {
  const { name, height, width } = source;
  const { train_rows, train_columns, val_fraction, patch_size } = config;
  let rows = train_rows;
  let columns = train_columns;
  if (!rows && !columns) {
    // Along the longer side, the far end is kept: half a patch at least, so that there is something to see.
    const keep = (extent: number): number =>
      Math.max(Math.round(val_fraction * extent), Math.ceil(patch_size / 2), leastValidation);
    if (width >= height) columns = [0, width - keep(width)];
    else rows = [0, height - keep(height)];
  }
  const box = { rows: rows ?? [0, height], columns: columns ?? [0, width] };
  checkPart(source, box.rows, "height", config);
  checkPart(source, box.columns, "width", config);
  const train = crop(source, box.rows, box.columns);
  // What is kept is the larger rest beside the training part, along the axis that was cut.
  const [r, c] = [largerRest(box.rows, height), largerRest(box.columns, width)];
  const byRows = (r[1] - r[0]) * width >= (c[1] - c[0]) * height;
  const rest = byRows ? crop(source, r, [0, width]) : crop(source, [0, height], c);
  if (rest.height < leastValidation || rest.width < leastValidation) {
    throw new ParfocalError(
      "usage",
      `${name}: the training part leaves ${rest.height} x ${rest.width} pixels for validation; at least ${leastValidation} are needed each way.`,
      {
        option: "train_columns",
      },
    );
  }
  return { train, validation: rest };
}

/** @throws usage for a source smaller than a patch */
export function checkHoldsPatch(source: PairSource, config: TrainingConfig): void {
  checkPart(source, [0, source.height], "height", config);
  checkPart(source, [0, source.width], "width", config);
}

/** Throws usage unless rows or columns `start` to `end` lie in the stack and a patch fits into them. */
function checkPart(
  source: PairSource,
  [start, end]: readonly number[],
  side: "height" | "width",
  { patch_size }: TrainingConfig,
): void {
  if (start < end && end <= source[side] && end - start >= patch_size) return;
  const { name, height, width } = source;
  const option = side === "height" ? "train_rows" : "train_columns";
  throw new ParfocalError(
    "usage",
    `${name} (${height} rows, ${width} columns): ${option} ${start} to ${end} does not hold a patch of ${patch_size} pixels; choose a larger part or a smaller patch_size.`,
    { option, got: [start, end] },
  );
}

function largerRest([start, end]: readonly number[], extent: number): [number, number] {
  return start > extent - end ? [0, start] : [end, extent];
}

function crop(source: PairSource, rows: Span, columns: Span): PairSource {
  const data = cropPlanes(source.data, source, rows, columns);
  return { ...source, data, height: rows[1] - rows[0], width: columns[1] - columns[0] };
}
