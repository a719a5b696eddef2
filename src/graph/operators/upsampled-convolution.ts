import type { Value } from "../graph.ts";
import { invalid } from "../operator.ts";
import { conv } from "./convolution.ts";
import { matMul } from "./matmul.ts";
import { concat, reshape, slice } from "./movement.ts";

/**
 * Nearest upsampling by 2 followed by a 3x3 "same" convolution, `[n, c, h, w] -> [n, o, 2h, 2w]`, without ever making the
 * large input: every output pixel sees only 2x2 different input pixels, so that its nine weights add up to four, in one of
 * four ways depending on whether its row and column are even or odd. Four 2x2 convolutions of the small input, interleaved,
 * give the same numbers with 4/9 of the arithmetic (and a quarter of the pixels to move in the gradients).
 *
 * Along one axis, output 2i reads upsampled pixels 2i-1, 2i, 2i+1, that is inputs i-1, i, i: weights (w0, w1 + w2);
 * output 2i+1 reads inputs i, i, i+1: weights (w0 + w1, w2).
 */
export function convUpsampled(x: Value, weights: Value): Value {
  const [n, c, h, w] = x.shape;
  const [o, , kh, kw] = weights.shape;
  if (kh !== 3 || kw !== 3 || weights.shape[1] !== c) invalid("convUpsampled", `weights [${weights.shape}]`);
  const sums = x.graph.constant(phaseSums(), [9, 16]);
  const phases = reshape(matMul(reshape(weights, [o * c, 9]), sums), [o, c, 4, 2, 2]);
  const rows = [0, 1].map((py) => {
    const columns = [0, 1].map((px) => {
      const phase = 2 * py + px;
      const kernel = reshape(slice(phases, [{ axis: 2, start: phase, end: phase + 1 }]), [o, c, 2, 2]);
      const y = conv(x, kernel, { pads: [1 - py, 1 - px, py, px] });
      return reshape(y, [n, o, h, 1, w, 1]);
    });
    return concat(columns, 5);
  });
  return reshape(concat(rows, 3), [n, o, 2 * h, 2 * w]);
}

/** `[9, 16]`: which of the 3x3 weights add up to each of the 2x2 weights of each of the four phases. */
function phaseSums(): Float32Array {
  const along = [
    [
      [1, 0, 0],
      [0, 1, 1],
    ],
    [
      [1, 1, 0],
      [0, 0, 1],
    ],
  ];
  const sums = new Float32Array(9 * 16);
  for (let phase = 0; phase < 4; phase++) {
    for (let tap = 0; tap < 4; tap++) {
      for (let k = 0; k < 9; k++) {
        const y = along[phase >> 1][tap >> 1][Math.floor(k / 3)];
        const x = along[phase & 1][tap & 1][k % 3];
        sums[k * 16 + phase * 4 + tap] = y * x;
      }
    }
  }
  return sums;
}
