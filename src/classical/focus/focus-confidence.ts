/** The probability that the extremum of a focus curve is the focus, fitted to stacks with known focus. */

import { clamp } from "../../array/clamp.ts";
import { median } from "../../array/statistics.ts";
import type { FocusMeasure } from "./focus.ts";

/** The features of a focus curve whose maximum is assumed to be the focus. */
export interface FocusFeatures {
  /** 1 inside the stack, 0 at an end. */
  inside: number;
  /** log10 of the variance of the plane relative to that of its noise, 0..3. */
  signal: number;
  /** 1 - the highest value at least two planes away (one for a stack of three) relative to the maximum, 0..1. */
  drop: number;
  /**
   * log10 of the height of the maximum above the median, relative to the noise of the curve, 0..3; 0 below five planes.
   */
  prominence: number;
  /** 1 for fewer than five planes, in which noise cannot be separated from the peak. */
  short: number;
  /** 1 for `band_contrast`, which specimens that refract light like a lens can mislead; 0 for other measures. */
  transmitted: number;
}

/** Fitted by bench/focus-confidence.bench.ts, in the order of {@link FocusFeatures}, with the constant last. */
const weights = {
  inside: 0.4,
  signal: 0.89,
  drop: 1.04,
  prominence: -0.37,
  short: 1.62,
  transmitted: -2.89,
  constant: 0.5,
};

/** Maximum confidence: the size of the hold-out set does not support a higher one. */
const [least, most] = [0.01, 0.98];

/**
 * Probability that the focus is within one plane of the maximum of a curve (0..1), a logistic function; 0 without a
 * maximum.
 */
export function focusConfidence(features: FocusFeatures | undefined): number {
  if (features === undefined) return 0;
  const { constant, ...of } = weights;
  const score = (Object.keys(of) as (keyof FocusFeatures)[]).reduce((s, key) => s + of[key] * features[key], constant);
  return Math.min(most, Math.max(least, 1 / (1 + Math.exp(-score))));
}

/** @returns undefined for a curve that is flat or has a single value, which has no maximum */
export function focusFeatures(
  curve: readonly number[],
  plane: number,
  signal: number,
  measure: FocusMeasure,
): FocusFeatures | undefined {
  const [low, high] = [Math.min(...curve), Math.max(...curve)];
  // A maximum within rounding errors does not count.
  if (curve.length < 2 || !(high - low > 1e-6 * Math.abs(high))) return undefined;
  const reach = curve.length < 5 ? 1 : 2;
  const others = curve.filter((_, z) => Math.abs(z - plane) >= reach);
  const rival = Math.max(low, ...others);
  return {
    inside: plane > 0 && plane < curve.length - 1 ? 1 : 0,
    signal: clamp(Math.log10(Math.max(signal, 1)), 0, 3),
    drop: clamp(1 - rival / high, 0, 1),
    prominence: curve.length < 5 ? 0 : clamp(Math.log10(Math.max(prominence(curve), 1)), 0, 3),
    short: curve.length < 5 ? 1 : 0,
    transmitted: measure === "band_contrast" ? 1 : 0,
  };
}

/**
 * (Maximum - median) over the noise of the curve, from its second differences (median absolute; sqrt 6 for white
 * noise).
 */
function prominence(curve: readonly number[]): number {
  const bends = curve.slice(1, -1).map((v, i) => Math.abs(curve[i] - 2 * v + curve[i + 2]));
  const jumps = median(bends) / (0.6745 * Math.sqrt(6));
  const height = Math.max(...curve) - median(curve);
  return height === 0 ? 0 : height / Math.max(jumps, 1e-12 * height);
}
