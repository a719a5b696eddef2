/**
 * The complex field behind several recorded intensities: multi-height phase retrieval. The field is propagated to every
 * plane, where its amplitude is replaced by the measured one, and propagated back; the mean of these fields is the next
 * estimate.
 *
 * Source: Gerchberg & Saxton, Optik 35, 237 (1972), for two planes; Misell, J. Phys. D 6, 2200 (1973), and Greenbaum &
 * Ozcan, Opt. Express 20, 3129 (2012), for several at different heights; here all planes act at once (the averaged
 * projections of Elser, J. Opt. Soc. Am. A 20, 40 (2003)), so that no plane dominates. The first estimate comes from
 * the transport of intensity; without it, low frequencies converge only after hundreds of iterations.
 */
import { breathe } from "../../array/breathe.ts";
import type { Plane } from "../../image/image.ts";
import { createPropagator, type Propagator } from "../../optics/imaging/angular-spectrum.ts";
import type { CoherentLight } from "../../optics/imaging/coherent-light.ts";
import { type ComplexField, fieldOf } from "../../optics/imaging/complex-field.ts";
import { cropField, type Edges, type Frame, frameFor, padArray, padField } from "../../optics/imaging/pad-field.ts";
import { requirePlanes } from "../../optics/imaging/require-planes.ts";
import { preparePlanes, type RecordedPlane } from "./recorded-planes.ts";
import { type TransportOptions, transportOfIntensity } from "./transport-of-intensity.ts";

export interface RecoverOptions extends TransportOptions {
  /** First phase: "transport" of intensity (default), or "flat". */
  start?: "transport" | "flat" | undefined;
  /** Maximum number of iterations; default 20, and 0 returns the first estimate. */
  iterations?: number | undefined;
  /** Tolerance: iterations end when the error falls by less than this share; default 0.002. */
  tolerance?: number | undefined;
  /** What lies beyond the edges; default "mirror". */
  edges?: Edges | undefined;
  /** Positions, um along the light, to which the field will be propagated; they determine its margin. */
  reach?: readonly number[] | undefined;
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: { done: number; total: number }) => void) | undefined;
}

/** A recovered field with its margin, which can be propagated to any position. */
export interface RecoveredField {
  /** Position of the field along the light, um. */
  position: number;
  /**
   * Error of the amplitudes before each iteration and after the last: root mean square over all planes, relative to
   * that of the measured amplitudes.
   */
  errors: number[];
  /** Whether the tolerance was reached. */
  converged: boolean;
  /** The field at a position along the light, um, `[height, width]` of the planes; intensities are about 1. */
  at(position: number): ComplexField;
}

/**
 * @param planes at two or more positions along the light
 * @throws what `preparePlanes` throws; `interrupted`
 */
export async function recoverField(
  planes: readonly RecordedPlane[],
  light: CoherentLight,
  options: RecoverOptions = {},
): Promise<RecoveredField> {
  const { start = "transport", iterations = 20, tolerance = 0.002, edges = "mirror", reach = [] } = options;
  const sorted = preparePlanes(planes, light);
  const guess = transportOfIntensity(sorted, light, options);
  await breathe(options.signal);
  const { position } = guess;
  const places = [...sorted.map((plane) => plane.position), ...reach];
  const frame = frameFor(sorted[0], light, Math.max(...places.map((p) => Math.abs(p - position))), edges);
  requirePlanes(sorted.length + 2 * reach.length + 8, frame);
  const propagator = createPropagator(frame.height, frame.width, light, edges);
  const amplitude: Plane = { ...guess.intensity, data: guess.intensity.data.map(Math.sqrt) };
  const first = start === "flat" ? fieldOf(amplitude) : fieldOf(amplitude, guess.phase);
  await breathe(options.signal);
  let spectrum = propagator.spectrum(padField(first, frame, edges));
  const measured: { distance: number; amplitude: Float32Array }[] = [];
  for (const plane of sorted) {
    await breathe(options.signal);
    const amplitude = padArray(plane.data.map(Math.sqrt), plane, frame, edges);
    measured.push({ distance: plane.position - position, amplitude });
  }

  const errors: number[] = [];
  let converged = false;
  for (let done = 0; ; done++) {
    const { next, error } = await project(propagator, spectrum, measured, frame, sorted[0], options.signal);
    errors.push(error);
    const before = errors.at(-2);
    converged = before !== undefined && before - error < tolerance * before;
    if (done === iterations || converged) break;
    spectrum = next;
    options.onProgress?.({ done: done + 1, total: iterations });
    await breathe(options.signal);
  }
  return {
    position,
    errors,
    converged,
    at: (place) => cropField(propagator.at(spectrum, place - position), frame, sorted[0]),
  };
}

/**
 * One iteration: replaces the amplitude in every plane and propagates back; returns the mean spectrum and the error
 * before.
 */
async function project(
  propagator: Propagator,
  spectrum: ComplexField,
  measured: readonly { distance: number; amplitude: Float32Array }[],
  frame: Frame,
  { height, width }: { height: number; width: number },
  signal: AbortSignal | undefined,
): Promise<{ next: ComplexField; error: number }> {
  const next = {
    ...spectrum,
    real: new Float32Array(spectrum.real.length),
    imag: new Float32Array(spectrum.real.length),
  };
  let [wrong, all] = [0, 0];
  for (const { distance, amplitude } of measured) {
    const field = propagator.at(spectrum, distance);
    const { real, imag } = field;
    for (let y = 0; y < frame.height; y++) {
      const insideY = y >= frame.top && y < frame.top + height;
      for (let x = 0; x < frame.width; x++) {
        const i = y * frame.width + x;
        const length = Math.sqrt(real[i] * real[i] + imag[i] * imag[i]);
        if (insideY && x >= frame.left && x < frame.left + width) {
          wrong += (length - amplitude[i]) ** 2;
          all += amplitude[i] ** 2;
        }
        // A field of 0 has no phase: it gets phase 0.
        const scale = length > 1e-12 ? amplitude[i] / length : 0;
        real[i] = scale === 0 && length <= 1e-12 ? amplitude[i] : real[i] * scale;
        imag[i] *= scale;
      }
    }
    const back = propagator.back(field, distance);
    for (let i = 0; i < real.length; i++) {
      next.real[i] += back.real[i] / measured.length;
      next.imag[i] += back.imag[i] / measured.length;
    }
    await breathe(signal);
  }
  return { next, error: Math.sqrt(wrong / all) };
}
