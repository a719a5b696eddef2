/** An image cut into tiles that overlap: each is deconvolved by itself, and its inner part kept. */
import { requireMemory } from "../../array/require-memory.ts";
import { bytesForImage, bytesForTile, type Work } from "./memory.ts";
import { describeExtent, type Extent } from "./volume.ts";

/** A window of the field, all planes deep, and the part of it that is kept. In pixels of the image. */
export interface Tile {
  y: number;
  x: number;
  height: number;
  width: number;
  keep: { y: number; x: number; height: number; width: number };
}

/** Maximum edge of a tile, pixels: larger arrays do not fit in the caches of the processor. */
const maxEdge = 1024;
/** Minimum edge of a tile, pixels. */
const minEdge = 32;

/**
 * Tiles whose kept parts cover the field once. They overlap by the reach of the PSF, which contains all light that
 * reaches a kept pixel, and by a quarter more for the structures beyond.
 *
 * @param size edge of the kept part in pixels; without it the largest that memory allows, at most 1024 for planes
 * @throws `usage` when tiles of `size`, or even those of 32 pixels, need more than `limit` bytes
 */
export function planTiles(
  image: Extent,
  psf: Extent,
  work: Work,
  limit: number,
  size?: number,
): { tiles: Tile[]; bytes: number } {
  const overlap = Math.ceil(1.25 * Math.max(psf.height - 1, psf.width - 1) * 0.5);
  const bytesOf = (edge: number) => {
    const tile = {
      depth: image.depth,
      height: Math.min(image.height, edge + 2 * overlap),
      width: Math.min(image.width, edge + 2 * overlap),
    };
    return bytesForImage(image) + bytesForTile(tile, psf, work);
  };
  const whole = Math.max(image.height, image.width);
  let edge = size ?? (whole <= maxEdge + 2 * overlap || image.depth > 1 ? whole : maxEdge);
  while (size === undefined && edge > minEdge && bytesOf(edge) > limit)
    edge = Math.max(minEdge, Math.ceil(edge / 1.25));
  const bytes = bytesOf(edge);
  requireMemory({
    what: `Deconvolving ${describeExtent(image)} voxels with a PSF of ${describeExtent(psf)}, in tiles of ${edge} pixels,`,
    bytes,
    allowed: limit,
    advice:
      "a larger `max_memory <GiB>`, a smaller `tile_size <pixels>`, a PSF with fewer planes, or fewer planes of the stack",
    option: "max_memory",
  });
  const tiles: Tile[] = [];
  for (const [y, height] of parts(image.height, edge)) {
    for (const [x, width] of parts(image.width, edge)) {
      const [top, left] = [Math.max(0, y - overlap), Math.max(0, x - overlap)];
      const [bottom, right] = [
        Math.min(image.height, y + height + overlap),
        Math.min(image.width, x + width + overlap),
      ];
      tiles.push({ y: top, x: left, height: bottom - top, width: right - left, keep: { y, x, height, width } });
    }
  }
  return { tiles, bytes };
}

/** [start, length] of as few parts of nearly the same length as will do. */
function parts(length: number, edge: number): [number, number][] {
  const count = Math.ceil(length / edge);
  const at = (i: number) => Math.round((i * length) / count);
  return Array.from({ length: count }, (_, i) => [at(i), at(i + 1) - at(i)]);
}
