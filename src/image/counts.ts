import { ParfocalError } from "../errors.ts";
import type { PixelData, PixelType } from "./image.ts";
import { allocatePixels } from "./image-file.ts";

/**
 * Values as counts of a pixel type: rounded and clipped to its range; float32 as they are.
 * Throws `image.unfit` for NaN where whole numbers are written: there is no count that means it.
 */
export function toCounts(values: Float32Array, dtype: PixelType, path: string): PixelData {
  if (dtype === "float32") return values;
  const counts = allocatePixels(dtype, values.length);
  const most = dtype === "uint8" ? 255 : 65535;
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    counts[i] = value > 0 ? (value < most ? Math.round(value) : most) : 0;
    if (Number.isNaN(value)) {
      throw new ParfocalError(
        "image.unfit",
        `${path}: a value to be written as ${dtype} is NaN (not a number); write float32, or replace it first.`,
        { path, detail: "NaN" },
      );
    }
  }
  return counts;
}

/** The bytes of counts, sharing their memory, in the byte order of this machine. */
export function bytesOf(counts: PixelData): Uint8Array {
  return new Uint8Array(counts.buffer, counts.byteOffset, counts.byteLength);
}
