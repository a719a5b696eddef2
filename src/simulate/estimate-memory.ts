/** Estimates the memory that a recipe needs, before anything is computed. */
import { requireMemory } from "../array/require-memory.ts";
import type { FieldBox } from "./field-box.ts";
import { heightsToImage } from "./field-planes.ts";
import { imagingModes } from "./modes.ts";
import type { View } from "./resolve-recipe.ts";

/**
 * Allowance for garbage that is not yet collected: bench/simulate-memory.bench.ts found peaks of 0.6 to 1.12 times the
 * arrays.
 */
const garbageFactor = 1.15;

/** Peak memory of one field in bytes, without the program itself. */
export function estimateMemory(view: View, { grid, planes, distances }: FieldBox): number {
  const volume = 4 * grid.depth * grid.height * grid.width;
  const level = planes.map((z) => ({ z, dy: 0, dx: 0, brightness: 1 }));
  const imaged = heightsToImage(view.stage, { grid, planes, distances, origin: 0 }, level).length;
  const modes = view.images.map(({ image }) => imagingModes[image.mode].memory(grid, imaged, distances));
  // For each image the counts and the ground truth, float32.
  const stacks = 8 * view.images.length * planes.length * view.size ** 2;
  // The PSFs of all images are kept; slices are processed for one image at a time.
  return garbageFactor * (volume + modes.reduce((sum, bytes) => sum + bytes, 0) + stacks);
}

/** @throws `usage` with both numbers if the estimate is above `memory`, bytes */
export function refuseTooLarge(view: View, box: FieldBox, memory: number): void {
  const bytes = estimateMemory(view, box);
  const { grid } = box;
  requireMemory({
    what: `Simulation: a field of ${view.planes} planes of ${view.size} x ${view.size} pixels, made of ${grid.depth} slices of ${grid.height} x ${grid.width},`,
    bytes,
    allowed: memory,
    advice: "a smaller size, fewer planes or a thinner specimen",
    option: "size",
  });
}
