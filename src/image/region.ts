import { ParfocalError } from "../errors.ts";
import { extentOf } from "./axes.ts";
import type { ImageInfo } from "./image.ts";
import type { Region } from "./image-file.ts";

/** The region, or the whole plane if none is given. Throws `usage` if it does not lie inside the plane. */
export function checkRegion(info: ImageInfo, region: Region | undefined, path: string): Region {
  const width = extentOf(info, "X");
  const height = extentOf(info, "Y");
  if (!region) return { x: 0, y: 0, width, height };
  const { x, y } = region;
  const whole = [x, y, region.width, region.height].every((value) => Number.isInteger(value) && value >= 0);
  if (whole && region.width > 0 && region.height > 0 && x + region.width <= width && y + region.height <= height) {
    return region;
  }
  throw new ParfocalError(
    "usage",
    `${path} has ${width} x ${height} pixels; the region ${region.width} x ${region.height} at (${x}, ${y}) does not lie inside.`,
    { got: { ...region }, expected: `inside ${width} x ${height}` },
  );
}
