import { forEachIndex, sizeOf } from "../../array/shape.ts";
import type { ConvAttributes } from "../attributes.ts";
import { invalid, type OperatorTable, tensor } from "../operator.ts";
import { convTranspose } from "../operators/convolution.ts";
import { matMul, transposeLast } from "../operators/matmul.ts";
import { concat, flip, pad, reshape, slice, transpose } from "../operators/movement.ts";
import { reduceSum } from "../operators/reduction.ts";
import type { Value } from "../value.ts";

/** Spatial extents of the result. */
function outputExtents(x: readonly number[], kernel: readonly number[], a: ConvAttributes): number[] {
  const rank = kernel.length;
  return kernel.map((k, i) =>
    Math.floor((x[i + 2] + a.pads[i] + a.pads[rank + i] - (k - 1) * a.dilations[i] - 1) / a.strides[i] + 1),
  );
}

export const convolution: Pick<OperatorTable, "Conv"> = {
  Conv: {
    infer([x, weights, bias], attributes) {
      const { group, pads, strides, dilations } = attributes;
      const [o, c, ...kernel] = weights.shape;
      const rank = x.shape.length - 2;
      if (rank < 1 || rank > 3 || kernel.length !== rank) invalid("Conv", `weights [${weights.shape}] on [${x.shape}]`);
      if (x.shape[1] !== c * group || o % group !== 0) {
        invalid("Conv", `${x.shape[1]} channels, weights [${weights.shape}], group ${group}`);
      }
      const steps = [...strides, ...dilations];
      const fits = pads.length === 2 * rank && strides.length === rank && dilations.length === rank;
      if (!fits || pads.some((n) => n < 0) || steps.some((n) => n < 1)) {
        invalid("Conv", `pads [${pads}], strides [${strides}], dilations [${dilations}] for ${rank} spatial axes`);
      }
      if (bias && (bias.shape.length !== 1 || bias.shape[0] !== o)) invalid("Conv", `bias [${bias.shape}] for ${o}`);
      const extents = outputExtents(x.shape, kernel, attributes);
      if (extents.some((n) => n < 1)) invalid("Conv", `kernel [${kernel}] is larger than the input [${x.shape}]`);
      return { type: "float32", shape: [x.shape[0], o, ...extents] };
    },
    gradient({ inputs: [x, weights, bias], attributes, dy, needed }) {
      return [
        needed[0] ? inputGradient(x, weights, attributes, dy) : undefined,
        needed[1] ? weightGradient(x, weights, attributes, dy) : undefined,
        bias && needed[2] ? reduceSum(dy, [0, ...dy.shape.slice(2).map((_, i) => i + 2)]) : undefined,
      ];
    },
    evaluate([x, weights, bias], attributes) {
      const { strides, dilations, group, pads } = attributes;
      const [o, c, ...kernel] = weights.shape;
      const rank = kernel.length;
      const extents = outputExtents(x.shape, kernel, attributes);
      const shape = [x.shape[0], o, ...extents];
      const inputExtents = x.shape.slice(2);
      const [inputSize, kernelSize] = [sizeOf(inputExtents), sizeOf(kernel)];
      const out = new Float32Array(sizeOf(shape));
      forEachIndex(shape, (index, flat) => {
        let sum = bias ? bias.data[index[1]] : 0;
        const firstChannel = Math.floor(index[1] / (o / group)) * c;
        forEachIndex(kernel, (tap, t) => {
          let at = 0;
          for (let i = 0; i < rank; i++) {
            const position = index[i + 2] * strides[i] + tap[i] * dilations[i] - pads[i];
            if (position < 0 || position >= inputExtents[i]) return;
            at = at * inputExtents[i] + position;
          }
          for (let k = 0; k < c; k++) {
            const source = (index[0] * x.shape[1] + firstChannel + k) * inputSize + at;
            sum += x.data[source] * weights.data[(index[1] * c + k) * kernelSize + t];
          }
        });
        out[flat] = sum;
      });
      return tensor(out, shape);
    },
  },
};

/** dL/dx: the adjoint of the convolution applied to dy. */
function inputGradient(x: Value, weights: Value, attributes: ConvAttributes, dy: Value): Value {
  const { strides, pads, dilations, group } = attributes;
  const kernel = weights.shape.slice(2);
  const rank = kernel.length;
  // Input pixels at the far end that no window reaches get zeros.
  const outputPads = kernel.map(
    (k, i) =>
      x.shape[i + 2] + pads[i] + pads[rank + i] - ((dy.shape[i + 2] - 1) * strides[i] + (k - 1) * dilations[i] + 1),
  );
  return convTranspose(dy, weights, { strides, pads, outputPads, dilations, group });
}

