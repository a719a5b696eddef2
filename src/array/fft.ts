/**
 * Two-dimensional discrete Fourier transforms over fft.js, for sizes that are powers of two.
 *
 * Convention (as in NumPy and SciPy): the forward transform F[v,u] = sum f[y,x] exp(-2 pi i (vy/height + ux/width)) is
 * not scaled, the inverse divides by height x width. Frequency 0 stands at index 0. Arithmetic is float64, whatever the
 * arrays hold.
 */
import FFT from "fft.js";
import { ParfocalError } from "../errors.ts";

/** Arrays that a transform reads and writes. */
export type FftArray = Float32Array | Float64Array;

/** A complex transform of one size, with its tables: make it once, use it for every plane of that size. */
export interface Fft2 {
  readonly height: number;
  readonly width: number;
  /** Transforms in place. `real` and `imag` are `[height, width]`, row-major. */
  forward(real: FftArray, imag: FftArray): void;
  /** Transforms back in place, dividing by height x width. */
  inverse(real: FftArray, imag: FftArray): void;
}

/** A transform of real images, about twice as fast: only the half spectrum that determines the other half is kept. */
export interface RealFft2 {
  readonly height: number;
  readonly width: number;
  /** Columns of the half spectrum: width / 2 + 1 (1 where the width is 1). */
  readonly spectrumWidth: number;
  /** `image` `[height, width]` to `real`, `imag` `[height, spectrumWidth]`. The image is left as it is. */
  forward(image: FftArray, real: FftArray, imag: FftArray): void;
  /** Half spectrum to image, dividing by height x width. **Overwrites `real` and `imag`.** */
  inverse(real: FftArray, imag: FftArray, image: FftArray): void;
}

/** The smallest power of two that is at least `n` (1 for n <= 1). */
export function nextPowerOfTwo(n: number): number {
  let power = 1;
  while (power < n) power *= 2;
  return power;
}

/**
 * Prepares a complex 2-D transform.
 * @throws `usage` when a size is not a power of two
 */
export function createFft2(height: number, width: number): Fft2 {
  const rows = createLine(width);
  const columns = createColumns(height);
  const run = (real: FftArray, imag: FftArray, inverse: boolean) => {
    checkLength("real", real, height * width);
    checkLength("imag", imag, height * width);
    for (let y = 0; y < height; y++) {
      const start = y * width;
      // A row of zeros stays zeros: most rows of a pupil or of a padded image are.
      if (isZero(real, start, width) && isZero(imag, start, width)) continue;
      for (let x = 0; x < width; x++) {
        rows.input[2 * x] = real[start + x];
        rows.input[2 * x + 1] = imag[start + x];
      }
      rows.transform(inverse);
      for (let x = 0; x < width; x++) {
        real[start + x] = rows.output[2 * x];
        imag[start + x] = rows.output[2 * x + 1];
      }
    }
    columns(real, imag, width, inverse);
  };
  return {
    height,
    width,
    forward: (real, imag) => run(real, imag, false),
    inverse: (real, imag) => run(real, imag, true),
  };
}

/**
 * One complex 2-D transform in place; for several of one size, keep a {@link createFft2}.
 * @throws `usage` when a size is not a power of two or an array is too short
 */
export function fft2(real: FftArray, imag: FftArray, height: number, width: number, inverse = false): void {
  const plan = createFft2(height, width);
  if (inverse) plan.inverse(real, imag);
  else plan.forward(real, imag);
}

/**
 * Prepares a real 2-D transform. Two real rows travel as the real and imaginary part of one complex row, and only
 * width / 2 + 1 columns are transformed.
 * @throws `usage` when a size is not a power of two
 */
