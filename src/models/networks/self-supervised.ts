import { z } from "zod";
import type { Value } from "../../graph/graph.ts";
import { softplus } from "../../graph/operators/activations.ts";
import { div, mul } from "../../graph/operators/elementwise.ts";
import { concat, slice } from "../../graph/operators/movement.ts";
import { deepZArchitecture, deepZGenerator } from "./deep-z.ts";
import type { Parameters } from "./parameters.ts";
import { sectionInfo } from "./section-info.ts";

/**
 * A network that learns to deconvolve from the stack itself, without any truth: its output, blurred by the PSF of the
 * objective, must give the stack back. What it is taught by is not the stack that it sees, but an independent half of
 * its photons, so that it cannot learn the noise (as Noise2Noise, Lehtinen et al., ICML 2018, with halves by binomial
 * thinning). An idea that several authors have had; this form is Parfocal's own. The network is a U-Net as that of
 * Deep-Z.
 *
 * Its output is what the specimen is, in counts, and so a section: light out of focus goes back to where it came from.
 */
export const selfSupervisedInfo = z.object({
  ...sectionInfo,
  method: z.literal("self-supervised"),
  architecture: deepZArchitecture,
  /** Planes that it sees at a time, odd; it gives the middle one. */
  planes: z.int().positive(),
  z_step: z.number().positive(),
});

export type SelfSupervisedInfo = z.infer<typeof selfSupervisedInfo>;

/**
 * Light is never negative. A ReLU would say so, and has no gradient where all is 0: one large step, and the network
 * stays dark for ever. Softplus, bent within 1 / 16 of the range, leads back.
 */
const bend = 16;

/**
 * @param x `[n, planes, h, w]`, normalised, in the order of the stack; h and w multiples of the U-Net's alignment
 * @returns `[n, 1, h, w]`, above 0, normalised: the specimen in the middle plane; untrained about that plane
 */
export function selfSupervisedNetwork(
  x: Value,
  architecture: SelfSupervisedInfo["architecture"],
  parameters: Parameters,
  form: "training" | "portable",
): Value {
  const half = x.shape[1] >> 1;
  const middle = slice(x, [{ axis: 1, start: half, end: half + 1 }]);
  // First, where the network takes what it adds its output to.
  const planes = x.shape[1] === 1 ? x : concat([middle, x], 1);
  return div(softplus(mul(deepZGenerator(planes, architecture, parameters, form), bend)), bend);
}
