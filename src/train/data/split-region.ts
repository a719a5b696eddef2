/**
 * Which part of a recorded field trains and which validates: regions, never planes, since neighbouring planes show the
 * same specimen.
 */
import { ParfocalError } from "../../errors.ts";
import type { Span } from "../../image/crop.ts";
import type { CommonConfig } from "../common-config.ts";

/** Pixels each way that SSIM needs to say something. */
const leastValidation = 16;

/** Rows and columns of a field, each from the first to before the last. */
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
 * The configuration's `train_rows` and `train_columns`, or all but the far end of the longer side; and the larger rest
 * beside them.
 * @throws usage for a part outside the field, one that holds no patch, or one that leaves too little
 */
export function splitField(field: NamedField, config: CommonConfig): { train: Box; validation: Box } {
  const { name, height, width } = field;
  const { train_rows, train_columns, val_fraction, patch_size } = config;
  let rows = train_rows;
  let columns = train_columns;
  if (!rows && !columns) {
    // Half a patch at least, so that there is something to see.
    const keep = (extent: number): number =>
      Math.max(Math.round(val_fraction * extent), Math.ceil(patch_size / 2), leastValidation);
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
  if (left >= leastValidation && across >= leastValidation) return { train, validation };
  throw new ParfocalError(
    "usage",
    `${name}: the training part leaves ${left} x ${across} pixels for validation; at least ${leastValidation} are needed each way.`,
    { option: "train_columns" },
  );
}

/** @throws usage for a field smaller than a patch */
export function checkHoldsPatch(field: NamedField, config: Pick<CommonConfig, "patch_size">): void {
  checkPart(field, [0, field.height], "height", config);
  checkPart(field, [0, field.width], "width", config);
}

/**
 * How many of several stacks validate under `val_split: stack`: the last ones.
 * @throws usage for a single stack
 */
export function keptStacks(count: number, { val_fraction }: CommonConfig): number {
  if (count < 2) {
    const message = "val_split: stack needs at least two stacks; give more, or use val_split: region.";
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
    `${name} (${height} rows, ${width} columns): ${option} ${start} to ${end} does not hold a patch of ${patch_size} pixels; choose a larger part or a smaller patch_size.`,
    { option, got: [start, end] },
  );
}

function largerRest([start, end]: readonly number[], extent: number): [number, number] {
  return start > extent - end ? [0, start] : [end, extent];
}