export function createRealFft2(height: number, width: number): RealFft2 {
  const rows = createLine(width);
  const columns = createColumns(height);
  const half = Math.floor(width / 2) + 1;
  const { input, output } = rows;

  const forward = (image: FftArray, real: FftArray, imag: FftArray) => {
    checkLength("image", image, height * width);
    checkLength("real", real, height * half);
    checkLength("imag", imag, height * half);
    for (let y = 0; y < height; y += 2) {
      const pair = y + 1 < height;
      const a = y * width;
      const first = y * half;
      const second = first + half;
      if (isZero(image, a, pair ? 2 * width : width)) {
        real.fill(0, first, pair ? second + half : second);
        imag.fill(0, first, pair ? second + half : second);
        continue;
      }
      for (let x = 0; x < width; x++) {
        input[2 * x] = image[a + x];
        input[2 * x + 1] = pair ? image[a + width + x] : 0;
      }
      rows.transform(false);
      for (let u = 0; u < half; u++) {
        const m = u === 0 ? 0 : width - u;
        const ur = output[2 * u];
        const ui = output[2 * u + 1];
        const mr = output[2 * m];
        const mi = output[2 * m + 1];
        real[first + u] = (ur + mr) / 2;
        imag[first + u] = (ui - mi) / 2;
        if (!pair) continue;
        real[second + u] = (ui + mi) / 2;
        imag[second + u] = (mr - ur) / 2;
      }
    }
    columns(real, imag, half, false);
  };

  const inverse = (real: FftArray, imag: FftArray, image: FftArray) => {
    checkLength("image", image, height * width);
    checkLength("real", real, height * half);
    checkLength("imag", imag, height * half);
    columns(real, imag, half, true);
    for (let y = 0; y < height; y += 2) {
      const pair = y + 1 < height;
      const first = y * half;
      const second = first + half;
      for (let u = 0; u < half; u++) {
        const ar = real[first + u];
        const ai = imag[first + u];
        const br = pair ? real[second + u] : 0;
        const bi = pair ? imag[second + u] : 0;
        input[2 * u] = ar - bi;
        input[2 * u + 1] = ai + br;
        const m = u === 0 ? 0 : width - u;
        if (m === u) continue;
        // The other half: conj(a) + i conj(b).
        input[2 * m] = ar + bi;
        input[2 * m + 1] = br - ai;
      }
      rows.transform(true);
      const a = y * width;
      for (let x = 0; x < width; x++) {
        image[a + x] = output[2 * x];
        if (pair) image[a + width + x] = output[2 * x + 1];
      }
    }
  };
  return { height, width, spectrumWidth: half, forward, inverse };
}

/** A complex transform of one line. */
export interface Line {
  readonly input: Float64Array;
  readonly output: Float64Array;
  /** From input to output (interleaved re, im). */
  transform(inverse: boolean): void;
}

/** @throws `usage` when the size is not a power of two */
export function createLine(size: number): Line {
  if (!Number.isInteger(size) || size < 1 || nextPowerOfTwo(size) !== size) {
    throw new ParfocalError(
      "usage",
      `Fourier transform: size ${size} is not a power of two; pad to ${nextPowerOfTwo(size)}.`,
      {
        got: size,
        expected: "a power of two",
      },
    );
  }
  const input = new Float64Array(2 * size);
  const output = new Float64Array(2 * size);
  // fft.js starts at 2; a single number is its own transform.
  if (size === 1) return { input, output, transform: () => output.set(input) };
  const fft = new FFT(size);
  return {
    input,
    output,
    transform: (inverse) => (inverse ? fft.inverseTransform(output, input) : fft.transform(output, input)),
  };
}

/** Transforms all columns of `[height, width]` arrays in place, a few side by side so that cache lines are used whole. */
export function createColumns(
  height: number,
): (real: FftArray, imag: FftArray, width: number, inverse: boolean) => void {
  const together = 8;
  const lines = Array.from({ length: together }, () => createLine(height));
  return (real, imag, width, inverse) => {
    if (height === 1) return;
    for (let x0 = 0; x0 < width; x0 += together) {
      const count = Math.min(together, width - x0);
      for (let y = 0; y < height; y++) {
        const at = y * width + x0;
        for (let c = 0; c < count; c++) {
          const input = lines[c].input;
          input[2 * y] = real[at + c];
          input[2 * y + 1] = imag[at + c];
        }
      }
      for (let c = 0; c < count; c++) lines[c].transform(inverse);
      for (let y = 0; y < height; y++) {
        const at = y * width + x0;
        for (let c = 0; c < count; c++) {
          const output = lines[c].output;
          real[at + c] = output[2 * y];
          imag[at + c] = output[2 * y + 1];
        }
      }
    }
  };
}

function isZero(array: FftArray, start: number, length: number): boolean {
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
