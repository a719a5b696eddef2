/** The loss terms of the generators of COMI and of CycleGAN. */
import { add, sqrt, square, sub } from "../../graph/operators/elementwise.ts";
import { reduceMean } from "../../graph/operators/reduction.ts";
import { maeLoss } from "../losses.ts";
import type { CycleDirection, CycleTerm } from "./cycle-steps.ts";
import type { FeatureDistance } from "./feature-distance.ts";

/** Weights of the terms of COMI, for each direction. */
export interface ComiWeights {
  /** Weight of the adversarial losses of the generated and of the cycled picture; 1e-3 in the paper. */
  adversarial_weight: number;
  /** Weight of the feature distance between the generated picture and its target; 1 in the paper. */
  feature_weight: number;
  /**
   * Weight of the mean absolute error between the same; 0 in the paper, since the features of VGG depend on brightness.
   */
  pixel_weight: number;
  /** Weight of the feature distance between the cycled picture and the input; 1 in the paper. */
  cycle_weight: number;
  /** Weight of the mean squared change of a picture that is already in the target domain; 1 in the paper. */
  identity_weight: number;
}

/** The loss of COMI, which needs pairs. */
export const comiTerms =
  (weights: ComiWeights, distance: FeatureDistance) =>
  ({ input, target, fake, cycled, same, adversarial }: CycleDirection): CycleTerm[] => {
    const { adversarial_weight, feature_weight, pixel_weight, cycle_weight, identity_weight } = weights;
    const terms: CycleTerm[] = [];
    if (adversarial_weight > 0) {
      terms.push(
        { name: "adversarial", value: adversarial("target", fake), weight: adversarial_weight },
        { name: "cycled_adversarial", value: adversarial("input", cycled()), weight: adversarial_weight },
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
 * The mean of sqrt(error^2 + 0.1^2) - 0.1, for images of range 1 (Charbonnier et al., ICIP 1994): quadratic near 0 and
 * linear far from 0.
 */
export const charbonnierLoss: FeatureDistance = (output, target) =>
  reduceMean(sub(sqrt(add(square(sub(output, target)), 0.1 ** 2)), 0.1));

/** Weights of the terms of CycleGAN, for each direction. */
export interface CycleGanWeights {
  /** Weight of the adversarial loss; 1 in the paper. */
  adversarial_weight: number;
  /** Weight of the error between the cycled picture and the input; 10 in the paper. */
  cycle_weight: number;
  /** Weight of the change of a picture that is already in the target domain; 5 in the paper. */
  identity_weight: number;
}

/**
 * The loss of CycleGAN, which does not need pairs (Zhu et al. 2017, equation 3 and section 5.2).
 * @param distance between pictures that should be equal: {@link maeLoss} in the paper. Generators that start as the
 *   identity (with the input added) need {@link charbonnierLoss}: they start at the minimum of the absolute error,
 *   whose gradient keeps them there against the adversarial loss (measured: less than 0.01 of the range in 280 steps).
 */
export const cycleGanTerms =
  ({ adversarial_weight, cycle_weight, identity_weight }: CycleGanWeights, distance: FeatureDistance = maeLoss) =>
  ({ input, target, fake, cycled, same, adversarial }: CycleDirection): CycleTerm[] => {
    const terms: CycleTerm[] = [];
    terms.push({ name: "adversarial", value: adversarial("target", fake), weight: adversarial_weight });
    if (cycle_weight > 0) terms.push({ name: "cycle", value: distance(cycled(), input), weight: cycle_weight });
    if (identity_weight > 0) terms.push({ name: "identity", value: distance(same(), target), weight: identity_weight });
    return terms;
  };
