import { sameShape } from "../../array/shape.ts";
import type { PadMode } from "../attributes.ts";
import type { Value } from "../value.ts";

/** Joins values along an axis. */
export const concat = (values: readonly Value[], axis: number): Value =>
  values.length === 1 ? values[0] : values[0].graph.add("Concat", values, { axis });

/** One range of a {@link slice}: from `start` up to, not including, `end`, every `step`-th (negative: backwards). */
export interface Range {
  axis: number;
  start: number;
  end: number;
  step?: number;
}

/** A part of a value. With a negative step, `end` -1 means "up to and including the first". */
export function slice(x: Value, ranges: readonly Range[]): Value {
  const awkward = ranges.filter((range) => !runsOnWebGpu(range, x.shape[range.axis]));
  if (awkward.length === 0) {
    return x.graph.add("Slice", [x], {
      axes: ranges.map((range) => range.axis),
      starts: ranges.map((range) => range.start),
      ends: ranges.map((range) => range.end),
      steps: ranges.map((range) => range.step ?? 1),
    });
  }
  // The same elements forwards, reversed as a whole, and then every second, third, ... of them.
  const others = ranges.filter((range) => !awkward.includes(range));
  const forwards = awkward.map(({ axis, start, end }) => ({ axis, start: end + 1, end: start + 1 }));
  const reversed = flip(
    slice(x, [...others, ...forwards]),
    awkward.map(({ axis }) => axis),
  );
  const sparse = awkward.filter(({ step = 1 }) => step < -1);
  if (sparse.length === 0) return reversed;
  return slice(
    reversed,
    sparse.map(({ axis, step = 1 }) => ({ axis, start: 0, end: reversed.shape[axis], step: -step })),
  );
}

/**
 * Backwards, WebGPU in ONNX Runtime 1.30 starts at the last element, whatever `start` says, and counts steps wrongly.
 */
export const runsOnWebGpu = ({ start, step = 1 }: Omit<Range, "axis">, extent: number): boolean =>
  step > 0 || (step === -1 && start === extent - 1);

/** Pads with `before` and `after` elements on every axis. "reflect" mirrors without repeating the border pixel. */
export const pad = (
  x: Value,
  before: readonly number[],
  after: readonly number[],
  mode: PadMode = "constant",
  value = 0,
): Value => x.graph.add("Pad", [x], { mode, pads: [...before, ...after], value });

export const transpose = (x: Value, perm: readonly number[]): Value => x.graph.add("Transpose", [x], { perm });
export const reshape = (x: Value, shape: readonly number[]): Value =>
  sameShape(x.shape, shape) ? x : x.graph.add("Reshape", [x], { shape });
/** Repeats axes of extent 1. */
export const expand = (x: Value, shape: readonly number[]): Value =>
  sameShape(x.shape, shape) ? x : x.graph.add("Expand", [x], { shape });

/**
 * `[n, b b c, h, w] -> [n, c, b h, b w]`: channel (row, column, k) becomes a pixel of channel k in every b x b block.
 */
export const depthToSpace = (x: Value, blocksize: number): Value => x.graph.add("DepthToSpace", [x], { blocksize });

/** Reverses axes. */
export const flip = (x: Value, axes: readonly number[]): Value =>
  slice(
    x,
    axes.map((axis) => ({ axis, start: x.shape[axis] - 1, end: -1, step: -1 })),
  );

/** Puts `step - 1` zeros between neighbours along an axis: n elements become (n - 1) step + 1. */
export function insertZeros(x: Value, axis: number, step: number): Value {
  if (step === 1 || x.shape[axis] === 1) return x;
  const split = [...x.shape.slice(0, axis + 1), 1, ...x.shape.slice(axis + 1)];
  const zeros = split.map((_, i) => (i === axis + 1 ? step - 1 : 0));
  const spread = pad(
    reshape(x, split),
    split.map(() => 0),
    zeros,
  );
  const merged = x.shape.map((extent, i) => (i === axis ? extent * step : extent));
  return slice(reshape(spread, merged), [{ axis, start: 0, end: (x.shape[axis] - 1) * step + 1 }]);
}
