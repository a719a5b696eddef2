import type { CountTally } from "./count-tally.ts";
import type { PixelData, PixelType } from "./image.ts";
import { allocatePixels } from "./image-file.ts";
import { type PixelPlace, unfitPixel } from "./pixel-place.ts";

/** The largest count of a pixel type of whole numbers. */
export const largestCount = { uint8: 255, uint16: 65535 } as const;

/**
 * Values as counts of a pixel type: rounded and clipped to its range; float32 as they are.
 * Throws `image.unfit` for NaN where whole numbers are written, because no count can represent it.
 * @param place which pixels they are, for messages
 * @param tally counts what clipping and rounding lose, if given
 */
export function toCounts(values: Float32Array, dtype: PixelType, place: PixelPlace, tally?: CountTally): PixelData {
  if (dtype === "float32") return values;
  const counts = allocatePixels(dtype, values.length);
  const maxCount = largestCount[dtype];
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    counts[i] = value > 0 ? (value < maxCount ? Math.round(value) : maxCount) : 0;
    if (Number.isNaN(value)) {
      throw unfitPixel(value, i, place, `${dtype} has no count for it: write float32, or replace such pixels first`);
    }
  }
  tally?.add(values, counts);
  return counts;
}

/** The bytes of counts, sharing their memory, in the byte order of this machine. */
export function bytesOf(counts: PixelData): Uint8Array {
  return new Uint8Array(counts.buffer, counts.byteOffset, counts.byteLength);
}
