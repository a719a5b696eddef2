/**
 * On which side of an in-line hologram its specimen lies. The light of a specimen t at d and of its conjugate t* at -d have the same
 * intensity, whatever t is: the hologram itself cannot tell. Only what is known of specimens can: where they delay light, they
 * do so more than their medium, so that their phase is positive on the right side and negative on the wrong one. A specimen that
 * only absorbs is its own conjugate, and lies on either side with equal right.
 */
import { gaussianFilter } from "../../array/filters.ts";
import { moments } from "../../array/statistics.ts";
import { type ComplexField, phaseOf } from "../../optics/imaging/complex-field.ts";
import type { RingFit } from "./hologram-rings.ts";
import { unwrapPhase } from "./unwrap-phase.ts";

/** Phases of single pixels are noise: they are blurred by about the finest detail, pixels. */
const detail = 2;

/**
 * Two signs of a dense specimen: rings that lean to the side of one that absorbs as well, and a phase whose few
 * pixels that differ most are ahead. Both weights were fitted to 302 simulated holograms of up to 6 radians (docs/decisions/hologram-focus.md): beyond
 * 4 radians neither tells anything, which is why they are small.
 *
 * @param field the hologram's, sent back by the distance (light has come from the specimen to the camera), two pixels for its
 * finest detail
 * @param rings at that distance
 * @returns probability, 0 to 1, that light has come from the specimen to the recorded plane, whose distance is then negative
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
