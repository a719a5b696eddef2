import { z } from "zod";
import type { Value } from "../../graph/graph.ts";
import { softplus } from "../../graph/operators/activations.ts";
import { div, mul } from "../../graph/operators/elementwise.ts";
import { concat, slice } from "../../graph/operators/movement.ts";
import { deepZArchitecture, deepZGenerator } from "./deep-z.ts";
import type { Parameters } from "./parameters.ts";
import { sectionInfo } from "./section-info.ts";

/**
 * A network that learns to deconvolve from the stack itself, without ground truth: its output, blurred by the PSF of
 * the objective, must reproduce the stack. Input and target are independent parts of the photons (data thinning by
 * binomial splitting), so that the network cannot learn the noise (as in Noise2Noise, Lehtinen et al., ICML 2018).
 * Several authors have published this idea; this form is Parfocal's own. The network is the U-Net of Deep-Z.
 *
 * Its output is an estimate of the specimen in counts, and therefore an optical section: out-of-focus light is assigned
 * to the plane it came from.
 */
export const selfSupervisedInfo = z.object({
  ...sectionInfo,
  method: z.literal("self-supervised"),
  architecture: deepZArchitecture,
  /** Planes of the input, an odd number; the output is the middle one. */
  planes: z.int().positive(),
  z_step: z.number().positive(),
});

export type SelfSupervisedInfo = z.infer<typeof selfSupervisedInfo>;

/**
 * Sharpness of the softplus that keeps the output positive. A ReLU would do so too, but it has no gradient where it is
 * 0: after one large step the network could stay dark. The softplus is curved within about 1 / 16 of the range and
 * always has a gradient.
 */
const sharpness = 16;

/**
 * @param x `[n, planes, h, w]`, normalised, in the order of the stack; h and w multiples of the U-Net's alignment
 * @returns `[n, 1, h, w]`, above 0, normalised: the specimen in the middle plane; an untrained network returns about
 *   that plane
 */
export function selfSupervisedNetwork(
  x: Value,
  architecture: SelfSupervisedInfo["architecture"],
  parameters: Parameters,
  form: "training" | "portable",
): Value {
  const half = x.shape[1] >> 1;
  const middle = slice(x, [{ axis: 1, start: half, end: half + 1 }]);
  // The middle plane comes first, since the network adds its output to the first plane.
  const planes = x.shape[1] === 1 ? x : concat([middle, x], 1);
  return div(softplus(mul(deepZGenerator(planes, architecture, parameters, form), sharpness)), sharpness);
}
