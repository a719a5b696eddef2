/** Sizes that are transformed fast. */
import { isFastLength } from "./wasm/line-transform.ts";

/** The smallest power of two that is at least `n` (1 for n <= 1). */
export function nextPowerOfTwo(n: number): number {
  let power = 1;
  while (power < n) power *= 2;
  return power;
}

/** Is `n` an even number 2^a 3^b 5^c? */
export function isFastSize(n: number): boolean {
  return n % 2 === 0 && isFastLength(n);
}

/** The smallest even number 2^a 3^b 5^c that is at least `n`: a size that is transformed fast. */
export function nextFastSize(n: number): number {
  let size = Math.max(2, 2 * Math.ceil(n / 2));
  while (!isFastSize(size)) size += 2;
  return size;
}
