/**
 * The box that a specimen is drawn in. It is larger than the field, so that light from the surroundings reaches the
 * field.
 */
import { nextFastSize } from "../array/fft.ts";
import { ParfocalError } from "../errors.ts";
import type { VolumeGrid } from "../optics/phantom/volume.ts";
import type { View } from "./resolve-recipe.ts";
import { phantomOf, type StackFiles } from "./specimen-phantom.ts";

const maxSide = 2 ** 16;

export interface FieldBox {
  grid: VolumeGrid;
  /** First row and column of the field, which lies in the middle of the box. */
  origin: number;
  /** Focal planes, um from z = 0; all lie on slices. */
  planes: number[];
  /** Number of distances between slices and planes, in slices. */
  distances: number;
}

/** @throws `usage` for a specimen that cannot be drawn, or a box above {@link maxSide} voxels along an axis */
export function fieldBox(view: View, stacks: StackFiles): FieldBox {
  const { size, pixelSize, zStep, planes, focusPlane, phantom: specimen } = view;
  // Slices thinner than half the finest axial period. Measured at NA 0.8 with 1 um steps (slices of 0.5 um): four times
  // thinner slices change planes by 0.4 % RMS (solid beads) to 1.5 % (speckles), less than the photon noise.
  const period = Math.min(...view.images.map(({ model }) => model.axialPeriod));
  const slicesPerStep = Math.ceil(zStep / (0.4 * period) - 1e-9);
  const sliceStep = zStep / slicesPerStep;
  const { phantom, options } = phantomOf(specimen, stacks);
  const [low, high] = phantom.extent(options);
  const [first, last] = [Math.floor(low / sliceStep), Math.ceil(high / sliceStep)];
  // The range of the stage, including its position errors.
  const { z_scale: scale, z_error: error } = view.stage;
  const bottom = -focusPlane * zStep * scale - 3 * error;
  const top = (planes - 1 - focusPlane) * zStep * scale + 3 * error;
  const farthest = Math.max(high - bottom, top - low, 0);
  // The box wraps. A margin as wide as the blur keeps light from the opposite side out of the field.
  const margins = view.images.map(({ model }) => model.radius(farthest) + (10 * model.wavelength) / model.na);
  const side = size + Math.ceil(Math.max(...margins) / pixelSize);
  const slices = last - first + 1;
  // A limit beyond any memory; smaller boxes are compared with the memory of the machine later.
  if (!(side <= maxSide && planes <= maxSide && slices <= maxSide)) {
    const message = `Simulation: ${planes} planes of ${side} x ${side} pixels, made of ${slices} slices, are too many; give a smaller size, fewer planes or a thinner specimen.`;
    throw new ParfocalError("usage", message, {
      option: "size",
      got: size,
      expected: `a box of at most ${maxSide} pixels`,
    });
  }
  const world = nextFastSize(side);
  return {
    grid: { depth: slices, height: world, width: world, pixelSize, sliceStep, bottom: first * sliceStep },
    origin: Math.floor((world - size) / 2),
    planes: Array.from({ length: planes }, (_, z) => Number(((z - focusPlane) * zStep).toFixed(9))),
    distances: Math.ceil((high - low + top - bottom) / sliceStep) + 2,
  };
}