/**
 * dL/dw[o, c, tap] = sum over n and p of dy[n, o, p] x[n, c, p stride + tap dilation - pad].
 *
 * With stride 1 the shift between dy and x can be shared out: along the last axis x is shifted, along the others dy is.
 * All shifted copies of dy stand side by side as channels, all shifted copies of x as well, and one matrix product
 * gives every pair, which is every tap: for 3x3, 3 O + 3 C shifted channels instead of 9 C, and one large product
 * instead of nine.
 */
function weightGradient(x: Value, weights: Value, attributes: ConvAttributes, dy: Value): Value {
  const { strides, dilations, group, pads } = attributes;
  const kernel = weights.shape.slice(2);
  const last = kernel.length - 1;
  // The copies of dy are shifted by (k - 1) dilation - pad - tap: a pad beyond the kernel's reach would cut dy.
  const reach = kernel.map((k, i) => (k - 1) * dilations[i]);
  const fits = reach.every((r, i) => i === last || (pads[i] <= r && pads[kernel.length + i] <= r));
  if (group > 1 || strides.some((s) => s > 1) || !fits) return tapWeightGradient(x, weights, attributes, dy);

  const [o, c] = weights.shape;
  const n = x.shape[0];
  const leading = kernel.slice(0, last);
  const taps = sizeOf(leading);
  const xCopies = shiftedCopies(x, [...leading.map(() => 1), kernel[last]], {
    dilations: [...leading.map(() => 1), dilations[last]],
    pads: [...leading.map(() => 0), pads[last], ...leading.map(() => 0), pads[kernel.length + last]],
  });
  const dyCopies = shiftedCopies(dy, [...leading, 1], {
    dilations: [...dilations.slice(0, last), 1],
    pads: [0, 1].flatMap((side) => [...leading.map((_, i) => reach[i] - pads[side * kernel.length + i]), 0]),
  });
  const length = sizeOf(dyCopies.shape.slice(2));
  const product = matMul(
    reshape(dyCopies, [n, o * taps, length]),
    transposeLast(reshape(xCopies, [n, c * kernel[last], length])),
  );
  const summed = n > 1 ? reduceSum(product, [0]) : product;
  // The copies of dy run from the last tap to the first.
  const split = reshape(summed, [o, ...leading, c, kernel[last]]);
  const reversed =
    taps > 1
      ? flip(
          split,
          leading.map((_, i) => i + 1),
        )
      : split;
  return reshape(transpose(reversed, [0, last + 1, ...leading.map((_, i) => i + 1), last + 2]), [o, c, ...kernel]);
}

/**
 * Every channel as many times as the kernel has taps, shifted by each tap: `[n, c taps, ...]`. Written as a convolution
 * of each channel with one-hot kernels, which pads, shifts and joins in one pass on all threads: three times as fast as
 * Pad, Slice and Concat.
 */
function shiftedCopies(x: Value, kernel: readonly number[], where: Pick<ConvAttributes, "pads" | "dilations">): Value {
  const [n, c, ...spatial] = x.shape;
  const taps = sizeOf(kernel);
  if (taps === 1 && where.pads.every((p) => p === 0)) return x;
  // In 3-D the channels go through as images of a batch: WebGPU has no 3-D convolution in groups.
  const apart = kernel.length === 3;
  const group = apart ? 1 : c;
  const oneHot = new Float32Array(group * taps * taps);
  for (let i = 0; i < group * taps; i++) oneHot[i * taps + (i % taps)] = 1;
  const weights = x.graph.constant(oneHot, [group * taps, 1, ...kernel]);
  const source = apart ? reshape(x, [n * c, 1, ...spatial]) : x;
  const copies = x.graph.add("Conv", [source, weights], { ...where, strides: kernel.map(() => 1), group });
  return apart ? reshape(copies, [n, c * taps, ...copies.shape.slice(2)]) : copies;
}

/** The plain way, for strides and groups: one product a tap. */
function tapWeightGradient(x: Value, weights: Value, attributes: ConvAttributes, dy: Value): Value {
  const { strides, pads, dilations, group } = attributes;
  const [o, c, ...kernel] = weights.shape;
  const rank = kernel.length;
  const n = x.shape[0];
  const length = sizeOf(dy.shape.slice(2));
  const padded = pads.some((p) => p > 0) ? pad(x, [0, 0, ...pads.slice(0, rank)], [0, 0, ...pads.slice(rank)]) : x;
  const gradient = reshape(dy, [n, group, o / group, length]);
  const taps: Value[] = [];
  forEachIndex(kernel, (tap) => {
    const part = slice(
      padded,
      kernel.map((_, i) => {
        const start = tap[i] * dilations[i];
        return { axis: i + 2, start, end: start + (dy.shape[i + 2] - 1) * strides[i] + 1, step: strides[i] };
      }),
    );
    const product = matMul(gradient, transposeLast(reshape(part, [n, group, c, length])));
    taps.push(reshape(reduceSum(product, [0]), [o, c, 1]));
  });
  return reshape(concat(taps, 2), weights.shape);
}
