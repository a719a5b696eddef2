import { gaussianKernel } from "../array/filters.ts";
import type { Value } from "../graph/graph.ts";
import { relu } from "../graph/operators/activations.ts";
import { conv } from "../graph/operators/convolution.ts";
import { abs, add, div, exp, log, mul, square, sub } from "../graph/operators/elementwise.ts";
import { averagePool } from "../graph/operators/pooling.ts";
import { reduceMean } from "../graph/operators/reduction.ts";

/** Mean absolute error. */
export const maeLoss = (output: Value, target: Value): Value => reduceMean(abs(sub(output, target)));

/**
 * Least-squares GAN (Mao et al., ICCV 2017): the mean squared difference between the discriminator score and the
 * target, 1 (recorded) or 0 (generated).
 */
export const leastSquaresLoss = (score: Value, target: 0 | 1): Value => reduceMean(square(sub(score, target)));

/** Weights of the scales, finest first (Wang, Simoncelli, Bovik 2003). */
const scaleWeights = [0.0448, 0.2856, 0.3001, 0.2363, 0.1333];
const window = 11;

/**
 * 1 - MS-SSIM for images `[n, 1, h, w]` of range 1: Gaussian window 11x11 of deviation 1.5, K1 0.01, K2 0.03, at as
 * many of the five scales as the window fits into, with the weights normalised to sum 1. Similarities below 1e-3 count
 * as 1e-3, since a negative one cannot be raised to a power.
 */
export function msSsimLoss(output: Value, target: Value): Value {
  const [, , h, w] = output.shape;
  const scales = scaleWeights.filter((_, i) => Math.floor(Math.min(h, w) / 2 ** i) >= window);
  const total = scales.reduce((a, b) => a + b, 0);
  let [x, y] = [output, target];
  let logarithm: Value | undefined;
  scales.forEach((weight, i) => {
    const { luminance, structure } = similarity(x, y);
    const last = i === scales.length - 1;
    const mean = reduceMean(last ? mul(luminance, structure) : structure, [1, 2, 3]);
    const floored = add(relu(sub(mean, 1e-3)), 1e-3);
    const term = mul(log(floored), weight / total);
    logarithm = logarithm ? add(logarithm, term) : term;
    if (!last) [x, y] = [averagePool(x, [2, 2]), averagePool(y, [2, 2])];
  });
  return logarithm ? sub(1, reduceMean(exp(logarithm))) : maeLoss(output, target);
}

/** The two factors of SSIM at every window position (Wang 2004, eq. 13). */
function similarity(x: Value, y: Value): { luminance: Value; structure: Value } {
  const [c1, c2] = [0.01 ** 2, 0.03 ** 2];
  const line = Float32Array.from(gaussianKernel(1.5, (window - 1) / 2 / 1.5));
  const vertical = x.graph.constant(line, [1, 1, window, 1]);
  const horizontal = x.graph.constant(line, [1, 1, 1, window]);
  const local = (value: Value): Value => conv(conv(value, vertical, { pads: "valid" }), horizontal, { pads: "valid" });
  const [mx, my] = [local(x), local(y)];
  const [mxx, myy, mxy] = [mul(mx, mx), mul(my, my), mul(mx, my)];
  const [vx, vy, cov] = [sub(local(mul(x, x)), mxx), sub(local(mul(y, y)), myy), sub(local(mul(x, y)), mxy)];
  return {
    luminance: div(add(mul(mxy, 2), c1), add(add(mxx, myy), c1)),
    structure: div(add(mul(cov, 2), c2), add(add(vx, vy), c2)),
  };
}
