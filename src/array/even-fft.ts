/**
 * Fourier transforms of arrays that are even in y and x about index 0, as pupils and PSFs with the symmetries of
 * an objective are: f[y, x] = f[-y, x] = f[y, -x]. Their spectra are even as well, and so a quarter, rows and columns
 * 0..height / 2 and 0..width / 2, says everything. Sizes, convention and precision as in fft.ts.
 */
import { ParfocalError } from "../errors.ts";
import { checkedLine, checkLength, copyIn, copyOut, type FftArray, isZero, workspaceFor } from "./fft-arrays.ts";
import { layoutOf, roundUp } from "./wasm/layout.ts";
import type { LineTransform } from "./wasm/line-transform.ts";
import { createTransformer, together } from "./wasm/transformer.ts";

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
 * @param height of the whole array, as its width even and 2^a 3^b 5^c
 * @throws `usage` for other sizes
 */
export function createEvenFft2(height: number, width: number): EvenFft2 {
  const across = evenLine(width);
  const down = evenLine(height);
  const rows = height / 2 + 1;
  const columns = width / 2 + 1;

  // `imag` absent: real arrays, whose lines travel in pairs as real and imaginary part of one. Their spectra, real as
  // well, come apart by themselves.
  const run = (real: FftArray, imag: FftArray | undefined, factor: number) => {
    checkLength("real", real, rows * columns);
    if (imag) checkLength("imag", imag, rows * columns);
    const workspace = workspaceFor(...(imag ? [real, imag] : [real]));
    const { lanes, bytes, kernels } = workspace;
    const block = together * lanes;
    const layout = layoutOf(workspace);
    const [pitch, allRows] = [roundUp(columns, lanes), roundUp(rows, 2 * block)];
    const re = layout.take(allRows * pitch);
    const im = imag ? layout.take(allRows * pitch) : re;
    const length = roundUp(Math.max(height, width), lanes) + lanes;
    const [lineRe, lineIm] = [layout.take(length * block), layout.take(length * block)];
    const tools = createTransformer(layout, workspace, [across, down]);
    const memory = layout.numbers();
    tools.fill(memory, factor);
    copyIn(memory, re, real, rows, columns, pitch);
    memory.fill(0, re + rows * pitch, re + allRows * pitch);
    if (imag) {
      copyIn(memory, im, imag, rows, columns, pitch);
      memory.fill(0, im + rows * pitch, im + allRows * pitch);
    }

    const lines = { real: lineRe * bytes, imag: lineIm * bytes, pitch: block * bytes };
    /** Half lines 0..n / 2 in the line buffers to whole ones, transformed. */
    const transformMirrored = (line: LineTransform, vectors: number) => {
      const n = line.length;
      for (const start of [lines.real, lines.imag]) {
        const from = start + (n / 2 - 1) * lines.pitch;
        const to = start + (n / 2 + 1) * lines.pitch;
        if (n > 2) kernels.copy(from, -lines.pitch, to, lines.pitch, n / 2 - 1, vectors);
      }
      tools.transform(line, { ...lines, vectors });
    };

    for (let y = 0; y < rows; y += imag ? block : 2 * block) {
      const a = (re + y * pitch) * bytes;
      const b = (im + (imag ? y : y + block) * pitch) * bytes;
      // Lines of zeros stay zeros: many lines of a pupil or of a padded PSF are.
      const end = imag ? block : 2 * block;
      if (isZero(memory, re + y * pitch, end * pitch) && isZero(memory, im + y * pitch, end * pitch)) continue;
      kernels.transpose(a, pitch * bytes, lines.real, lines.pitch, together, pitch / lanes, tools.factor);
      kernels.transpose(b, pitch * bytes, lines.imag, lines.pitch, together, pitch / lanes, tools.factor);
      transformMirrored(across, together);
      kernels.transpose(lines.real, lines.pitch, a, pitch * bytes, pitch / lanes, together, tools.one);
      kernels.transpose(lines.imag, lines.pitch, b, pitch * bytes, pitch / lanes, together, tools.one);
    }
    for (let x = 0; x < pitch; x += imag ? block : 2 * block) {
      const a = (re + x) * bytes;
      // The last block of a real array may have no partner: it travels twice.
      const b = imag ? (im + x) * bytes : x + block < pitch ? (re + x + block) * bytes : a;
      const vectors = Math.min(together, (pitch - x) / lanes);
      const vectorsB = imag || a === b ? vectors : Math.min(together, (pitch - x - block) / lanes);
      kernels.copy(a, pitch * bytes, lines.real, lines.pitch, rows, vectors);
      kernels.copy(b, pitch * bytes, lines.imag, lines.pitch, rows, vectorsB);
      transformMirrored(down, vectors);
      kernels.copy(lines.real, lines.pitch, a, pitch * bytes, rows, vectors);
      kernels.copy(lines.imag, lines.pitch, b, pitch * bytes, rows, vectorsB);
    }
    copyOut(memory, re, real, rows, columns, pitch);
    if (imag) copyOut(memory, im, imag, rows, columns, pitch);
  };

  return {
    rows,
    columns,
    forward: (real, imag) => run(real, imag, 1),
    forwardReal: (values) => run(values, undefined, 1),
    // Even and real: forward and inverse differ by their scale only.
    inverseReal: (values) => run(values, undefined, 1 / (height * width)),
  };
}

function evenLine(size: number): LineTransform {
  if (size % 2 === 0 && size >= 2) return checkedLine(size);
  throw new ParfocalError("usage", `Fourier transform: an even array of ${size} has no mirror; give an even size.`, {
    got: size,
    expected: "even, 2^a 3^b 5^c",
  });
}
