import { broadcastShapes, broadcastStrides, forEachIndex, sameShape, sizeOf, stridesOf } from "../../array/shape.ts";
import type { PadMode } from "../attributes.ts";
import { invalid, type OperatorTable, tensor } from "../operator.ts";
import { add } from "../operators/elementwise.ts";
import { flip, insertZeros, pad, reshape, runsOnWebGpu, slice, transpose } from "../operators/movement.ts";
import type { Value } from "../value.ts";
import { sumTo } from "./sum-to.ts";

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
