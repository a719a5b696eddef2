/**
 * Estimates on which side of an in-line hologram the specimen lies. A specimen t at d and its conjugate t* at -d give
 * the same intensity, so the hologram alone does not determine the side. Prior knowledge does: most specimens have a
 * higher refractive index than their medium, so that their phase is positive on the correct side and negative on the
 * wrong one. A specimen that only absorbs is its own conjugate, and both sides are equally likely.
 */
import { gaussianFilter } from "../../array/filters.ts";
import { moments } from "../../array/statistics.ts";
import { type ComplexField, phaseOf } from "../../optics/imaging/complex-field.ts";
import type { RingFit } from "./hologram-rings.ts";
import { unwrapPhase } from "./unwrap-phase.ts";

/** Width of the blur against noise in the phase, pixels: about the finest detail. */
const detail = 2;

/**
 * Two signs of a dense specimen: an asymmetry of the rings, as of a specimen that also absorbs, and a phase whose few
 * most deviating pixels are positive. Both weights were fitted to 302 simulated holograms of up to 6 radians
 * (docs/decisions/hologram-focus.md). Beyond 4 radians neither is informative, so the weights are small.
 *
 * @param field the field of the hologram, propagated back by the distance (light has come from the specimen to the
 * camera), two pixels for its finest detail
 * @param rings at that distance
 * @returns probability, 0 to 1, that light has come from the specimen to the recorded plane, whose distance is then
 * negative
 */
export function specimenBefore(field: ComplexField, { cosine, sine }: RingFit): number {
  const length = Math.hypot(cosine, sine) + 0.05;
  const lean = -sine / length;
  const delays = (1 - cosine / length) / 2;
  const { height, width } = field;
  const phase = gaussianFilter({ data: unwrapPhase(phaseOf(field)).data, height, width }, detail).data;
  const { mean, variance } = moments(phase);
  const skewness = phase.reduce((sum, v) => sum + (v - mean) ** 3, 0) / phase.length / Math.max(variance ** 1.5, 1e-30);
  return 1 / (1 + Math.exp(-(1.5 * lean + 0.6 * delays * Math.max(-3, Math.min(3, skewness)))));
}
