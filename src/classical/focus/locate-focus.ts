/** Where the focus is by a focus curve, whichever way the measure points, and how likely that is right. */
import { type BestPlane, bestPlane } from "./best-plane.ts";
import type { FocusMeasure } from "./focus.ts";
import { type FocusFeatures, focusConfidence, focusFeatures } from "./focus-confidence.ts";

export interface LocatedFocus extends BestPlane {
  /**
   * "maximum", or, of `band_contrast` alone, "minimum": between two maxima, as of specimens that delay light and hardly absorb it.
   */
  extremum: "maximum" | "minimum";
  /** Chance that the focus lies within one plane of `position`, 0..1 ({@link focusConfidence}). */
  confidence: number;
  /** What the confidence is made of; undefined for a flat curve. */
  features: FocusFeatures | undefined;
}

/** Maxima on both sides must be this many times the minimum between them. */
const minDip = 1.3;

/**
 * The focus by one curve.
 * @param curve one value per plane
 * @param signal variance of each plane over what its noise explains
 * @throws image.unfit as {@link bestPlane}
 */
export function locateFocus(curve: readonly number[], signal: readonly number[], measure: FocusMeasure): LocatedFocus {
  const highest = bestPlane(curve);
  const dip = measure === "band_contrast" ? deepestDip(curve) : undefined;
  if (dip === undefined) {
    const features = focusFeatures(curve, highest.plane, signal[highest.plane], measure);
    return { ...highest, extremum: "maximum", confidence: focusConfidence(features), features };
  }
  // The same search on the curve upside down finds the vertex of the parabola; logarithms, for the sides of a dip are steep.
  const least = 1e-3 * Math.max(...curve);
  const turned = curve.map((value) => -Math.log(Math.max(value, least)));
  const inside = turned.map((value, z) => (z < dip.from || z > dip.to ? Number.NEGATIVE_INFINITY : value));
  const found = bestPlane(inside.slice(dip.from, dip.to + 1));
  const plane = found.plane + dip.from;
  // Between the two maxima the upside-down curve is one with a single maximum.
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

/** At an end of the stack the focus may lie outside, farther than in the stacks that the confidence was fitted on. */
const mostAtEnd = 0.4;

/**
 * The confidence that users are told: that of the curve, none where no plane has more than 1.5 times the variance that its noise explains, all
 * of it from 4 times on, and at most 0.4 at an end of the stack.
 */
export function cautious({ confidence, atEnd }: LocatedFocus, signal: readonly number[]): number {
  const content = Math.min(1, Math.max(0, (Math.max(...signal) - 1.5) / (4 - 1.5)));
  return Math.min(atEnd ? mostAtEnd : 1, confidence * content);
}

/** Whether there is a focus at all: planes that are constant, all alike, or nothing but noise have none. */
export const hasFocus = ({ features, confidence }: Pick<LocatedFocus, "features" | "confidence">): boolean =>
  features !== undefined && confidence > 0;

/** The minimum whose lower shoulder is the most times as high; undefined where none is {@link minDip} times. */
function deepestDip(curve: readonly number[]): { from: number; to: number; depth: number } | undefined {
  const floor = 1e-3 * Math.max(...curve);
  let best: { from: number; to: number; depth: number } | undefined;
  for (let z = 1; z < curve.length - 1; z++) {
    const from = highestOf(curve, 0, z);
    const to = highestOf(curve, z + 1, curve.length);
    const lower = Math.min(curve[from], curve[to]);
    // A second maximum far lower than the first is a ripple of its flank.
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
