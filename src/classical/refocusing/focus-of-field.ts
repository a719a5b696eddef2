/**
 * Finds the focus of a coherent field. The criterion depends on the specimen: in focus, amplitude contrast is highest
 * for a specimen that absorbs and lowest for one that only delays light.
 *
 * Sources: Dubois, Schockaert, Callens & Yourassowsky, Opt. Express 14, 5895 (2006): the integral of the amplitude,
 * smallest in focus for amplitude objects and largest for phase objects. Since the power of the light is constant, this
 * is equivalent to the variance of the amplitude with the opposite sign. Zhang, Wang, Wu, Tamamitsu & Ozcan, Opt. Lett.
 * 42, 3824 (2017): sparsity of the gradient (Tamura's coefficient), largest in focus for both.
 */
import { breathe } from "../../array/breathe.ts";
import { upperMedian } from "../../array/statistics.ts";
import { ParfocalError } from "../../errors.ts";
import { createPropagator } from "../../optics/imaging/angular-spectrum.ts";
import type { CoherentLight } from "../../optics/imaging/coherent-light.ts";
import { type ComplexField, intensityOf } from "../../optics/imaging/complex-field.ts";
import { cropField, type Edges, frameFor, padField } from "../../optics/imaging/pad-field.ts";

export const specimenContrasts = ["amplitude", "phase"] as const;
export type SpecimenContrast = (typeof specimenContrasts)[number];

export interface FieldFocusOptions {
  /** Range of distances to search, um along the light. */
  range: readonly [number, number];
  /** Whether the specimen absorbs light (amplitude) or delays it (phase); default: judged from the curves. */
  specimen?: SpecimenContrast | undefined;
  /** Step of the coarse search, um; default a depth of field, at most 160 steps. */
  step?: number | undefined;
  edges?: Edges | undefined;
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: { done: number; total: number }) => void) | undefined;
}

export interface FieldFocus {
  /** From the field to its focus, um along the light. */
  distance: number;
  /** Whether the distance was found for a specimen that absorbs light (amplitude) or delays it (phase). */
  specimen: SpecimenContrast;
  /**
   * 0 to 1: the height of the best distance above the second best, relative to its height above the median of the
   * curve; 0 at an end of the range.
   */
  confidence: number;
  /** The coarse search. */
  curve: { distance: number; amplitudeContrast: number; gradientSparsity: number }[];
}

/**
 * @throws `usage` for an empty range, or impossible light; `image.unfit` for a field without any contrast;
 * `interrupted`
 */
export async function focusOfField(
  field: ComplexField,
  light: CoherentLight,
  options: FieldFocusOptions,
): Promise<FieldFocus> {
  const [low, high] = options.range;
  if (!(Number.isFinite(low) && Number.isFinite(high) && low < high)) {
    const message = `Autofocus: the range ${low} to ${high} um is empty; give the lower distance first, such as -20:20.`;
    throw new ParfocalError("usage", message, { option: "range", got: [low, high], expected: "low:high, um" });
  }
  const edges = options.edges ?? "mirror";
  const frame = frameFor(field, light, Math.max(Math.abs(low), Math.abs(high)), edges);
  const propagator = createPropagator(frame.height, frame.width, light, edges);
  const spectrum = propagator.spectrum(padField(field, frame, edges));
  const judge = (distance: number) => {
    const there = cropField(propagator.at(spectrum, distance), frame, field);
    return { distance, amplitudeContrast: contrastOf(there), gradientSparsity: sparsityOf(there) };
  };

  const steps = Math.min(160, Math.max(12, Math.ceil((high - low) / (options.step ?? depthOfField(light)))));
  const fineRounds = 3;
  const total = steps + 1 + fineRounds * 5;
  let done = 0;
  const visit = async (distance: number) => {
    const judged = judge(distance);
    options.onProgress?.({ done: ++done, total });
    await breathe(options.signal);
    return judged;
  };
  const curve: FieldFocus["curve"] = [];
  for (let i = 0; i <= steps; i++) curve.push(await visit(low + ((high - low) * i) / steps));
  if (!curve.some((point) => point.amplitudeContrast > 1e-6)) {
    const detail = "Autofocus: the field has no contrast at any distance; it is empty or uniform.";
    throw new ParfocalError("image.unfit", detail, { detail });
  }

  const specimen = options.specimen ?? kindOf(curve);
  const sign = specimen === "amplitude" ? 1 : -1;
  const values = curve.map((point) => sign * point.amplitudeContrast);
  const best = indexOfLargest(values);
  const confidence = confidenceOf(values, best);

  // Finer searches around the best distance, then the vertex of a parabola.
  let step = (high - low) / steps;
  let centre = curve[best].distance;
  for (let round = 0; round < fineRounds; round++) {
    step /= 2;
    const near = [-2, -1, 0, 1, 2].map((k) => Math.min(high, Math.max(low, centre + k * step)));
    const scores: number[] = [];
    for (const distance of near) scores.push(sign * (await visit(distance)).amplitudeContrast);
    const top = indexOfLargest(scores);
    centre = near[top];
    if (round === fineRounds - 1 && top > 0 && top < 4)
      centre += step * vertex(scores[top - 1], scores[top], scores[top + 1]);
  }
  return { distance: Math.min(high, Math.max(low, centre)), specimen, confidence, curve };
}

