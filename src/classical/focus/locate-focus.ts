/** Finds the focus by a focus curve, as its maximum or minimum, with a confidence. */
import { type BestPlane, bestPlane } from "./best-plane.ts";
import type { FocusMeasure } from "./focus.ts";
import { type FocusFeatures, focusConfidence, focusFeatures } from "./focus-confidence.ts";

export interface LocatedFocus extends BestPlane {
  /**
   * "maximum"; or, for `band_contrast` only, "minimum": between two maxima, for specimens that delay light and hardly
   * absorb it.
   */
  extremum: "maximum" | "minimum";
  /** Probability that the focus lies within one plane of `position`, 0..1 (`focusConfidence`). */
  confidence: number;
  /** The features behind the confidence; undefined for a flat curve. */
  features: FocusFeatures | undefined;
}

/** Minimum ratio of the maxima on both sides to the minimum between them. */
const minDip = 1.3;

/**
 * Finds the focus by one curve.
 * @param curve one value per plane
 * @param signal variance of each plane relative to that of its noise
 * @throws image.unfit as {@link bestPlane}
 */
export function locateFocus(curve: readonly number[], signal: readonly number[], measure: FocusMeasure): LocatedFocus {
  const highest = bestPlane(curve);
  const dip = measure === "band_contrast" ? deepestDip(curve) : undefined;
  if (dip === undefined) {
    const features = focusFeatures(curve, highest.plane, signal[highest.plane], measure);
    return { ...highest, extremum: "maximum", confidence: focusConfidence(features), features };
  }
  // The search for a maximum on the inverted curve finds the vertex; logarithms are used because the sides of a dip are
  // steep.
  const least = 1e-3 * Math.max(...curve);
  const turned = curve.map((value) => -Math.log(Math.max(value, least)));
  const inside = turned.map((value, z) => (z < dip.from || z > dip.to ? Number.NEGATIVE_INFINITY : value));
  const found = bestPlane(inside.slice(dip.from, dip.to + 1));
  const plane = found.plane + dip.from;
  // Between the two maxima, the inverted curve has a single maximum.
  const strong = Math.max(...signal.slice(dip.from, dip.to + 1));
  const between = inside.slice(dip.from, dip.to + 1).map((value) => Math.exp(value));
  const features = focusFeatures(between, found.plane, strong, measure);
  return {
    plane,
    position: found.position + dip.from,
    atEnd: false,
    contrast: dip.depth,
    extremum: "minimum",
    confidence: focusConfidence(features),
    features,
  };
}

/** Maximum confidence at an end of the stack, where the focus may lie outside. */
const maxAtEnd = 0.4;

/**
 * The reported confidence: that of the curve, times a factor that rises from 0 to 1 as the variance of the best plane
 * rises from 1.5 to 4 times that of its noise; at most 0.4 at an end of the stack.
 */
export function cautious({ confidence, atEnd }: LocatedFocus, signal: readonly number[]): number {
  const content = Math.min(1, Math.max(0, (Math.max(...signal) - 1.5) / (4 - 1.5)));
  return Math.min(atEnd ? maxAtEnd : 1, confidence * content);
}

/** Whether the stack has a focus; planes that are constant, identical or pure noise have none. */
export const hasFocus = ({ features, confidence }: Pick<LocatedFocus, "features" | "confidence">): boolean =>
  features !== undefined && confidence > 0;

/** The minimum with the highest ratio of its lower shoulder to it; undefined if no ratio reaches {@link minDip}. */
function deepestDip(curve: readonly number[]): { from: number; to: number; depth: number } | undefined {
  const floor = 1e-3 * Math.max(...curve);
  let best: { from: number; to: number; depth: number } | undefined;
  for (let z = 1; z < curve.length - 1; z++) {
    const from = highestOf(curve, 0, z);
    const to = highestOf(curve, z + 1, curve.length);
    const lower = Math.min(curve[from], curve[to]);
    // A second maximum far lower than the first is a ripple on its flank.
    if (lower < 0.1 * Math.max(curve[from], curve[to])) continue;
    const depth = lower / Math.max(curve[z], floor);
    if (depth >= minDip && (!best || depth > best.depth)) best = { from, to, depth };
  }
  return best;
}

function highestOf(curve: readonly number[], from: number, to: number): number {
  let best = from;
  for (let z = from; z < to; z++) if (curve[z] > curve[best]) best = z;
  return best;
}
