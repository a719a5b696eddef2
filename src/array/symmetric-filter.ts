/**
 * Symmetric separable filters with the vectors of the processor. Products and sums are float64 in the order of the
 * plain loops (the middle first, then pairs outwards), so the results are theirs bit by bit.
 */
import type { FloatArray, Grid } from "./grid.ts";
import { type FilterWorkspace, filterWorkspace } from "./wasm/filter-workspace.ts";
import { type Layout, layoutOf, roundUp } from "./wasm/layout.ts";
import { pairSumStep } from "./wasm/pair-sum.ts";

const bytes = 8;
/** Rows are padded to a multiple of this many numbers. */
export const rowStep = pairSumStep({ count: 2 });

/** A symmetric kernel of at least three weights, in the memory of a workspace. Places are indices of numbers. */
export interface PlacedKernel {
  /** Writes the weights; when the layout is complete. */
  fill(memory: FloatArray): void;
  /**
   * out = the weighted sum of rows that begin at `rowAt(offset)`, offset from -radius to radius; `count` is rounded up
   * to {@link rowStep}.
   */
  sum(rowAt: (offset: number) => number, out: number, count: number): void;
}

export function placeKernel(layout: Layout, workspace: FilterWorkspace, kernel: Float64Array): PlacedKernel {
  const radius = (kernel.length - 1) / 2;
  const weights = layout.take(radius + 1);
  const list = layout.take(radius + 1);
  let addresses = new Int32Array(0);
  return {
    fill(memory) {
      memory.set(kernel.subarray(radius), weights);
      addresses = new Int32Array(memory.buffer as ArrayBuffer, list * bytes, kernel.length);
    },
    sum(rowAt, out, count) {
      addresses[0] = bytes * rowAt(0);
      for (let k = 1; k <= radius; k++) {
        addresses[2 * k - 1] = bytes * rowAt(-k);
        addresses[2 * k] = bytes * rowAt(k);
      }
      workspace.pairSum(list * bytes, weights * bytes, out * bytes, radius, Math.ceil(count / rowStep));
    },
  };
}

/** Rows and columns, each from the first to before the last, without overlap. */
export interface NeededSpans {
  y: readonly (readonly [from: number, end: number])[];
  x: readonly (readonly [from: number, end: number])[];
}

/**
 * Filters a grid along y, then along x, with kernels of at least three weights each.
 * @param out receives the result
 * @param rows, columns indices of the rows and columns that lie at -radius .. length - 1 + radius, edges reflected
 * @param needed where the result is needed; elsewhere `out` is not touched
 */
export function filterSymmetric(
  { data, height, width }: Grid<FloatArray>,
  kernels: { y: Float64Array; x: Float64Array },
  rows: Int32Array,
  columns: Int32Array,
  out: FloatArray,
  needed: NeededSpans = { y: [[0, height]], x: [[0, width]] },
): void {
  const [ry, rx] = [kernels.y, kernels.x].map((kernel) => (kernel.length - 1) / 2);
  const workspace = filterWorkspace();
  const layout = layoutOf(workspace);
  const alongY = placeKernel(layout, workspace, kernels.y);
  const alongX = placeKernel(layout, workspace, kernels.x);
  const pitch = roundUp(width, rowStep);
  // The rows that one row of the result needs; reflected ones lie among them.
  const slots = Math.min(2 * ry + 1, height);
  const ring = layout.take(slots * pitch);
  const padded = layout.take(pitch + 2 * rx + rowStep);
  const line = layout.take(pitch);
  const memory = layout.numbers();
  alongY.fill(memory);
  alongX.fill(memory);
  let read = 0;
  for (let y = 0; y < height; y++) {
    for (; read < height && read <= y + ry; read++) {
      memory.set(data.subarray(read * width, (read + 1) * width), ring + (read % slots) * pitch);
    }
    if (!needed.y.some(([from, end]) => y >= from && y < end)) continue;
    alongY.sum((k) => ring + (rows[y + ry + k] % slots) * pitch, padded + rx, width);
    for (let i = 0; i < rx; i++) {
      memory[padded + i] = memory[padded + rx + columns[i]];
      memory[padded + rx + width + i] = memory[padded + rx + columns[rx + width + i]];
    }
    for (const [from, end] of needed.x) {
      alongX.sum((k) => padded + rx + from + k, line, end - from);
      out.set(memory.subarray(line, line + end - from), y * width + from);
    }
  }
}
