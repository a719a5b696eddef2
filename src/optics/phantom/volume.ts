/** A specimen as numbers: how much of it is in each voxel of a box whose sides wrap. */

import { requireMemory } from "../../array/require-memory.ts";

/** Where voxels are. Lengths in um. */
export interface VolumeGrid {
  /** Slices, rows and columns. Height and width wrap: what leaves on one side comes in on the other. */
  readonly depth: number;
  readonly height: number;
  readonly width: number;
  /** Width of a voxel; the centre of column 0 and row 0 is at x = y = 0. */
  readonly pixelSize: number;
  /** Distance between slices, each of them a slab of this thickness. */
  readonly sliceStep: number;
  /** z of the centre of slice 0 from the nominal focal plane, up into the sample. */
  readonly bottom: number;
}

/**
 * A specimen: `[depth, height, width]`, mean density of each voxel in 0..1 (1: the material, fully stained). In
 * fluorescence it is the concentration of the dye, in transmitted light the share of the voxel that the material fills.
 */
export interface Volume extends VolumeGrid {
  readonly data: Float32Array;
}

/** A volume of nothing. @throws `usage` for one that memory has no room for */
export function emptyVolume(grid: VolumeGrid): Volume {
  requireMemory({
    what: `A specimen of ${grid.depth} x ${grid.height} x ${grid.width} voxels`,
    bytes: 4 * grid.depth * grid.height * grid.width,
    advice: "a smaller field, coarser pixels, or a flatter specimen",
    option: "size",
  });
  return { ...grid, data: new Float32Array(grid.depth * grid.height * grid.width) };
}
