/**
 * What a discriminator's opinion costs. An opinion is a tensor of any shape (one number an image, or one a patch);
 * `wanted` is 1 where the opinion should be "recorded", 0 where it should be "generated".
 */
import type { Value } from "../../graph/graph.ts";
import { softplus } from "../../graph/operators/activations.ts";
import { mul, sub } from "../../graph/operators/elementwise.ts";
import { reduceMean } from "../../graph/operators/reduction.ts";
import { leastSquaresLoss } from "../losses.ts";

export type AdversarialLoss = (opinion: Value, wanted: 0 | 1) => Value;

/**
 * Binary cross-entropy of sigmoid(opinion), from opinions without a sigmoid (Goodfellow et al. 2014, with the
 * generator's non-saturating loss): max(x, 0) - x wanted + ln(1 + exp(-|x|)), which does not overflow. 0.693 for an
 * opinion of 0.
 */
export const crossEntropyLoss: AdversarialLoss = (opinion, wanted) => {
  const rise = softplus(opinion);
  return reduceMean(wanted === 0 ? rise : sub(rise, mul(opinion, wanted)));
};

/** By the name that configurations give. */
export const adversarialLosses: Readonly<Record<"least_squares" | "cross_entropy", AdversarialLoss>> = {
  least_squares: leastSquaresLoss,
  cross_entropy: crossEntropyLoss,
};
