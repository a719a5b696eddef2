/**
 * Fourier transforms of arrays that are even in y and x about index 0, as pupils and PSFs with the symmetries of
 * a lens are: f[y, x] = f[-y, x] = f[y, -x]. Their spectra are even as well, and so a quarter, rows and columns
 * 0..height / 2 and 0..width / 2, says everything. Convention as in fft.ts.
 */
import { ParfocalError } from "../errors.ts";
import { createLine, type FftArray } from "./fft.ts";

/** A transform of one size: make it once, use it for every array of that size. */
export interface EvenFft2 {
  /** Rows and columns that are stored: height / 2 + 1 and width / 2 + 1. */
  readonly rows: number;
  readonly columns: number;
  /** Complex and even, in place: `real`, `imag` `[rows, columns]`. */
  forward(real: FftArray, imag: FftArray): void;
  /** Real and even, in place: the spectrum is real, too. */
  forwardReal(values: FftArray): void;
  /** Spectrum, real and even, back to values, in place; divides by height x width. */
  inverseReal(values: FftArray): void;
}

/**
 * @param height of the whole array, as its width a power of two and at least 2
 * @throws `usage` for other sizes
 */
export function createEvenFft2(height: number, width: number): EvenFft2 {
  const across = createMirroredLine(width);
  const down = createMirroredLine(height);
  const rows = height / 2 + 1;
  const columns = width / 2 + 1;

  const forward = (real: FftArray, imag: FftArray) => {
    for (let y = 0; y < rows; y++) across(real, imag, y * columns, y * columns, 1);
    for (let x = 0; x < columns; x++) down(real, imag, x, x, columns);
  };

  const forwardReal = (values: FftArray) => {
    pairwise(across, values, rows, columns, columns, 1);
    pairwise(down, values, columns, 1, rows, columns);
  };

  const inverseReal = (values: FftArray) => {
    // Even and real: forward and inverse differ by their scale only.
    forwardReal(values);
    const scale = 1 / (height * width);
    for (let i = 0; i < values.length; i++) values[i] *= scale;
  };
  return { rows, columns, forward, forwardReal, inverseReal };
}

/** Transforms half a line, mirrored into a whole one, in place: its numbers stand `step` apart. */
type MirroredLine = (real: FftArray, imag: FftArray, realStart: number, imagStart: number, step: number) => void;

function createMirroredLine(size: number): MirroredLine {
  if (size < 2) {
    throw new ParfocalError("usage", `Fourier transform: an even array of ${size} has no mirror; give at least 2.`, {
      got: size,
      expected: "a power of two, at least 2",
    });
  }
  const line = createLine(size);
  const { input, output } = line;
  const stored = size / 2 + 1;
  return (real, imag, realStart, imagStart, step) => {
    let empty = true;
    for (let i = 0; i < stored; i++) {
      const re = real[realStart + i * step];
      const im = imag[imagStart + i * step];
      if (re !== 0 || im !== 0) empty = false;
      const mirror = i === 0 ? 0 : size - i;
      input[2 * i] = re;
      input[2 * i + 1] = im;
      input[2 * mirror] = re;
      input[2 * mirror + 1] = im;
    }
    // A line of zeros stays zeros: many lines of a pupil or of a padded PSF are.
    if (empty) return;
    line.transform(false);
    for (let i = 0; i < stored; i++) {
      real[realStart + i * step] = output[2 * i];
      imag[imagStart + i * step] = output[2 * i + 1];
    }
  };
}

/**
 * Transforms `lines` real lines, two at a time as real and imaginary part of one: their spectra, real as well, come
 * apart by themselves. Lines stand `between` apart, the `length` numbers of a line `along` apart.
 */
function pairwise(
  transform: MirroredLine,
  values: FftArray,
  lines: number,
  between: number,
  length: number,
  along: number,
): void {
  let i = 0;
  for (; i + 1 < lines; i += 2) transform(values, values, i * between, (i + 1) * between, along);
  if (i === lines) return;
  // An odd line travels alone.
  const last = new Float64Array(length * along);
  for (let k = 0; k < length * along; k += along) last[k] = values[i * between + k];
  transform(last, new Float64Array(length * along), 0, 0, along);
  for (let k = 0; k < length * along; k += along) values[i * between + k] = last[k];
}
