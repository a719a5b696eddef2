/**
 * Free-space propagation by the angular spectrum: a field is a sum of plane waves, each of which gains a phase of its
 * own. Exact in scalar theory for every distance, short ones included (Goodman, section 3.10); aliasing at long ones is
 * kept out by a band limit (Matsushima & Shimobaba 2009).
 */

import { createFft2 } from "../../array/fft.ts";
import { requireMemory } from "../../array/require-memory.ts";
import { type CoherentLight, checkDistance, checkLight } from "./coherent-light.ts";
import type { ComplexField } from "./complex-field.ts";
import { cropField, type Edges, frameFor, padField } from "./pad-field.ts";
import { applyTransfer, type TransferFunction, transferFunction } from "./transfer-function.ts";

/** Propagates fields of one size over any distance. The grid wraps. */
export interface Propagator {
  readonly height: number;
  readonly width: number;
  /** The spectrum of a field, in new arrays. */
  spectrum(field: ComplexField): ComplexField;
  /** The field at a distance along the light, um, from the plane of the spectrum. The spectrum is not changed. */
  at(spectrum: ComplexField, distance: number): ComplexField;
  /**
   * The spectrum, at the plane of the spectra, of a field at a distance: the inverse of {@link at}. Overwrites the
   * field.
   */
  back(field: ComplexField, distance: number): ComplexField;
}

/** Maximum number of cached transfer functions; each is as large as a quarter of a field. */
const kept = 8;

/**
 * @param edges "wrap" for periodic fields, for which the grid is exact; otherwise a band limit suppresses light that
 * would wrap round from the other side
 * @throws `usage` for fields too large for the memory, impossible light or a size that is not 2^a 3^b 5^c
 */
export function createPropagator(height: number, width: number, light: CoherentLight, edges: Edges): Propagator {
  checkLight(light);
  requireMemory({
    what: `A field of ${height} x ${width} pixels, including its margin,`,
    // The field, its spectrum and the propagated field, each with a copy, and the cached transfer functions.
    bytes: 8 * height * width * (6 + kept / 4),
    advice: "a region of it, or a shorter distance",
    option: "distance",
  });
  const plan = createFft2(height, width);
  const made = new Map<number, TransferFunction>();
  const transferTo = (distance: number): TransferFunction => {
    checkDistance(distance);
    const known = made.get(Math.abs(distance));
    if (known) return known;
    const transfer = transferFunction(height, width, light, Math.abs(distance), edges !== "wrap");
    const oldest = made.keys().next();
    if (made.size >= kept && !oldest.done) made.delete(oldest.value);
    made.set(Math.abs(distance), transfer);
    return transfer;
  };
  const copy = ({ real, imag }: ComplexField): ComplexField => ({
    real: real.slice(),
    imag: imag.slice(),
    height,
    width,
  });
  return {
    height,
    width,
    spectrum(field) {
      const out = copy(field);
      plan.forward(out.real, out.imag);
      return out;
    },
    at(spectrum, distance) {
      const out = copy(spectrum);
      applyTransfer(out, transferTo(distance), out, distance < 0);
      plan.inverse(out.real, out.imag);
      return out;
    },
    back(field, distance) {
      plan.forward(field.real, field.imag);
      applyTransfer(field, transferTo(distance), field, distance >= 0);
      return field;
    },
  };
}

/**
 * The field at a distance along the light. Any size; the input is not changed.
 *
 * The phase of a plane wave along the axis, 2 pi n d / lambda, is left out, so that an empty field of constant phase
 * does not change.
 *
 * @param distance um; negative towards the source of the light
 * @param edges what lies beyond the edges, default "mirror"
 * @throws `usage` for impossible light, a distance that is not a number, or "wrap" at a size that is not 2^a 3^b 5^c
 */
export function propagate(
  field: ComplexField,
  light: CoherentLight,
  distance: number,
  edges: Edges = "mirror",
): ComplexField {
  checkDistance(distance);
  const frame = frameFor(field, light, distance, edges);
  const propagator = createPropagator(frame.height, frame.width, light, edges);
  return cropField(propagator.at(propagator.spectrum(padField(field, frame, edges)), distance), frame, field);
}
