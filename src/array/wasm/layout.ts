/** Hands out parts of a workspace's memory, one behind the other, each at a vector's boundary. */
import type { NumberMemory } from "./number-memory.ts";

export interface Layout {
  /** Index of the first of `count` numbers. */
  take(count: number): number;
  /** The memory, large enough for all that was taken. */
  numbers(): Float32Array | Float64Array;
}

export function layoutOf(workspace: Pick<NumberMemory, "reserve">): Layout {
  // The first bytes stay free: unpacking a line shorter than a vector reaches below its beginning.
  let used = 64;
  return {
    take(count) {
      const start = used;
      used += roundUp(count, 16);
      return start;
    },
    numbers: () => workspace.reserve(used),
  };
}

export function roundUp(n: number, to: number): number {
  return Math.ceil(n / to) * to;
}
