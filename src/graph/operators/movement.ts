import { broadcastShapes, broadcastStrides, forEachIndex, sameShape, sizeOf, stridesOf } from "../../array/shape.ts";
import type { PadMode } from "../attributes.ts";
import type { Value } from "../graph.ts";
import { invalid, type OperatorTable, tensor } from "../operator.ts";
import { add, sumTo } from "./elementwise.ts";

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
const runsOnWebGpu = ({ start, step = 1 }: Omit<Range, "axis">, extent: number): boolean =>
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

function sliceExtent(start: number, end: number, step: number): number {
  return Math.max(0, Math.ceil((end - start) / step));
}

/** Source index of padded position `i` (counted from the first original element), or -1 for the constant. */
function padSource(i: number, extent: number, mode: PadMode): number {
  if (i >= 0 && i < extent) return i;
  if (mode === "constant") return -1;
  if (mode === "edge") return i < 0 ? 0 : extent - 1;
  const period = 2 * (extent - 1);
  const folded = period === 0 ? 0 : ((i % period) + period) % period;
  return folded < extent ? folded : period - folded;
}

type Movement = "Concat" | "Slice" | "Pad" | "Transpose" | "Reshape" | "Expand" | "DepthToSpace";

export const movement: Pick<OperatorTable, Movement> = {
  Concat: {
    infer(inputs, { axis }) {
      const [first] = inputs;
      if (axis < 0 || axis >= first.shape.length) invalid("Concat", `axis ${axis} of shape [${first.shape}]`);
      for (const { shape } of inputs) {
        if (shape.length !== first.shape.length || shape.some((n, i) => i !== axis && n !== first.shape[i])) {
          invalid("Concat", `shapes [${first.shape}] and [${shape}] differ outside axis ${axis}`);
        }
      }
      const total = inputs.reduce((sum, { shape }) => sum + shape[axis], 0);
      return { type: first.type, shape: first.shape.map((n, i) => (i === axis ? total : n)) };
    },
    gradient({ inputs, attributes: { axis }, dy, needed }) {
      let start = 0;
      return inputs.map((input, i) => {
        const end = start + input.shape[axis];
        const part = needed[i] ? slice(dy, [{ axis, start, end }]) : undefined;
        start = end;
        return part;
      });
    },
    evaluate(inputs, { axis }) {
      const shape = [...inputs[0].shape];
      shape[axis] = inputs.reduce((sum, input) => sum + input.shape[axis], 0);
      const out = new Float32Array(sizeOf(shape));
      const outer = sizeOf(shape.slice(0, axis));
      const inner = sizeOf(shape.slice(axis + 1));
      let offset = 0;
      for (const input of inputs) {
        const run = input.shape[axis] * inner;
        for (let o = 0; o < outer; o++) {
          out.set(input.data.subarray(o * run, (o + 1) * run), o * shape[axis] * inner + offset);
        }
        offset += run;
      }
      return tensor(out, shape);
    },
  },
  Slice: {
    infer([x], { starts, ends, axes, steps }) {
      const shape = [...x.shape];
      axes.forEach((axis, i) => {
        const [start, end, step, extent] = [starts[i], ends[i], steps[i], x.shape[axis]];
        const inside = start >= 0 && start < extent && end >= -1 && end <= extent;
        if (axis < 0 || axis >= shape.length || axes.indexOf(axis) !== i || step === 0 || !inside) {
          invalid("Slice", `${start}:${end}:${step} of axis ${axis} of shape [${x.shape}]`);
        }
        if (!runsOnWebGpu({ start, end, step }, extent)) {
          invalid(
            "Slice",
            `${start}:${end}:${step} of an axis of ${extent}; backwards only by 1 and from the last element`,
          );
        }
        shape[axis] = sliceExtent(start, end, step);
        if (shape[axis] === 0) invalid("Slice", `${start}:${end}:${step} of axis ${axis} is empty`);
      });
      return { type: x.type, shape };
    },
    // The gradient goes back to where the slice was cut; zeros elsewhere. A strided slice first gets its gaps back.
    gradient({ inputs: [x], attributes: { starts, axes, steps }, dy, needed }) {
      if (!needed[0]) return [undefined];
      const before = x.shape.map(() => 0);
      const after = x.shape.map(() => 0);
      let spread = dy;
      axes.forEach((axis, i) => {
        const [step, extent] = [steps[i], dy.shape[axis]];
        if (step < 0) spread = flip(spread, [axis]);
        spread = insertZeros(spread, axis, Math.abs(step));
        before[axis] = step > 0 ? starts[i] : starts[i] + (extent - 1) * step;
        after[axis] = x.shape[axis] - before[axis] - spread.shape[axis];
      });
      return [before.some((n) => n > 0) || after.some((n) => n > 0) ? pad(spread, before, after) : spread];
    },
    evaluate([x], { starts, ends, axes, steps }) {
      const shape = [...x.shape];
      const strides = stridesOf(x.shape);
      let origin = 0;
      axes.forEach((axis, i) => {
        shape[axis] = sliceExtent(starts[i], ends[i], steps[i]);
        origin += starts[i] * strides[axis];
        strides[axis] *= steps[i];
      });
      const out = new Float32Array(sizeOf(shape));
      forEachIndex(shape, (index, flat) => {
        out[flat] = x.data[index.reduce((sum, at, i) => sum + at * strides[i], origin)];
      });
      return tensor(out, shape);
    },
  },
  Pad: {
    infer([x], { mode, pads }) {
      const rank = x.shape.length;
      if (pads.length !== 2 * rank || pads.some((n) => n < 0)) invalid("Pad", `pads [${pads}] for shape [${x.shape}]`);
      x.shape.forEach((extent, i) => {
        if (mode === "reflect" && Math.max(pads[i], pads[rank + i]) >= extent) {
          invalid("Pad", `reflecting ${Math.max(pads[i], pads[rank + i])} of an axis of ${extent}`);
        }
      });
      return { type: x.type, shape: x.shape.map((extent, i) => extent + pads[i] + pads[rank + i]) };
    },
    gradient({ inputs: [x], attributes: { mode, pads }, dy, needed }) {
      if (!needed[0]) return [undefined];
      const rank = x.shape.length;
      let folded = dy;
      for (let axis = 0; axis < rank; axis++) {
        folded = unpad(folded, axis, x.shape[axis], pads[axis], pads[rank + axis], mode);
      }
      return [folded];
    },
    evaluate([x], { mode, pads, value }) {
      const rank = x.shape.length;
      const shape = x.shape.map((extent, i) => extent + pads[i] + pads[rank + i]);
      const strides = stridesOf(x.shape);
      const out = new Float32Array(sizeOf(shape));
      forEachIndex(shape, (index, flat) => {
        let at = 0;
        for (let i = 0; i < rank; i++) {
          const source = padSource(index[i] - pads[i], x.shape[i], mode);
          if (source < 0) {
            out[flat] = value;
            return;
          }
          at += source * strides[i];
        }
        out[flat] = x.data[at];
      });
      return tensor(out, shape);
    },
  },
  Transpose: {
    infer([x], { perm }) {
      const sorted = [...perm].sort((a, b) => a - b);
      if (perm.length !== x.shape.length || sorted.some((axis, i) => axis !== i)) {
        invalid("Transpose", `[${perm}] is no permutation of the axes of [${x.shape}]`);
      }
      return { type: x.type, shape: perm.map((axis) => x.shape[axis]) };
    },
    gradient({ attributes: { perm }, dy, needed }) {
      const inverse = perm.map((_, axis) => perm.indexOf(axis));
      return [needed[0] ? transpose(dy, inverse) : undefined];
    },
    evaluate([x], { perm }) {
      const shape = perm.map((axis) => x.shape[axis]);
      const own = stridesOf(x.shape);
      const strides = perm.map((axis) => own[axis]);
      const out = new Float32Array(x.data.length);
      forEachIndex(shape, (index, flat) => {
        out[flat] = x.data[index.reduce((sum, at, i) => sum + at * strides[i], 0)];
      });
      return tensor(out, shape);
    },
  },
  Reshape: {
    infer([x], { shape }) {
      if (sizeOf(shape) !== sizeOf(x.shape)) invalid("Reshape", `[${x.shape}] to [${shape}]`);
      return { type: x.type, shape };
    },
    gradient: ({ inputs: [x], dy, needed }) => [needed[0] ? reshape(dy, x.shape) : undefined],
    evaluate: ([x], { shape }) => ({ ...x, shape }),
  },
  DepthToSpace: {
    infer([x], { blocksize: b }) {
      const [n, c, h, w] = x.shape;
      if (x.shape.length !== 4 || c % (b * b) !== 0) invalid("DepthToSpace", `blocks of ${b} from [${x.shape}]`);
      return { type: x.type, shape: [n, c / (b * b), h * b, w * b] };
    },
    gradient({ inputs: [x], attributes: { blocksize: b }, dy, needed }) {
      if (!needed[0]) return [undefined];
      const [n, c, h, w] = x.shape;
      const split = reshape(dy, [n, c / (b * b), h, b, w, b]);
      return [reshape(transpose(split, [0, 3, 5, 1, 2, 4]), x.shape)];
    },
    evaluate([x], { blocksize: b }) {
      const [n, channels, h, w] = x.shape;
      const c = channels / (b * b);
      const shape = [n, c, h * b, w * b];
      const out = new Float32Array(x.data.length);
      forEachIndex(shape, ([i, k, row, column], flat) => {
        const block = (row % b) * b + (column % b);
        out[flat] = x.data[((i * channels + block * c + k) * h + Math.floor(row / b)) * w + Math.floor(column / b)];
      });
      return tensor(out, shape);
    },
  },
  Expand: {
    infer([x], { shape }) {
      const target = broadcastShapes(x.shape, shape);
      if (!target || !sameShape(target, shape)) invalid("Expand", `[${x.shape}] to [${shape}]`);
      return { type: x.type, shape };
    },
    gradient: ({ inputs: [x], dy, needed }) => [needed[0] ? sumTo(dy, x.shape) : undefined],
    evaluate([x], { shape }) {
      const strides = broadcastStrides(x.shape, shape);
      const out = new Float32Array(sizeOf(shape));
      forEachIndex(shape, (index, flat) => {
        out[flat] = x.data[index.reduce((sum, at, i) => sum + at * strides[i], 0)];
      });
      return tensor(out, shape);
    },
  },
};

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

