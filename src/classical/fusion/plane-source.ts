/** A source of the planes of a stack, in memory or in a file, read as bands of rows. */
import { planeOf, type Stack } from "../../image/image.ts";

/** Rows `y0` up to, not including, `y0 + count`. */
export interface Rows {
  y0: number;
  count: number;
}

/** A z-stack that is read by bands, as often as needed. */
export interface PlaneSource {
  readonly depth: number;
  readonly height: number;
  readonly width: number;
  /** Counts of some rows of plane z, float32 `[count, width]`; not to be written to. */
  read(z: number, rows: Rows): Promise<Float32Array>;
}

/** The planes of a stack that is in memory. */
export function stackSource(stack: Stack): PlaneSource {
  const { depth, height, width } = stack;
  return {
    depth,
    height,
    width,
    read: async (z, { y0, count }) => planeOf(stack, z).data.subarray(y0 * width, (y0 + count) * width),
  };
}

/** Bands of at most `count` rows that cover the height, each with up to `reach` more rows on either side. */
export function bandsOf(height: number, count: number, reach: number): { inner: Rows; outer: Rows }[] {
  return Array.from({ length: Math.ceil(height / count) }, (_, i) => {
    const y0 = i * count;
    const inner = { y0, count: Math.min(count, height - y0) };
    const top = Math.max(0, y0 - reach);
    return { inner, outer: { y0: top, count: Math.min(height, y0 + inner.count + reach) - top } };
  });
}
