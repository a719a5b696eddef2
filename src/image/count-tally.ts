/**
 * Counts what is lost when values are written as whole counts: pixels outside the range, and grey levels lost by
 * rounding.
 */

import type { Warning } from "../warning.ts";
import type { PixelData } from "./image.ts";

export interface CountLoss {
  pixels: number;
  /** Share of the pixels more than half a count below 0, which are written as 0. */
  below: number;
  /** Share of the pixels more than half a count above the largest count, which are written as that. */
  above: number;
  /**
   * Share of the pixels that rounding changes by more than a quarter of the image's standard deviation: 0 where that is
   * 2 counts or more.
   */
  collapsed: number;
  /** Different counts that were written. */
  levels: number;
  /** Smallest and largest value before rounding. */
  min: number;
  max: number;
  /** Standard deviation of the values after clipping, counts. */
  deviation: number;
}

export interface CountTally {
  /** Adds values and the counts that were written for them. */
  add(values: Float32Array, counts: PixelData): void;
  result(): CountLoss;
}

/**
 * Rounding errors are sorted into steps of 6 % by the upper bits of the float32, because their magnitudes vary widely.
 */
const upperBits = 13;

/** @param maxCount the largest count, 255 or 65535 */
export function createCountTally(maxCount: number): CountTally {
  const errors = new Float64Array(2 ** upperBits);
  const one = new Float32Array(1);
  const word = new Uint32Array(one.buffer);
  const binOf = (error: number): number => {
    one[0] = error;
    return word[0] >>> (32 - upperBits);
  };
  const written = new Uint8Array(maxCount + 1);
  let [pixels, below, above, sum, squares] = [0, 0, 0, 0, 0];
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  // Deviations are summed about the first value, because squares of large counts would lose digits.
  let origin: number | undefined;
  return {
    add(values, counts) {
      pixels += values.length;
      for (let i = 0; i < values.length; i++) {
        const value = values[i];
        written[counts[i]] = 1;
        if (value < min) min = value;
        if (value > max) max = value;
        const kept = value < 0 ? 0 : Math.min(value, maxCount);
        origin ??= kept;
        const d = kept - origin;
        sum += d;
        squares += d * d;
        if (value < -0.5) below++;
        else if (value > maxCount + 0.5) above++;
        else errors[binOf(Math.abs(value - counts[i]))]++;
      }
    },
    result() {
      const deviation = Math.sqrt(Math.max(0, squares / pixels - (sum / pixels) ** 2));
      let collapsed = 0;
      for (let bin = binOf(deviation / 4) + 1; bin < errors.length; bin++) collapsed += errors[bin];
      const levels = written.reduce((sum, level) => sum + level, 0);
      const share = (count: number) => (pixels === 0 ? 0 : count / pixels);
      return {
        pixels,
        below: share(below),
        above: share(above),
        collapsed: share(collapsed),
        levels,
        min,
        max,
        deviation,
      };
    },
  };
}

/** Share of lost pixels above which there is a warning. */
const maxUnwarnedShare = 1e-3;

/** Warnings about what was lost in an output; empty if it was little. */
export function countWarnings(loss: CountLoss, dtype: "uint8" | "uint16", path: string): Warning[] {
  const { below, above, collapsed, levels, min, max, deviation } = loss;
  const maxCount = dtype === "uint8" ? 255 : 65535;
  const advice = "give `dtype float32` to keep all values, or `rescale` to spread them over all counts";
  const warnings: Warning[] = [];
  if (below > maxUnwarnedShare || above > maxUnwarnedShare) {
    const parts = [
      ...(below > maxUnwarnedShare
        ? [`${percent(below)} of the pixels lie below 0 (down to ${short(min)}) and become 0`]
        : []),
      ...(above > maxUnwarnedShare
        ? [`${percent(above)} of the pixels lie above ${maxCount} (up to ${short(max)}) and become ${maxCount}`]
        : []),
    ];
    warnings.push({ code: "clipped", text: `${path}: ${parts.join(", and ")} in ${dtype}; ${advice}.` });
  }
  if (collapsed > maxUnwarnedShare) {
    const left = levels === 1 ? "1 grey level" : `${levels} grey levels`;
    warnings.push({
      code: "rounded",
      text:
        `${path}: rounding to whole counts leaves ${left} of the values from ${short(min)} to ${short(max)}, whose standard deviation is ` +
        `${short(deviation)} counts; ${percent(collapsed)} of the pixels lose their detail; ${advice}.`,
    });
  }
  return warnings;
}

function percent(share: number): string {
  const value = 100 * share;
  return `${value >= 10 ? value.toFixed(0) : value.toPrecision(2)} %`;
}

const short = (value: number): string => String(Number(value.toPrecision(4)));
