/** What every transform does with its arrays: check them, carry them into the workspace, and back. */
import { ParfocalError } from "../errors.ts";
import { nextFastSize } from "./fft-sizes.ts";
import { isFastLength, type LineTransform, lineTransform } from "./wasm/line-transform.ts";
import { type Workspace, workspaceOf } from "./wasm/workspace.ts";

/** Arrays that a transform reads and writes. */
export type FftArray = Float32Array | Float64Array;

export function checkedLine(size: number): LineTransform {
  if (isFastLength(size)) return lineTransform(size);
  const next = Number.isFinite(size) ? nextFastSize(size) : 2;
  throw new ParfocalError("usage", `Fourier transform: size ${size} is not 2^a 3^b 5^c; pad to ${next}.`, {
    got: size,
    expected: "2^a 3^b 5^c",
  });
}

export function workspaceFor(...arrays: FftArray[]): Workspace {
  return workspaceOf(arrays.every((array) => array instanceof Float32Array) ? "float32" : "float64");
}

/** Rows of `width` numbers to rows of `pitch`, the rest of them 0. */
export function copyIn(
  memory: FftArray,
  at: number,
  array: FftArray,
  height: number,
  width: number,
  pitch: number,
): void {
  if (pitch === width) memory.set(array, at);
  else {
    for (let y = 0; y < height; y++) {
      memory.set(array.subarray(y * width, (y + 1) * width), at + y * pitch);
      memory.fill(0, at + y * pitch + width, at + (y + 1) * pitch);
    }
  }
}

export function copyOut(
  memory: FftArray,
  at: number,
  array: FftArray,
  height: number,
  width: number,
  pitch: number,
): void {
  if (pitch === width) array.set(memory.subarray(at, at + height * width));
  else for (let y = 0; y < height; y++) array.set(memory.subarray(at + y * pitch, at + y * pitch + width), y * width);
}

export function isZero(array: FftArray, start: number, length: number): boolean {
  for (let i = start; i < start + length; i++) if (array[i] !== 0) return false;
  return true;
}

export function checkLength(name: string, array: FftArray, expected: number): void {
  if (array.length === expected) return;
  throw new ParfocalError("usage", `Fourier transform: ${name} holds ${array.length} numbers, expected ${expected}.`, {
    option: name,
    got: array.length,
    expected: String(expected),
  });
}
