/**
 * Finds the distance of the specimen of an in-line hologram. Usual measures of sharpness are unsuitable: the field of a
 * hologram has an amplitude only, and most measures are largest at distance 0 for this reason
 * (bench/hologram-focus.bench.ts). Two that do not favour 0 are combined: the rings of the hologram's spectrum ({@link
 * hologramRings}), and the sparsity of edges ({@link edgeKurtosis}). Their sum is the logarithm of a probability; its
 * weights were fitted to simulated holograms.
 *
 * The field of a hologram is real, and at -d it is the conjugate of that at d, so only |d| is searched for.
 */

import { breathe } from "../../array/breathe.ts";
import { median, moments } from "../../array/statistics.ts";
import { ParfocalError } from "../../errors.ts";
import { createPropagator } from "../../optics/imaging/angular-spectrum.ts";
import { type CoherentLight, checkLight } from "../../optics/imaging/coherent-light.ts";
import type { ComplexField } from "../../optics/imaging/complex-field.ts";
import { cropField, frameFor, padField } from "../../optics/imaging/pad-field.ts";
import { coarserSpectrum } from "./coarser-spectrum.ts";
import { edgeKurtosis } from "./edge-kurtosis.ts";
import { depthOfField, indexOfLargest, type SpecimenContrast, vertex } from "./focus-of-field.ts";
import { specimenBefore } from "./hologram-direction.ts";
import { hologramRings } from "./hologram-rings.ts";
import { richestPart } from "./richest-part.ts";

export interface HologramFocusOptions {
  /** Range of distances to search, um along the light. */
  range: readonly [number, number];
  /** Whether the specimen absorbs light (amplitude) or delays it (phase); default: judged from the rings. */
  specimen?: SpecimenContrast | undefined;
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: { done: number; total: number }) => void) | undefined;
}

export interface HologramFocus {
  /** From the hologram to its specimen, um along the light. */
  distance: number;
  specimen: SpecimenContrast;
  /**
   * Probability that |distance| is right within half a depth of field; 0 if the best distance is an end of the range.
   */
  confidence: number;
  /**
   * Probability of the sign, 0.5 (either) to 1; undefined if the range holds this distance with one sign only, or the
   * specimen is in focus.
   */
  directionConfidence?: number;
  /** n lambda / NA^2, um, with the largest NA that the hologram shows above its noise. */
  depthOfField: number;
  /** Distances from the hologram without sign, rising; `rings` is 0 to 1, `probability` sums to 1. */
  curve: { distance: number; rings: number; edges: number; probability: number }[];
}

/**
 * Maximum side of the part whose edges are analysed, in halves of the finest detail, to limit the time. Rings are those
 * of the whole hologram.
 */
const maxPart = 256;
/** Maximum number of distances to try; larger ranges need steps wider than half a depth of field. */
const maxSteps = 400;
/** Maximum range, in depths of field. */
const maxDepths = 4000;
/** Offsets of the refined search, in steps from the best distance. */
const refinedOffsets = [-0.75, -0.5, -0.25, 0, 0.25, 0.5, 0.75];
/**
 * Assumed share of rings where none are visible; it and the weight were fitted to 120 simulated holograms
 * (docs/decisions).
 */
const chanceShare = 0.2;
const ringWeight = 14;

/**
 * @param field as `inLineField` makes it of a hologram: its phase is 0
 * @throws `usage` for a range that is empty or far too large, or impossible light; `image.unfit` for a field without
 * any contrast;
 * `interrupted`
 */
