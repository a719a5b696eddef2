/** Resamples whole stacks to the pixel size of a model, as images are resampled when the model is applied. */
import { planeOf, type Stack } from "../../image/image.ts";
import { isSameGrid, pixelGrid, toModelGrid } from "./pixel-grid.ts";

/**
 * Resamples a stack to square pixels of `size` um, plane by plane: interpolates where pixels become smaller, averages
 * where they become larger. The upper and left edges stay in place; at the lower and right edges only whole pixels are
 * kept. Sizes within 2 % count as equal, as when models are applied: such a stack keeps its pixels and is given the new
 * pixel size.
 */
export function resampledStack(stack: Stack, size: number): Stack {
  const grid = pixelGrid(stack.pixelSize, size);
  const pixelSize = { y: size, x: size };
  if (isSameGrid(grid)) return { ...stack, pixelSize };
  const extent = (pixels: number, scale: number): number => Math.max(1, Math.floor(pixels * scale + 1e-6));
  const from = { x: 0, y: 0, width: stack.width, height: stack.height };
  const to = { x: 0, y: 0, width: extent(stack.width, grid.scaleX), height: extent(stack.height, grid.scaleY) };
  const data = new Float32Array(stack.depth * to.height * to.width);
  for (let z = 0; z < stack.depth; z++) {
    data.set(toModelGrid(grid, planeOf(stack, z).data, from, to), z * to.height * to.width);
  }
  return { ...stack, data, height: to.height, width: to.width, pixelSize };
}
