/** The density of a specimen in the voxels of a box whose sides wrap. */

import { requireMemory } from "../../array/require-memory.ts";

/** A grid of voxels. Lengths in um. */
export interface VolumeGrid {
  /** Numbers of slices, rows and columns. The volume is periodic along y and x. */
  readonly depth: number;
  readonly height: number;
  readonly width: number;
  /** Width of a voxel; the centre of column 0 and row 0 is at x = y = 0. */
  readonly pixelSize: number;
  /** Distance between slices, each of them a slab of this thickness. */
  readonly sliceStep: number;
  /** z of the centre of slice 0 from the nominal focal plane, up into the specimen. */
  readonly bottom: number;
}

/**
 * A specimen: `[depth, height, width]`, mean density of each voxel in 0..1 (1: the material, fully stained). In
 * fluorescence it is the concentration of the dye, in transmitted light the share of the voxel that the material fills.
 */
export interface Volume extends VolumeGrid {
  readonly data: Float32Array;
}

/** An empty volume. @throws `usage` if the memory is too small for it */
export function emptyVolume(grid: VolumeGrid): Volume {
  requireMemory({
    what: `A specimen of ${grid.depth} x ${grid.height} x ${grid.width} voxels`,
    bytes: 4 * grid.depth * grid.height * grid.width,
    advice: "a smaller field, coarser pixels, or a thinner specimen",
    option: "size",
  });
  return { ...grid, data: new Float32Array(grid.depth * grid.height * grid.width) };
}
