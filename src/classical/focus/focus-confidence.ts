/** The chance that a focus curve's extremum is the focus, as it turned out on stacks whose focus is known. */

import { clamp } from "../../array/clamp.ts";
import { median } from "../../array/statistics.ts";
import type { FocusMeasure } from "./focus.ts";

/** What is looked at, all of it from one curve whose maximum is taken for the focus. */
export interface FocusFeatures {
  /** 1 inside the stack, 0 at an end. */
  inside: number;
  /** log10 of the plane's variance over what its noise explains, 0..3. */
  signal: number;
  /** 1 - the highest value two and more planes away (one, of three planes) over the maximum, 0..1. */
  drop: number;
  /** log10 of how far the maximum stands out of the median, over how much the curve jumps from plane to plane, 0..3; 0 below five planes. */
  prominence: number;
  /** 1 for fewer than five planes, whose jumps cannot be told from their peak. */
  short: number;
  /** 1 of `band_contrast`, which specimens that bend light as objectives do can deceive; 0 of other measures. */
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

/** Confidence never reaches what a hold-out set of this size could not show. */
const [least, most] = [0.01, 0.98];

/** Chance that the focus is within one plane of a curve's maximum (0..1): a logistic function. 0 where there is no maximum. */
export function focusConfidence(features: FocusFeatures | undefined): number {
  if (features === undefined) return 0;
  const { constant, ...of } = weights;
  const score = (Object.keys(of) as (keyof FocusFeatures)[]).reduce((s, key) => s + of[key] * features[key], constant);
  return Math.min(most, Math.max(least, 1 / (1 + Math.exp(-score))));
}

/** @returns undefined for a curve that is flat or has one value: there is no maximum */
export function focusFeatures(
  curve: readonly number[],
  plane: number,
  signal: number,
  measure: FocusMeasure,
): FocusFeatures | undefined {
  const [low, high] = [Math.min(...curve), Math.max(...curve)];
  // A maximum of rounding errors is none.
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

/** (Maximum - median) over the noise of the curve, from its second differences (median absolute; sqrt 6 for white noise). */
function prominence(curve: readonly number[]): number {
  const bends = curve.slice(1, -1).map((v, i) => Math.abs(curve[i] - 2 * v + curve[i + 2]));
  const jumps = median(bends) / (0.6745 * Math.sqrt(6));
  const height = Math.max(...curve) - median(curve);
  return height === 0 ? 0 : height / Math.max(jumps, 1e-12 * height);
}
