/** Grey levels that are lost where values of more than 24 bits are read as float32. */
import type { ImageFile } from "./image-file.ts";

/** float32 holds whole numbers up to this without a gap. */
const exactUpTo = 2 ** 24;
/** A 16-bit camera has as many: with more left there is nothing to say. */
const enoughLevels = 2 ** 16;

/**
 * Sentences about an image whose values are stored finer than they are read, such as a uint32 with a large offset; none for others.
 * @param extent smallest and largest value that was read
 */
export function levelWarnings(
  { path, storedType }: Pick<ImageFile, "path" | "storedType">,
  { min, max }: { min: number; max: number },
): string[] {
  const largest = Math.max(Math.abs(min), Math.abs(max));
  if (!/^(uint32|int32|uint64|int64|float64)$/.test(storedType ?? "") || !(largest > exactUpTo) || !(max > min))
    return [];
  // Neighbouring float32 numbers differ by this where the largest value lies.
  const gap = 2 ** (Math.floor(Math.log2(largest)) - 23);
  const levels = Math.floor((max - min) / gap) + 1;
  if (levels >= enoughLevels) return [];
  return [
    `${path}: its ${storedType} values, ${min} to ${max}, are read as float32, which steps by ${gap} there: at most ${levels} grey levels ` +
      "are left of them; subtract the offset and save it as uint16 or float32.",
  ];
}