export async function focusOfHologram(
  field: ComplexField,
  light: CoherentLight,
  { range, specimen, signal, onProgress }: HologramFocusOptions,
): Promise<HologramFocus> {
  checkLight(light);
  const [low, high] = range;
  checkRange(low, high);
  const nearest = low > 0 ? low : high < 0 ? -high : 0;
  const farthest = Math.max(-low, high);
  const rings = hologramRings(field, light);
  const seen = { ...light, na: light.na ?? Math.min(rings.aperture, 0.99 * light.refractiveIndex) };
  const depth = depthOfField(seen);
  if (farthest > maxDepths * depth) throw tooFar(range, depth);

  checkContrast(field);
  // One pixel for half of the finest detail is sufficient.
  const wanted = Math.max(1, light.wavelength / (4 * seen.na) / light.pixelSize);
  const part = richestPart(field, Math.round(maxPart * wanted));
  const at = sendFrom(part, seen, farthest + depth, wanted);
  const edgesAt = (distance: number) => edgeKurtosis(at(distance));
  const ringsAt = (distance: number) => {
    const { share, cosine } = rings.at(distance);
    const fits = specimen === undefined || (specimen === "amplitude" ? cosine >= 0 : cosine <= 0);
    // Less than half a ring in the whole spectrum looks like the slope of a specimen's own spectrum; the share by
    // chance is used there.
    const visible = Math.min(1, Math.max(0, distance / depth - 0.5));
    return visible * (fits ? share : 0) + (1 - visible) * chanceShare;
  };

  // One depth of field beyond each end, to recognise a best distance there.
  const first = Math.max(0, nearest - depth);
  const span = farthest + depth - first;
  const steps = Math.min(maxSteps, Math.max(8, Math.ceil(span / (0.5 * depth))));
  const step = span / steps;
  const total = steps + 1 + refinedOffsets.length;
  let done = 0;
  const pace = async () => {
    onProgress?.({ done: ++done, total });
    await breathe(signal);
  };
  const distances = Array.from({ length: steps + 1 }, (_, i) => first + i * step);
  const edges: number[] = [];
  for (const distance of distances) {
    edges.push(edgesAt(distance));
    await pace();
  }
  const stand = standOut(edges);
  const scoreOf = (ring: number, edge: number, i: number) => ringWeight * ring + stand(edge, i);
  const shares = distances.map(ringsAt);
  const scores = shares.map((share, i) => scoreOf(share, edges[i], i));
  const best = indexOfLargest(scores);

  // A finer search around the best distance, then the vertex of a parabola. Negative distances mirror positive ones.
  const around: number[] = [];
  for (const offset of refinedOffsets) {
    const distance = Math.abs(distances[best] + offset * step);
    around.push(scoreOf(ringsAt(distance), edgesAt(distance), best));
    await pace();
  }
  const top = indexOfLargest(around);
  const inner = top > 0 && top < refinedOffsets.length - 1;
  const shift = inner
    ? vertex(around[top - 1], around[top], around[top + 1]) * (refinedOffsets[1] - refinedOffsets[0])
    : 0;
  const sharpest = Math.abs(distances[best] + (refinedOffsets[top] + shift) * step);
  const found = Math.min(farthest, Math.max(nearest, sharpest));

  const most = scores[best];
  const odds = scores.map((score) => Math.exp(score - most));
  const sum = odds.reduce((a, b) => a + b, 0);
  const near = odds.reduce((s, odd, i) => (Math.abs(i - best) * step <= 0.51 * Math.max(depth, step) ? s + odd : s), 0);
  const atEnd = sharpest > farthest || sharpest < nearest;
  const inside = (d: number) => d >= low && d <= high;
  const twoSided = found > 0.5 * depth && inside(found) && inside(-found);
  const before = specimenBefore(at(-found), rings.at(found));
  const negative = twoSided ? before >= 0.5 : inside(-found);
  return {
    distance: found === 0 ? 0 : negative ? -found : found,
    specimen: specimen ?? (found < 0.5 * depth || rings.at(found).cosine >= 0 ? "amplitude" : "phase"),
    confidence: atEnd ? 0 : near / sum,
    ...(twoSided && { directionConfidence: Math.max(before, 1 - before) }),
    depthOfField: depth,
    curve: distances.map((distance, i) => ({
      distance,
      rings: shares[i],
      edges: edges[i],
      probability: odds[i] / sum,
    })),
  };
}

/** The field at any distance up to `farthest`, um, on pixels that are about `wider` times as wide. */
function sendFrom(field: ComplexField, light: CoherentLight, farthest: number, wider: number) {
  const frame = frameFor(field, light, farthest, "mirror");
  const whole = createPropagator(frame.height, frame.width, light, "mirror").spectrum(padField(field, frame, "mirror"));
  const { spectrum, factor } = coarserSpectrum(whole, wider);
  const { height, width } = spectrum;
  const propagator = createPropagator(height, width, { ...light, pixelSize: light.pixelSize * factor }, "mirror");
  const [top, left] = [Math.ceil(frame.top / factor), Math.ceil(frame.left / factor)];
  const size = { height: Math.floor(field.height / factor), width: Math.floor(field.width / factor) };
  return (distance: number) => cropField(propagator.at(spectrum, distance), { top, left, height, width }, size);
}

/**
 * The height of a value above the whole curve and above its neighbourhood, each in robust standard deviations, without
 * the part that is expected by chance, and limited to a few, so that a single sharp structure does not decide.
 */
function standOut(curve: readonly number[]): (value: number, i: number) => number {
  const middle = median(Float32Array.from(curve));
  const around = curve.map((_, i) => {
    // Negative distances mirror positive ones.
    const near = Array.from({ length: 17 }, (_, k) => curve[Math.min(curve.length - 1, Math.abs(i + k - 8))]);
    return median(Float32Array.from(near));
  });
  const wide = Math.max(0.15, deviationOf(curve, middle));
  const local = curve.map((value, i) => value - around[i]);
  const centre = median(Float32Array.from(local));
  const narrow = Math.max(0.1, deviationOf(local, centre));
  return (value, i) => Math.min(4, (value - middle) / wide) + Math.min(5, (value - around[i] - centre) / narrow);
}

/** Robust standard deviation, from the median distance to a centre. */
function deviationOf(values: readonly number[], centre: number): number {
  return 1.48 * median(Float32Array.from(values, (value) => Math.abs(value - centre)));
}

function checkRange(low: number, high: number): void {
  if (Number.isFinite(low) && Number.isFinite(high) && low < high) return;
  const message = `Autofocus: the range ${low} to ${high} um is empty; give the lower distance first, such as -20:20.`;
  throw new ParfocalError("usage", message, { option: "range", got: [low, high], expected: "low:high, um" });
}

function tooFar(range: readonly [number, number], depth: number): ParfocalError<"usage"> {
  const most = Number((maxDepths * depth).toPrecision(2));
  const message =
    `Autofocus: the range ${range[0]} to ${range[1]} um reaches more than ${maxDepths} depths of field of ${depth.toPrecision(2)} um; ` +
    `give distances within ${most} um.`;
  return new ParfocalError("usage", message, { option: "range", got: [...range], expected: `within ${most} um` });
}

function checkContrast({ real }: ComplexField): void {
  const { mean, variance } = moments(real);
  if (Math.sqrt(variance) > 1e-6 * mean) return;
  const detail = "Autofocus: the field has no contrast at any distance; it is empty or uniform.";
  throw new ParfocalError("image.unfit", detail, { detail });
}
