/**
 * On which side of an in-line hologram its specimen lies. The light of a specimen t at d and of its conjugate t* at -d have the same
 * intensity, whatever t is: the hologram itself cannot tell. Only what is known of specimens can: where they delay light, they
 * do so more than their medium, so that their phase is positive on the right side and negative on the wrong one. A specimen that
 * only absorbs is its own conjugate, and lies on either side with equal right.
 */
import { gaussianFilter } from "../../array/filters.ts";
import { moments } from "../../array/statistics.ts";
import type { ComplexField } from "../../optics/imaging/complex-field.ts";
import type { RingFit } from "./hologram-rings.ts";

/**
 * Two signs of a dense specimen: rings that lean to the side of one that absorbs as well, and a phase whose few
 * pixels that differ most are ahead. Both weights were fitted to 142 simulated holograms (docs/decisions/hologram-focus.md).
 *
 * @param field the hologram's, sent back by the distance (light has come from the specimen to the camera)
 * @param rings at that distance
 * @param detail size of the finest detail, pixels: phases of single pixels are noise
 * @returns probability, 0 to 1, that light has come from the specimen to the recorded plane, whose distance is then negative
 */
export function specimenBefore(field: ComplexField, { cosine, sine }: RingFit, detail: number): number {
  const length = Math.hypot(cosine, sine) + 0.02;
  const lean = -sine / length;
  const delays = (1 - cosine / length) / 2;
  const { height, width } = field;
  const imag = gaussianFilter({ data: Float32Array.from(field.imag), height, width }, detail).data;
  const { mean, variance } = moments(imag);
  const skewness = imag.reduce((sum, v) => sum + (v - mean) ** 3, 0) / imag.length / Math.max(variance ** 1.5, 1e-30);
  return 1 / (1 + Math.exp(-(4 * lean + delays * Math.max(-3, Math.min(3, skewness)))));
}
