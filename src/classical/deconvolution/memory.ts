/** How much memory a deconvolution takes, before it begins. */
import { type Extent, voxelsOf } from "./volume.ts";
import { workingGrid } from "./working-grid.ts";

export type Method = "richardson-lucy" | "wiener" | "consensus";

export interface Work {
  method: Method;
  edges: "extend" | "zero";
  totalVariation: boolean;
  acceleration: boolean;
}

/**
 * Arrays of float32 on the working grid that are alive at once, the spectra and the transform's own memory included.
 */
function arraysOf(work: Work, deep: boolean): number {
  // Half spectra of the estimate and of the PSF, real and imaginary, make one array each.
  const transforms = 2 + (deep ? 0 : 2);
  // Wiener: the image and the ratio of noise to signal.
  if (work.method === "wiener") return transforms + 1.5;
  // Estimate, gain, and a work array; for the consensus one for each half and one for where they agree.
  if (work.method === "consensus") return transforms + 5;
  return transforms + 3 + (work.totalVariation ? 1 : 0) + (work.acceleration ? 2 : 0);
}

/** Bytes for one image, or one tile of it, beside what holds the whole. */
export function bytesForTile(tile: Extent, psf: Extent, work: Work): number {
  const grid = workingGrid(tile, psf, work.method === "richardson-lucy" ? work.edges : "extend");
  // The tile cut out, and its result.
  return 4 * (voxelsOf(grid) * arraysOf(work, grid.depth > 1) + 2 * voxelsOf(tile));
}

/** Bytes for the whole image: what was read, and what is made of it. */
export const bytesForImage = (image: Extent): number => 8 * voxelsOf(image);
