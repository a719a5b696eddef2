import { invalid } from "../operator.ts";
import type { Value } from "../value.ts";
import { conv } from "./convolution.ts";
import { matMul } from "./matmul.ts";
import { concat, depthToSpace, reshape, slice, transpose } from "./movement.ts";

/**
 * Convolutions that double the image, without ever making the doubled input. Every output pixel sees only 2x2 input
 * pixels; which of the 3x3 weights fall on each of them depends on whether its row and its column are even or odd: four
 * phases, each a 2x2 convolution of the small image.
 */

/** Along one axis: for phase 0 (even) and 1 (odd), which of the three weights add up to each of the two. */
type PhaseRule = readonly [readonly (readonly number[])[], readonly (readonly number[])[]];

/**
 * Nearest upsampling by 2 followed by a 3x3 "same" convolution, `[n, c, h, w] -> [n, o, 2h, 2w]`, weights `[o, c, 3,
 * 3]`: the same numbers with 4/9 of the arithmetic, and a quarter of the pixels to move in the gradients.
 *
 * Output 2i reads upsampled pixels 2i-1, 2i, 2i+1, that is inputs i-1, i, i: weights (w0, w1 + w2). Output 2i+1 reads
 * inputs i, i, i+1: weights (w0 + w1, w2).
 */
export function convUpsampled(x: Value, weights: Value, bias?: Value): Value {
  const [n, c, h, w] = x.shape;
  const o = weights.shape[0];
  checkWeights("convUpsampled", weights, 1, c);
  const rule: PhaseRule = [
    [
      [1, 0, 0],
      [0, 1, 1],
    ],
    [
      [1, 1, 0],
      [0, 0, 1],
    ],
  ];
  const kernels = phaseKernels(weights, rule);
  const rows = [0, 1].map((py) => {
    const columns = [0, 1].map((px) => {
      const phase = 2 * py + px;
      const kernel = reshape(slice(kernels, [{ axis: 2, start: phase, end: phase + 1 }]), [o, c, 2, 2]);
      const y = conv(x, kernel, { ...(bias ? { bias } : {}), pads: [1 - py, 1 - px, py, px] });
      return reshape(y, [n, o, h, 1, w, 1]);
    });
    return concat(columns, 5);
  });
  return reshape(concat(rows, 3), [n, o, 2 * h, 2 * w]);
}

/**
 * Transposed 3x3 convolution of stride 2, `[n, c, h, w] -> [n, o, 2h, 2w]`, weights `[c, o, 3, 3]` (the adjoint of a
 * stride-2 convolution padded at the far end, as TensorFlow's "same" does), by operators that every runtime and
 * importer has.
 *
 * Output p sums w[k] x[j] over 2j + k = p: output 2i has w2 x[i-1] + w0 x[i], output 2i+1 has w1 x[i].
 */
export function convTransposed2(x: Value, weights: Value, bias: Value): Value {
  const c = x.shape[1];
  const o = weights.shape[1];
  checkWeights("convTransposed2", weights, 0, c);
  const rule: PhaseRule = [
    [
      [0, 0, 1],
      [1, 0, 0],
    ],
    [
      [0, 0, 0],
      [0, 1, 0],
    ],
  ];
  // [c, o, phase, 2, 2] -> [(phase, o), c, 2, 2]
  const kernels = reshape(transpose(phaseKernels(weights, rule), [2, 1, 0, 3, 4]), [4 * o, c, 2, 2]);
  const biases = concat([bias, bias, bias, bias], 0);
  return depthToSpace(conv(x, kernels, { bias: biases, pads: [1, 1, 0, 0] }), 2);
}

function checkWeights(op: string, weights: Value, axis: number, channels: number): void {
  const [, , kh, kw] = weights.shape;
  if (kh !== 3 || kw !== 3 || weights.shape[axis] !== channels) {
    invalid(op, `weights [${weights.shape}] for ${channels} channels`);
  }
}

/** 3x3 weights `[a, b, 3, 3]` as the 2x2 weights of the four phases, `[a, b, 4, 2, 2]`. */
function phaseKernels(weights: Value, rule: PhaseRule): Value {
  const [a, b] = weights.shape;
  const sums = new Float32Array(9 * 16);
  for (let phase = 0; phase < 4; phase++) {
    for (let tap = 0; tap < 4; tap++) {
      for (let k = 0; k < 9; k++) {
        const y = rule[phase >> 1][tap >> 1][Math.floor(k / 3)];
        sums[k * 16 + phase * 4 + tap] = y * rule[phase & 1][tap & 1][k % 3];
      }
    }
  }
  const product = matMul(reshape(weights, [a * b, 9]), weights.graph.constant(sums, [9, 16]));
  return reshape(product, [a, b, 4, 2, 2]);
}