/** Depth of field, um: n lambda / NA^2, with the finest detail that the pixels show where the aperture is not known. */
export function depthOfField({ wavelength, refractiveIndex, pixelSize, na }: CoherentLight): number {
  const aperture = Math.min(na ?? refractiveIndex, wavelength / (2 * pixelSize), refractiveIndex);
  return (refractiveIndex * wavelength) / (aperture * aperture);
}

/** Standard deviation of the amplitude over its mean. */
function contrastOf(field: ComplexField): number {
  const { data } = intensityOf(field);
  let [sum, power] = [0, 0];
  for (const value of data) {
    sum += Math.sqrt(value);
    power += value;
  }
  const mean = sum / data.length;
  return mean > 0 ? Math.sqrt(Math.max(0, power / data.length - mean * mean)) / mean : 0;
}

/** Tamura's coefficient sqrt(deviation / mean) of the length of the complex gradient. */
function sparsityOf({ real, imag, height, width }: ComplexField): number {
  let [sum, square, count] = [0, 0, 0];
  for (let y = 0; y + 1 < height; y++) {
    for (let x = 0; x + 1 < width; x++) {
      const i = y * width + x;
      const [a, b] = [real[i + 1] - real[i], imag[i + 1] - imag[i]];
      const [c, d] = [real[i + width] - real[i], imag[i + width] - imag[i]];
      const length2 = a * a + b * b + c * c + d * d;
      sum += Math.sqrt(length2);
      square += length2;
      count++;
    }
  }
  const mean = sum / count;
  return mean > 0 ? Math.sqrt(Math.sqrt(Math.max(0, square / count - mean * mean)) / mean) : 0;
}

/**
 * At the distance with the sparsest edges, amplitude contrast is above the median of the curve for a specimen that
 * absorbs, and below it for one that does not.
 */
function kindOf(curve: FieldFocus["curve"]): SpecimenContrast {
  const sharpest = curve[indexOfLargest(curve.map((point) => point.gradientSparsity))];
  const middle = upperMedian(curve.map((point) => point.amplitudeContrast));
  return sharpest.amplitudeContrast >= middle ? "amplitude" : "phase";
}

function confidenceOf(values: readonly number[], best: number): number {
  if (best === 0 || best === values.length - 1) return 0;
  const middle = upperMedian(values);
  const others = values.filter((value, i) => {
    // Another local maximum: higher than its neighbours, or at an end.
    return (
      i !== best &&
      value >= (values[i - 1] ?? Number.NEGATIVE_INFINITY) &&
      value >= (values[i + 1] ?? Number.NEGATIVE_INFINITY)
    );
  });
  const height = values[best] - middle;
  return height > 0 ? Math.min(1, (values[best] - Math.max(middle, ...others)) / height) : 0;
}

export function indexOfLargest(values: readonly number[]): number {
  return values.reduce((best, value, i) => (value > values[best] ? i : best), 0);
}

/** Vertex of the parabola through three values at -1, 0, 1. */
export function vertex(a: number, b: number, c: number): number {
  const bend = a - 2 * b + c;
  return bend === 0 ? 0 : Math.max(-1, Math.min(1, (a - c) / (2 * bend)));
}
