/** What a recipe needs of the machine, before anything is computed. */
import { requireMemory } from "../array/require-memory.ts";
import type { FieldBox } from "./field-box.ts";
import { heightsToImage } from "./field-planes.ts";
import { imagingModes } from "./modes.ts";
import type { View } from "./resolve-recipe.ts";

/** What is not yet collected comes on top: bench/simulate-memory.bench.ts found peaks of 0.6 to 1.12 times the arrays. */
const garbage = 1.15;

/** Bytes that a field takes at its highest, beside the program itself. */
export function estimateMemory(view: View, { grid, planes, distances }: FieldBox): number {
  const volume = 4 * grid.depth * grid.height * grid.width;
  const level = planes.map((z) => ({ z, dy: 0, dx: 0, brightness: 1 }));
  const imaged = heightsToImage(view.stage, { grid, planes, distances, origin: 0 }, level).length;
  const modes = view.images.map(({ image }) => imagingModes[image.mode].memory(grid, imaged, distances));
  // For each image the counts and their truth, float32.
  const stacks = 8 * view.images.length * planes.length * view.size ** 2;
  // PSFs are kept by image; what works on the slices is one image at a time.
  return garbage * (volume + modes.reduce((sum, bytes) => sum + bytes, 0) + stacks);
}

/** @throws `usage` with both figures when the estimate is above `memory`, bytes */
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
