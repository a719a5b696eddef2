/**
 * Losses on discriminator scores. A score is a tensor of any shape (one number for each image or for each patch);
 * `target` is 1 where the score should be "recorded" and 0 where it should be "generated".
 */
import type { Value } from "../../graph/graph.ts";
import { softplus } from "../../graph/operators/activations.ts";
import { mul, sub } from "../../graph/operators/elementwise.ts";
import { reduceMean } from "../../graph/operators/reduction.ts";
import { leastSquaresLoss } from "../losses.ts";

export type AdversarialLoss = (score: Value, target: 0 | 1) => Value;

/**
 * Binary cross-entropy of sigmoid(score), for scores without a sigmoid (Goodfellow et al. 2014, with the non-saturating
 * loss of the generator): max(x, 0) - x target + ln(1 + exp(-|x|)), which does not overflow. It is 0.693 for a score of
 * 0.
 */
export const crossEntropyLoss: AdversarialLoss = (score, target) => {
  const rise = softplus(score);
  return reduceMean(target === 0 ? rise : sub(rise, mul(score, target)));
};

/** The losses by their names in configurations. */
export const adversarialLosses: Readonly<Record<"least_squares" | "cross_entropy", AdversarialLoss>> = {
  least_squares: leastSquaresLoss,
  cross_entropy: crossEntropyLoss,
};
