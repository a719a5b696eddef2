/** The middle of every field, in which a validator judges a network. */
import type { Plane } from "../../image/image.ts";
import type { Region } from "../../image/image-file.ts";
import { readMirrored } from "../../models/apply/mirrored-region.ts";
import { crop } from "../../models/apply/pixel-grid.ts";

interface Field {
  height: number;
  width: number;
}

/** A window in the middle of a field, of one size for all sources. */
export interface CentralWindow extends Field {
  /** What the network sees: the window and a margin on every side, relative to the window. */
  seen: Region;
  /** The window of plane z of a source: `data` is `[depth, height, width]`. */
  planeOf(source: Field, data: Float32Array, z: number): Plane;
  /** The window, mirrored at its edges, as the network sees it: the size of `seen`. */
  withMargin(data: Float32Array): Promise<Float32Array>;
  /** The window without the margin, of an output of the size of `seen`. */
  withoutMargin(data: Float32Array): Float32Array;
}

/**
 * @param maxSide largest side of the window, pixels; it is smaller where a source is
 * @param margin pixels; more is added on the right and below, up to a multiple of `alignment`
 */
export function centralWindow(
  sources: readonly Field[],
  { maxSide, alignment, margin = 2 * alignment }: { maxSide: number; alignment: number; margin?: number | undefined },
): CentralWindow {
  const height = Math.min(maxSide, ...sources.map((source) => source.height));
  const width = Math.min(maxSide, ...sources.map((source) => source.width));
  const window: Region = { x: 0, y: 0, width, height };
  const aligned = (side: number): number => Math.ceil((side + 2 * margin) / alignment) * alignment;
  const seen: Region = { x: -margin, y: -margin, width: aligned(width), height: aligned(height) };
  return {
    height,
    width,
    seen,
    planeOf(source, data, z) {
      const size = source.height * source.width;
      const field = { x: 0, y: 0, width: source.width, height: source.height };
      const x = Math.floor((source.width - width) / 2);
      const y = Math.floor((source.height - height) / 2);
      return { data: crop(data.subarray(z * size, (z + 1) * size), field, { x, y, width, height }), height, width };
    },
    withMargin: (data) => readMirrored(async (region) => crop(data, window, region), window, seen),
    withoutMargin: (data) => crop(data, seen, window),
  };
}
