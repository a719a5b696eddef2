/** A stack as an image that can be written. */
import { toCounts } from "./counts.ts";
import type { Image, ImageInfo, Stack } from "./image.ts";

/** Axes, shape and calibration of a stack; a single plane has no Z axis. */
export function infoOfStack(stack: Stack): ImageInfo {
  const { depth, height, width, dtype, pixelSize, zStep, optics } = stack;
  return {
    axes: depth > 1 ? "ZYX" : "YX",
    shape: depth > 1 ? [depth, height, width] : [height, width],
    dtype,
    ...(pixelSize && { pixelSize }),
    ...(zStep !== undefined && { zStep }),
    ...(optics && { optics }),
  };
}

/**
 * The counts of a stack in its own pixel type, rounded and clipped to it.
 * @param path of the file that is written, for messages
 * @throws image.unfit for NaN where whole numbers are stored
 */
export function imageOfStack(stack: Stack, path: string): Image {
  return {
    ...infoOfStack(stack),
    data: toCounts(stack.data, stack.dtype, { path, width: stack.width, height: stack.height }),
  };
}
