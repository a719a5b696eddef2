/** Distance maps: the refocusing distance of every pixel of an image, um. */

import { ParfocalError } from "../../errors.ts";
import { extentOf } from "../../image/axes.ts";
import { type ImageFile, readFinitePlane } from "../../image/image-file.ts";
import { requirePairable } from "../../image/pairable.ts";
import type { ReadRegion } from "./mirrored-region.ts";

/**
 * A tilted plane through the middle of the image, as for a tilted coverslip.
 * @param rise change of distance from the left to the right edge (x) and from the upper to the lower edge (y), um; the
 *   distance in the middle is 0
 */
export function tiltedSurface(rise: { x: number; y: number }, size: { width: number; height: number }): ReadRegion {
  const along = (at: number, extent: number) => (extent > 1 ? at / (extent - 1) - 0.5 : 0);
  return async (region) => {
    const map = new Float32Array(region.width * region.height);
    for (let y = 0; y < region.height; y++) {
      const fromRows = rise.y * along(region.y + y, size.height);
      for (let x = 0; x < region.width; x++) {
        map[y * region.width + x] = fromRows + rise.x * along(region.x + x, size.width);
      }
    }
    return map;
  };
}

/**
 * A distance map from an image file of one plane with as many pixels as the image, whose values are in um.
 * @param size size of the image, and its pixel size in um where it is known
 * @throws image.unfit for a map of another size or other pixels, or with several planes or channels
 */
export function surfaceOf(
  map: ImageFile,
  size: { width: number; height: number; pixelSize?: { y: number; x: number } | undefined },
): ReadRegion {
  const planes = extentOf(map, "C") * extentOf(map, "Z") * extentOf(map, "T") * extentOf(map, "S");
  const [width, height] = [extentOf(map, "X"), extentOf(map, "Y")];
  if (planes > 1 || width !== size.width || height !== size.height) {
    const detail = `${width} x ${height} pixels and ${planes} planes, expected ${size.width} x ${size.height} and one`;
    throw new ParfocalError(
      "image.unfit",
      `${map.path}: the distance map does not fit the image; it has ${detail}. Give one float32 plane in um.`,
      { path: map.path, detail },
    );
  }
  const { pixelSize } = map;
  requirePairable([map.path, { depth: 1, height, width, pixelSize }], ["the image", { ...size, depth: 1 }]);
  return (region) => readFinitePlane(map, {}, region);
}
