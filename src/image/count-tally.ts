/** What is lost when values become whole counts: pixels outside the range of the counts, and grey levels that rounding takes away. */
import type { PixelData } from "./image.ts";

export interface CountLoss {
  pixels: number;
  /** Share of the pixels more than half a count below 0, which are written as 0. */
  below: number;
  /** Share of the pixels more than half a count above the largest count, which are written as that. */
  above: number;
  /** Share of the pixels that rounding changes by more than a quarter of the image's standard deviation: 0 where that is 2 counts or more. */
  collapsed: number;
  /** Different counts that were written. */
  levels: number;
  /** Smallest and largest value that was given. */
  min: number;
  max: number;
  /** Standard deviation of what could be written, counts. */
  deviation: number;
}

export interface CountTally {
  /** Values, and what was written for them. */
  add(values: Float32Array, counts: PixelData): void;
  result(): CountLoss;
}

/** Rounding errors are sorted by the upper bits of the float32, into steps of 6 %: they may be small beside one another. */
const upperBits = 13;

/** @param most the largest count, 255 or 65535 */
export function createCountTally(most: number): CountTally {
  const errors = new Float64Array(2 ** upperBits);
  const one = new Float32Array(1);
  const word = new Uint32Array(one.buffer);
  const binOf = (error: number): number => {
    one[0] = error;
    return word[0] >>> (32 - upperBits);
  };
  const written = new Uint8Array(most + 1);
  let [pixels, below, above, sum, squares] = [0, 0, 0, 0, 0];
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  // Deviations are summed about the first value: squares of large counts would lose digits.
  let origin: number | undefined;
  return {
    add(values, counts) {
      pixels += values.length;
      for (let i = 0; i < values.length; i++) {
        const value = values[i];
        written[counts[i]] = 1;
        if (value < min) min = value;
        if (value > max) max = value;
        const kept = value < 0 ? 0 : Math.min(value, most);
        origin ??= kept;
        const d = kept - origin;
        sum += d;
        squares += d * d;
        if (value < -0.5) below++;
        else if (value > most + 0.5) above++;
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

/** Losses of fewer pixels than this share are no reason to warn. */
const tolerated = 1e-3;

/** Sentences about what was lost of an output, for the user; none where it was little. */
export function countWarnings(loss: CountLoss, dtype: "uint8" | "uint16", path: string): string[] {
  const { below, above, collapsed, levels, min, max, deviation } = loss;
  const most = dtype === "uint8" ? 255 : 65535;
  const advice = "give `dtype float32` to keep all values, or `rescale` to spread them over all counts";
  const warnings: string[] = [];
  if (below > tolerated || above > tolerated) {
    const parts = [
      ...(below > tolerated
        ? [`${percent(below)} of the pixels lie below 0 (down to ${short(min)}) and become 0`]
        : []),
      ...(above > tolerated
        ? [`${percent(above)} of the pixels lie above ${most} (up to ${short(max)}) and become ${most}`]
        : []),
    ];
    warnings.push(`${path}: ${parts.join(", and ")} in ${dtype}; ${advice}.`);
  }
  if (collapsed > tolerated) {
    const left = levels === 1 ? "1 grey level" : `${levels} grey levels`;
    warnings.push(
      `${path}: rounding to whole counts leaves ${left} of values from ${short(min)} to ${short(max)}, whose standard deviation is ` +
        `${short(deviation)} counts; ${percent(collapsed)} of the pixels lose their detail; ${advice}.`,
    );
  }
  return warnings;
}

function percent(share: number): string {
  const value = 100 * share;
  return `${value >= 10 ? value.toFixed(0) : value.toPrecision(2)} %`;
}

const short = (value: number): string => String(Number(value.toPrecision(4)));
