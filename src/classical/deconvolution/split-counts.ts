/**
 * Binomial splitting of photon counts: the halves of a Poisson count are Poisson distributed and independent of each
 * other.
 */
import type { Random } from "../../array/random.ts";

/**
 * Minimum count for the normal approximation of the binomial, whose error is then below 1 % of the standard deviation.
 */
const minNormal = 1024;

/**
 * A draw from Binomial(count, 1/2): each photon goes to this half or the other. Below 1024 photons one random bit each.
 *
 * @param count a whole number, 0 or more
 * @returns a whole number in 0..count
 */
export function halfOf(count: number, random: Random): number {
  if (count >= minNormal) {
    const drawn = Math.round(count / 2 + (Math.sqrt(count) / 2) * random.normal());
    return Math.min(count, Math.max(0, drawn));
  }
  let half = 0;
  for (let left = count; left > 0; left -= 32) {
    let word = Math.floor(random.uniform() * 2 ** 32) >>> 0;
    if (left < 32) word >>>= 32 - left;
    half += onesIn(word);
  }
  return half;
}

/** Bits that are 1, counted in parallel. */
function onesIn(word: number): number {
  let w = word - ((word >>> 1) & 0x55555555);
  w = (w & 0x33333333) + ((w >>> 2) & 0x33333333);
  return Math.imul((w + (w >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
