/** Grey levels that are lost where values of more than 24 bits are read as float32. */
import type { ImageFile } from "./image-file.ts";

/** float32 represents every whole number up to this one. */
const exactUpTo = 2 ** 24;
/** The grey levels of a 16-bit camera. If fewer than these are left, there is a warning. */
const minLevels = 2 ** 16;

/**
 * Warnings about an image whose values are stored with more precision than they are read with, such as uint32 with a
 * large offset; empty for other images.
 * @param extent smallest and largest value that was read
 */
export function levelWarnings(
  { path, storedType }: Pick<ImageFile, "path" | "storedType">,
  { min, max }: { min: number; max: number },
): string[] {
  const largest = Math.max(Math.abs(min), Math.abs(max));
  if (!/^(uint32|int32|uint64|int64|float64)$/.test(storedType ?? "") || !(largest > exactUpTo) || !(max > min))
    return [];
  // The distance between neighbouring float32 numbers at the largest value.
  const gap = 2 ** (Math.floor(Math.log2(largest)) - 23);
  const levels = Math.floor((max - min) / gap) + 1;
  if (levels >= minLevels) return [];
  return [
    `${path}: its ${storedType} values, ${min} to ${max}, are read as float32, whose numbers are ${gap} apart there: at most ${levels} grey levels ` +
      "are left; subtract the offset and save it as uint16 or float32.",
  ];
}
