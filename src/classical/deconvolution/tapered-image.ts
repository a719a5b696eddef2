/** An image on a larger grid that wraps, without a step where its sides meet. */
import { reflectedIndex } from "../../array/reflected-index.ts";
import { type Extent, type Volume, voxelsOf } from "./volume.ts";

/**
 * The image at index 0 of the grid; behind each of its sides the mirrored image fades into the mirrored image of the
 * side that comes next after the wrap, half a cosine wide as the room between them.
 */
export function taperedImage(image: Volume, grid: Extent): Float32Array {
  let size: Extent = { depth: image.depth, height: image.height, width: image.width };
  let data = image.data;
  for (const axis of ["width", "height", "depth"] as const) {
    if (grid[axis] === size[axis]) continue;
    data = extended(data, size, axis, grid[axis]);
    size = { ...size, [axis]: grid[axis] };
  }
  return data === image.data ? data.slice() : data;
}

function extended(data: Float32Array, size: Extent, axis: keyof Extent, length: number): Float32Array {
  const from = size[axis];
  const inner = axis === "depth" ? size.height * size.width : axis === "height" ? size.width : 1;
  const outer = voxelsOf(size) / (from * inner);
  const out = new Float32Array(outer * length * inner);
  const room = length - from;
  for (let i = 0; i < length; i++) {
    const beyond = i - from;
    // Half a voxel is at the border: what follows is mirrored about it, what precedes the next turn as well.
    const ahead = reflectedIndex(i, from);
    const behind = reflectedIndex(i - length, from);
    const fade = beyond < 0 ? 0 : 0.5 - 0.5 * Math.cos((Math.PI * (beyond + 0.5)) / room);
    for (let o = 0; o < outer; o++) {
      const target = (o * length + i) * inner;
      const a = (o * from + ahead) * inner;
      const b = (o * from + behind) * inner;
      if (fade === 0) out.set(data.subarray(a, a + inner), target);
      else for (let k = 0; k < inner; k++) out[target + k] = (1 - fade) * data[a + k] + fade * data[b + k];
    }
  }
  return out;
}
