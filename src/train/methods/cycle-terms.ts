/** What the generators of COMI and of CycleGAN are after. */
import { add, sqrt, square, sub } from "../../graph/operators/elementwise.ts";
import { reduceMean } from "../../graph/operators/reduction.ts";
import { maeLoss } from "../losses.ts";
import type { CycleDirection, CycleTerm } from "./cycle-steps.ts";
import type { FeatureDistance } from "./feature-distance.ts";

/** Weights of COMI's terms, of each direction. */
export interface ComiWeights {
  /** Of fooling the discriminators, by the generated and by the cycled picture; 1e-3 in the paper. */
  adversarial_weight: number;
  /** Of the feature distance between the generated picture and its pair; 1. */
  feature_weight: number;
  /** Of the mean absolute error between the same; 0, since VGG's features know brightness. */
  pixel_weight: number;
  /** Of the feature distance between the cycled picture and the input; 1. */
  cycle_weight: number;
  /** Of the mean squared change of a picture that is in its domain already; 1. */
  identity_weight: number;
}

/** COMI's loss; it needs pairs. */
export const comiTerms =
  (weights: ComiWeights, distance: FeatureDistance) =>
  ({ input, target, fake, cycled, same, fools }: CycleDirection): CycleTerm[] => {
    const { adversarial_weight, feature_weight, pixel_weight, cycle_weight, identity_weight } = weights;
    const terms: CycleTerm[] = [];
    if (adversarial_weight > 0) {
      terms.push(
        { name: "adversarial", value: fools("target", fake), weight: adversarial_weight },
        { name: "cycled_adversarial", value: fools("input", cycled()), weight: adversarial_weight },
      );
    }
    if (feature_weight > 0) terms.push({ name: "feature", value: distance(fake, target), weight: feature_weight });
    if (pixel_weight > 0) terms.push({ name: "pixel", value: maeLoss(fake, target), weight: pixel_weight });
    if (cycle_weight > 0) terms.push({ name: "cycle", value: distance(cycled(), input), weight: cycle_weight });
    if (identity_weight > 0) {
      const value = reduceMean(square(sub(same(), target)));
      terms.push({ name: "identity", value, weight: identity_weight });
    }
    return terms;
  };

/**
 * The mean of sqrt(error^2 + 0.1^2) - 0.1, for images of range 1 (Charbonnier et al., ICIP 1994): square near 0,
 * absolute far from it.
 */
export const charbonnierLoss: FeatureDistance = (output, target) =>
  reduceMean(sub(sqrt(add(square(sub(output, target)), 0.1 ** 2)), 0.1));

/** Weights of CycleGAN's terms, of each direction. */
export interface CycleGanWeights {
  /** Of fooling the discriminator of the other domain; 1 in the paper. */
  adversarial_weight: number;
  /** Of the error between the cycled picture and the input; 10. */
  cycle_weight: number;
  /** Of the change of a picture that is in its domain already; 5. */
  identity_weight: number;
}

/**
 * CycleGAN's loss, which takes nothing for a pair (Zhu et al. 2017, equation 3 and section 5.2).
 * @param distance between pictures that should be equal: {@link maeLoss} in the paper. Generators that begin as nothing
 *   (the input added) need {@link charbonnierLoss}: they stand in the kink of an absolute error, whose slope holds them
 *   there, however much the discriminators pull (measured: not 0.01 of the range in 280 steps).
 */
export const cycleGanTerms =
  ({ adversarial_weight, cycle_weight, identity_weight }: CycleGanWeights, distance: FeatureDistance = maeLoss) =>
  ({ input, target, fake, cycled, same, fools }: CycleDirection): CycleTerm[] => {
    const terms: CycleTerm[] = [];
    terms.push({ name: "adversarial", value: fools("target", fake), weight: adversarial_weight });
    if (cycle_weight > 0) terms.push({ name: "cycle", value: distance(cycled(), input), weight: cycle_weight });
    if (identity_weight > 0) terms.push({ name: "identity", value: distance(same(), target), weight: identity_weight });
    return terms;
  };