/** Adjoint of padding along one axis: the kept middle, plus what the border copied from it. */
function unpad(dy: Value, axis: number, extent: number, before: number, after: number, mode: PadMode): Value {
  if (before === 0 && after === 0) return dy;
  let middle = slice(dy, [{ axis, start: before, end: before + extent }]);
  if (mode === "constant") return middle;
  const total = dy.shape[axis];
  const addBorder = (part: Value, at: number): void => {
    const low = dy.shape.map((_, i) => (i === axis ? at : 0));
    const high = dy.shape.map((_, i) => (i === axis ? extent - at - part.shape[axis] : 0));
    middle = add(middle, pad(part, low, high));
  };
  if (mode === "reflect") {
    // Element before-1-k copied element 1+k: reversed, the border lies on 1..before.
    if (before > 0) addBorder(flip(slice(dy, [{ axis, start: 0, end: before }]), [axis]), 1);
    if (after > 0) {
      addBorder(flip(slice(dy, [{ axis, start: before + extent, end: total }]), [axis]), extent - 1 - after);
    }
  } else {
    const summed = (start: number, end: number): Value =>
      sumTo(
        slice(dy, [{ axis, start, end }]),
        dy.shape.map((n, i) => (i === axis ? 1 : n)),
      );
    if (before > 0) addBorder(summed(0, before), 0);
    if (after > 0) addBorder(summed(before + extent, total), extent - 1);
  }
  return middle;
}
