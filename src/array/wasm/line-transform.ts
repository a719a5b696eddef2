/** Transforms many lines of one length at once, in a workspace. */
import { type Radix, radices } from "./butterfly.ts";
import type { Workspace } from "./workspace.ts";

/** Lines that stand side by side: number i of all of them is row i. Addresses and pitch in bytes. */
export interface Lines {
  real: number;
  imag: number;
  /** From row to row. */
  pitch: number;
  /** Width in vectors: as many lines as they have lanes. */
  vectors: number;
}

/** How a length is transformed; plain numbers, for any workspace. */
export interface LineTransform {
  readonly length: number;
  readonly radices: readonly Radix[];
  /** Real and imaginary parts in the order of their use. */
  readonly twiddles: Float64Array;
}

/** Only for lengths 2^a 3^b 5^c. */
export function lineTransform(length: number): LineTransform {
  const chosen: Radix[] = [];
  let rest = length;
  for (const radix of [5, 3, 4, 2] as const) {
    for (; rest % radix === 0; rest /= radix) chosen.push(radix);
  }
  const twiddles: number[] = [];
  let left = length;
  for (const radix of chosen) {
    const count = left / radix;
    for (let p = 0; p < count; p++) {
      for (let k = 1; k < radix; k++) {
        const angle = (-2 * Math.PI * ((p * k) % left)) / left;
        twiddles.push(Math.cos(angle), Math.sin(angle));
      }
    }
    left = count;
  }
  return { length, radices: chosen, twiddles: Float64Array.from(twiddles) };
}

/** Can it be divided into the radices? */
export function isFastLength(n: number): boolean {
  if (!Number.isInteger(n) || n < 1) return false;
  let rest = n;
  for (const radix of radices) while (rest % radix === 0) rest /= radix;
  return rest === 1;
}

/** Numbers of the scratch that {@link transformLines} needs. */
export function scratchNumbers(transform: LineTransform, vectors: number, lanes: number): number {
  return 4 * transform.length * vectors * lanes;
}

/**
 * Transforms in place, without scaling; backwards where real and imaginary part change places (in `lines`, both ways).
 *
 * @param twiddles address of the twiddles
 * @param scratch address of {@link scratchNumbers} numbers
 */
export function transformLines(
  { kernels, bytes }: Workspace,
  transform: LineTransform,
  lines: Lines,
  twiddles: number,
  scratch: number,
): void {
  const width = lines.vectors * 16;
  const buffer = transform.length * width;
  const buffers = [0, 1].map((i) => ({
    real: scratch + 2 * i * buffer,
    imag: scratch + (2 * i + 1) * buffer,
    pitch: width,
  }));
  let left = transform.length;
  let interleaved = 1;
  let factors = twiddles;
  let source: Omit<Lines, "vectors"> = lines;
  const last = transform.radices.length - 1;
  transform.radices.forEach((radix, i) => {
    const target = i === last ? lines : buffers[i % 2];
    const m = left / radix;
    // Rows without gaps between them are one long row.
    const long = source.pitch === width && target.pitch === width ? interleaved : 1;
    const pass = kernels.passes.get(m === 1 ? `pass${radix}Bare` : `pass${radix}`);
    pass?.(
      source.real,
      source.imag,
      target.real,
      target.imag,
      factors,
      m,
      interleaved / long,
      lines.vectors * long,
      interleaved * source.pitch,
      source.pitch,
      interleaved * m * source.pitch,
      radix * interleaved * target.pitch,
      target.pitch,
      interleaved * target.pitch,
    );
    factors += 2 * (radix - 1) * m * bytes;
    left = m;
    interleaved *= radix;
    source = target;
  });
}
