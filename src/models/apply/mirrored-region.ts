import type { Region } from "../../image/image-file.ts";

/** Reads a rectangle of a plane that lies inside it: float32 `[y, x]`. */
export type ReadRegion = (region: Region) => Promise<Float32Array>;

/**
 * Reads a rectangle that may extend beyond the edges: outside, the plane is mirrored about the centre of its border
 * pixels, as often as needed.
 */
export async function readMirrored(
  read: ReadRegion,
  size: { width: number; height: number },
  region: Region,
): Promise<Float32Array> {
  const columns = mirroredIndices(region.x, region.width, size.width);
  const rows = mirroredIndices(region.y, region.height, size.height);
  const [left, right] = [Math.min(...columns), Math.max(...columns)];
  const [top, bottom] = [Math.min(...rows), Math.max(...rows)];
  const width = right - left + 1;
  const inside = await read({ x: left, y: top, width, height: bottom - top + 1 });
  const within = (start: number, count: number, extent: number): boolean => start >= 0 && start + count <= extent;
  if (within(region.x, region.width, size.width) && within(region.y, region.height, size.height)) return inside;
  const out = new Float32Array(region.width * region.height);
  for (let y = 0; y < region.height; y++) {
    const row = (rows[y] - top) * width - left;
    for (let x = 0; x < region.width; x++) out[y * region.width + x] = inside[row + columns[x]];
  }
  return out;
}

/** For each of `count` positions starting at `start`, the index in 0..extent-1 that it mirrors to. */
function mirroredIndices(start: number, count: number, extent: number): number[] {
  const period = Math.max(1, 2 * (extent - 1));
  return Array.from({ length: count }, (_, i) => {
    const folded = (((start + i) % period) + period) % period;
    return folded < extent ? folded : period - folded;
  });
}
