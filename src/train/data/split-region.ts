/**
 * Splits a recorded field into regions for training and for validation. Planes are never split, since neighbouring
 * planes show the same specimen.
 */
import { ParfocalError } from "../../errors.ts";
import type { Span } from "../../image/crop.ts";
import type { CommonConfig } from "../common-config.ts";

/** Minimum side of the validation region, pixels, as SSIM needs. */
const minValidationSide = 16;

/** Rows and columns of a part of a field, each from the first to before the end. */
export interface Box {
  rows: Span;
  columns: Span;
}

/** A field with its name for messages. */
export interface NamedField {
  name: string;
  height: number;
  width: number;
}

/**
 * The training region is that of `train_rows` and `train_columns`, or all but the far end of the longer side. The
 * validation region is the largest rectangle beside it.
 * @throws usage for a region outside the field, one that is smaller than a patch, or one that leaves too little for
 *   validation
 */
export function splitField(field: NamedField, config: CommonConfig): { train: Box; validation: Box } {
  const { name, height, width } = field;
  const { train_rows, train_columns, val_fraction, patch_size } = config;
  let rows = train_rows;
  let columns = train_columns;
  if (!rows && !columns) {
    // Validation gets at least half a patch, so that it contains some structure.
    const keep = (extent: number): number =>
      Math.max(Math.round(val_fraction * extent), Math.ceil(patch_size / 2), minValidationSide);
    if (width >= height) columns = [0, width - keep(width)];
    else rows = [0, height - keep(height)];
  }
  const train: Box = { rows: rows ?? [0, height], columns: columns ?? [0, width] };
  checkPart(field, train.rows, "height", config);
  checkPart(field, train.columns, "width", config);
  const [r, c] = [largerRest(train.rows, height), largerRest(train.columns, width)];
  const byRows = (r[1] - r[0]) * width >= (c[1] - c[0]) * height;
  const validation: Box = byRows ? { rows: r, columns: [0, width] } : { rows: [0, height], columns: c };
  const [left, across] = [validation.rows, validation.columns].map(([start, end]) => end - start);
  if (left >= minValidationSide && across >= minValidationSide) return { train, validation };
  throw new ParfocalError(
    "usage",
    `${name}: the training region leaves ${left} x ${across} pixels for validation, but at least ${minValidationSide} x ${minValidationSide} are needed.`,
    { option: "train_columns" },
  );
}

/** @throws usage for a field smaller than a patch */
export function checkHoldsPatch(field: NamedField, config: Pick<CommonConfig, "patch_size">): void {
  checkPart(field, [0, field.height], "height", config);
  checkPart(field, [0, field.width], "width", config);
}

/**
 * The number of stacks that are held out for validation under `val_split: stack`; these are the last ones.
 * @throws usage for a single stack
 */
export function keptStacks(count: number, { val_fraction }: CommonConfig): number {
  if (count < 2) {
    const message = "val_split: stack needs at least two stacks. Give more stacks, or use val_split: region.";
    throw new ParfocalError("usage", message, { option: "val_split" });
  }
  return Math.min(count - 1, Math.max(1, Math.round(val_fraction * count)));
}

function checkPart(
  { name, height, width }: NamedField,
  [start, end]: readonly number[],
  side: "height" | "width",
  { patch_size }: Pick<CommonConfig, "patch_size">,
): void {
  const extent = side === "height" ? height : width;
  if (start < end && end <= extent && end - start >= patch_size) return;
  const option = side === "height" ? "train_rows" : "train_columns";
  throw new ParfocalError(
    "usage",
    `${name} (${height} rows, ${width} columns): ${option} ${start} to ${end} is too small for a patch of ${patch_size} pixels. Choose a larger region or a smaller patch_size.`,
    { option, got: [start, end] },
  );
}

function largerRest([start, end]: readonly number[], extent: number): [number, number] {
  return start > extent - end ? [0, start] : [end, extent];
}
