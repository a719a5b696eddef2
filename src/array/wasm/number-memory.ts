/** The memory of a WebAssembly module, seen as numbers. */
import type { Precision } from "./lanes.ts";

export interface NumberMemory {
  /** Bytes of a number, and numbers of a vector. */
  readonly bytes: 4 | 8;
  readonly lanes: 2 | 4;
  /** The memory as numbers, at least so many of them; what it holds is left from the last use. */
  reserve(numbers: number): Float32Array | Float64Array;
}

export function memoryOf(precision: Precision, memory: WebAssembly.Memory): NumberMemory {
  const single = precision === "float32";
  const bytes = single ? 4 : 8;
  let view: Float32Array | Float64Array | undefined;
  return {
    bytes,
    lanes: single ? 4 : 2,
    reserve(numbers) {
      const missing = numbers * bytes - memory.buffer.byteLength;
      if (missing > 0) memory.grow(Math.ceil(missing / 65536));
      if (view === undefined || view.length * bytes !== memory.buffer.byteLength) {
        view = single ? new Float32Array(memory.buffer) : new Float64Array(memory.buffer);
      }
      return view;
    },
  };
}
