import type { Stack } from "./image.ts";

/** A part of one axis: from the first number up to, not including, the second. */
export type Span = readonly [number, number];

/** A cuboid cut from `[depth, height, width]` through all planes: `[depth, rows, columns]`, a copy. */
export function cropPlanes(
  data: Float32Array,
  { depth, height, width }: { depth: number; height: number; width: number },
  [y0, y1]: Span,
  [x0, x1]: Span,
): Float32Array {
  const [rows, columns] = [y1 - y0, x1 - x0];
  const out = new Float32Array(depth * rows * columns);
  for (let z = 0; z < depth; z++) {
    for (let y = 0; y < rows; y++) {
      const from = (z * height + y0 + y) * width + x0;
      out.set(data.subarray(from, from + columns), (z * rows + y) * columns);
    }
  }
  return out;
}

/** A part of the field of a stack, through all planes. */
export function cropStack(stack: Stack, rows: Span, columns: Span): Stack {
  const data = cropPlanes(stack.data, stack, rows, columns);
  return { ...stack, data, height: rows[1] - rows[0], width: columns[1] - columns[0] };
}
