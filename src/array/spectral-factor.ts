/** Multiplying a spectrum by another, such as an optical transfer function, while it is in the workspace. */
import type { FftArray } from "./fft-arrays.ts";

/** A half spectrum as a real transform gives it; without `imag` it is real. */
export interface SpectralFactor {
  real: FftArray;
  imag?: FftArray | undefined;
}

/** What the spectrum is multiplied by: the factor F, its conjugate, or |F|^2. */
export type FactorKind = "factor" | "conjugate" | "power";

/** A block of columns: `rows` rows of `count` numbers. */
export interface SpectrumBlock {
  /** Where it begins in memory, and the distance of its rows there. */
  re: number;
  im: number;
  pitch: number;
  /** The same in the factor. */
  at: number;
  stride: number;
  rows: number;
  count: number;
}

/** @param scale multiplies the factor, |F|^2 as well as F */
export function multiplyBlock(
  memory: FftArray,
  block: SpectrumBlock,
  factor: SpectralFactor,
  kind: FactorKind,
  scale = 1,
): void {
  const { re, im, pitch, at, stride, rows, count } = block;
  const { real, imag } = factor;
  const imagScale = kind === "conjugate" ? -scale : scale;
  for (let row = 0; row < rows; row++) {
    let [r, i, k] = [re + row * pitch, im + row * pitch, at + row * stride];
    const end = k + count;
    if (kind === "power") {
      for (; k < end; k++, r++, i++) {
        const power = scale * (real[k] * real[k] + (imag ? imag[k] * imag[k] : 0));
        memory[r] *= power;
        memory[i] *= power;
      }
    } else if (imag) {
      for (; k < end; k++, r++, i++) {
        const [a, b] = [scale * real[k], imagScale * imag[k]];
        const [x, y] = [memory[r], memory[i]];
        memory[r] = a * x - b * y;
        memory[i] = a * y + b * x;
      }
    } else {
      for (; k < end; k++, r++, i++) {
        const a = scale * real[k];
        memory[r] *= a;
        memory[i] *= a;
      }
    }
  }
}
