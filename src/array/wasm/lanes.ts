/** Vectors of 128 bits: four float32 or two float64 numbers, the same operations for both. */
import { type Code, unsigned } from "./assembler.ts";

export type Precision = "float32" | "float64";

/** Expressions over vectors. Addresses are integers, offsets constants, both in bytes. */
export interface Lanes {
  /** Numbers in a vector, and bytes of a number. */
  readonly count: 2 | 4;
  readonly bytes: 4 | 8;
  load(address: Code, offset?: number): Code;
  /** One number into every lane. */
  loadSplat(address: Code, offset?: number): Code;
  store(address: Code, value: Code, offset?: number): Code;
  add(a: Code, b: Code): Code;
  subtract(a: Code, b: Code): Code;
  multiply(a: Code, b: Code): Code;
  negate(a: Code): Code;
  constant(value: number): Code;
  /** Takes `chosen` out of the numbers of a, then those of b. */
  shuffle(a: Code, b: Code, chosen: readonly number[]): Code;
}

const simd = (opcode: number): number[] => [0xfd, ...unsigned(opcode)];

export function lanesOf(precision: Precision): Lanes {
  const single = precision === "float32";
  const bytes = single ? 4 : 8;
  // Arithmetic opcodes: f32x4 in Core 2.0 begin at 0xe1 (neg), f64x2 at 0xed.
  const [negate, plus, minus, times] = single ? [0xe1, 0xe4, 0xe5, 0xe6] : [0xed, 0xf0, 0xf1, 0xf2];
  const memory = (opcode: number, align: number, offset: number) => [...simd(opcode), align, ...unsigned(offset)];
  return {
    count: single ? 4 : 2,
    bytes,
    load: (address, offset = 0) => [...address, ...memory(0x00, 4, offset)],
    loadSplat: (address, offset = 0) => [...address, ...memory(single ? 0x09 : 0x0a, single ? 2 : 3, offset)],
    store: (address, value, offset = 0) => [...address, ...value, ...memory(0x0b, 4, offset)],
    add: (a, b) => [...a, ...b, ...simd(plus)],
    subtract: (a, b) => [...a, ...b, ...simd(minus)],
    multiply: (a, b) => [...a, ...b, ...simd(times)],
    negate: (a) => [...a, ...simd(negate)],
    constant(value) {
      const numbers = single ? new Float32Array(4).fill(value) : new Float64Array(2).fill(value);
      return [...simd(0x0c), ...new Uint8Array(numbers.buffer)];
    },
    shuffle(a, b, chosen) {
      const places = chosen.flatMap((lane) => Array.from({ length: bytes }, (_, i) => lane * bytes + i));
      return [...a, ...b, ...simd(0x0d), ...places];
    },
  };
}
