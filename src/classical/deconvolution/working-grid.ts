/** The grid on which convolutions are computed: the image in its corner, room for light from outside round it. */
import { nextFastSize } from "../../array/fft.ts";
import type { Extent } from "./volume.ts";

/**
 * Smallest fast sizes that hold the image and, on both sides of it, everything that the PSF brings into it: N + P - 1.
 * The grid wraps, so the room behind the image is that in front of it as well.
 *
 * @param edges `zero` leaves room on one side only: enough where nothing lies outside the image
 */
export function workingGrid(image: Extent, psf: Extent, edges: "extend" | "zero"): Extent {
  const side = (n: number, p: number) => {
    const reach = (p - 1) / 2;
    const least = n + (edges === "extend" ? 2 : 1) * reach;
    return least === 1 ? 1 : nextFastSize(least);
  };
  return {
    depth: side(image.depth, psf.depth),
    height: side(image.height, psf.height),
    width: side(image.width, psf.width),
  };
}
