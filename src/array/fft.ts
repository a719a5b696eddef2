/**
 * Two-dimensional discrete Fourier transforms, for sizes 2^a 3^b 5^c.
 *
 * Convention (as in NumPy and SciPy): the forward transform F[v,u] = sum f[y,x] exp(-2 pi i (vy/height + ux/width)) is
 * not scaled, the inverse divides by height x width. Frequency 0 is at index 0. The precision is also that of SciPy:
 * float32 if all arrays of a call are float32 (errors 1.6e-7 of the root mean square, measured at 1024 x 1024),
 * otherwise float64.
 *
 * Vector instructions in WebAssembly transform many lines at a time (wasm/butterfly.ts), in browsers and in Node. A
 * real image of 512 x 512 took 0.8 ms, with fft.js (float64, powers of two only) 4.6 ms, with SciPy 0.7 ms. PFFFT from
 * npm (@echogarden/pffft-wasm 0.4.2) keeps its code in a separate file, which a bundler has to find, and transforms
 * single lines only.
 */
import { checkedLine, checkLength, copyIn, copyOut, type FftArray, isZero, workspaceFor } from "./fft-arrays.ts";
import { type FactorKind, multiplyBlock, type SpectralFactor } from "./spectral-factor.ts";
import { layoutOf, roundUp } from "./wasm/layout.ts";
import { createTransformer, type Transformer, together } from "./wasm/transformer.ts";
import type { Workspace } from "./wasm/workspace.ts";

export type { FftArray } from "./fft-arrays.ts";
export { isFastSize, nextFastSize, nextPowerOfTwo } from "./fft-sizes.ts";

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
  /** Columns of the half spectrum: width / 2 + 1, rounded down. */
  readonly spectrumWidth: number;
  /** `image` `[height, width]` to `real`, `imag` `[height, spectrumWidth]`. The image is left as it is. */
  forward(image: FftArray, real: FftArray, imag: FftArray): void;
  /**
   * Half spectrum to image, dividing by height x width. As in NumPy, parts of the spectrum that no real image has are
   * ignored. **May overwrite `real` and `imag`.**
   */
  inverse(real: FftArray, imag: FftArray, image: FftArray): void;
  /**
   * Forward, each frequency times that of the factor `[height, spectrumWidth]`, and back: a periodic convolution.
   * Without copying out of the workspace and back it takes about two thirds of the time of both transforms and the
   * product. `image` and `output` may be the same array.
   */
  filter(image: FftArray, factor: SpectralFactor, kind: FactorKind, output: FftArray): void;
}

/**
 * Prepares a complex 2-D transform.
 * @throws `usage` when a size is not 2^a 3^b 5^c
 */
export function createFft2(height: number, width: number): Fft2 {
  const [down, across] = [checkedLine(height), checkedLine(width)];
  const run = (real: FftArray, imag: FftArray, inverse: boolean) => {
    checkLength("real", real, height * width);
    checkLength("imag", imag, height * width);
    const workspace = workspaceFor(real, imag);
    const { lanes, bytes, kernels } = workspace;
    const block = together * lanes;
    const pitch = roundUp(width, lanes);
    const rows = roundUp(height, block);
    const layout = layoutOf(workspace);
    const [re, im] = [layout.take(rows * pitch), layout.take(rows * pitch)];
    const [lineRe, lineIm] = [layout.take(pitch * block), layout.take(pitch * block)];
    const tools = createTransformer(layout, workspace, [across, down]);
    const memory = layout.numbers();
    tools.fill(memory, inverse ? 1 / (height * width) : 1);
    copyIn(memory, re, real, height, width, pitch);
    copyIn(memory, im, imag, height, width, pitch);
    const lines = { pitch: block * bytes, vectors: together };
    for (let y = 0; y < height; y += block) {
      const at = y * pitch;
      const [a, b] = [(re + at) * bytes, (im + at) * bytes];
      const [c, d] = [lineRe * bytes, lineIm * bytes];
      // A row of zeros stays zeros: most rows of a pupil or of a padded image are.
      const size = Math.min(block, height - y) * pitch;
      if (isZero(memory, re + at, size) && isZero(memory, im + at, size)) continue;
      kernels.transpose(a, pitch * bytes, c, block * bytes, together, pitch / lanes, tools.factor);
      kernels.transpose(b, pitch * bytes, d, block * bytes, together, pitch / lanes, tools.factor);
      tools.transform(across, { ...lines, real: inverse ? d : c, imag: inverse ? c : d });
      kernels.transpose(c, block * bytes, a, pitch * bytes, pitch / lanes, together, tools.one);
      kernels.transpose(d, block * bytes, b, pitch * bytes, pitch / lanes, together, tools.one);
    }
    tools.columns(down, re, im, pitch, inverse);
    copyOut(memory, re, real, height, width, pitch);
    copyOut(memory, im, imag, height, width, pitch);
  };
  return {
    height,
    width,
    forward: (real, imag) => run(real, imag, false),
    inverse: (real, imag) => run(real, imag, true),
  };
}

/**
 * Prepares a real 2-D transform. Two real rows travel as the real and imaginary part of one complex row, and only
 * width / 2 + 1 columns are transformed.
 * @throws `usage` when a size is not 2^a 3^b 5^c
 */
export function createRealFft2(height: number, width: number): RealFft2 {
  const [down, across] = [checkedLine(height), checkedLine(width)];
  const half = Math.floor(width / 2) + 1;

  const prepare = (workspace: Workspace, factor: number) => {
    const { lanes } = workspace;
    const block = together * lanes;
    const rows = roundUp(height, 2 * block);
    const [pitch, halfPitch] = [roundUp(width, lanes), roundUp(half, lanes)];
    const layout = layoutOf(workspace);
    const picture = layout.take(rows * pitch);
    const [re, im] = [layout.take(rows * halfPitch), layout.take(rows * halfPitch)];
    // One row more than the width, for frequency `width`, which is frequency 0.
    const [lineRe, lineIm] = [layout.take((pitch + lanes) * block), layout.take((pitch + lanes) * block)];
    const tools = createTransformer(layout, workspace, [across, down]);
    const memory = layout.numbers();
    tools.fill(memory, factor);
    return { workspace, memory, tools, block, pitch, halfPitch, picture, re, im, lineRe, lineIm };
  };

  type Parts = ReturnType<typeof prepare>;

  const check = (image: FftArray, real: FftArray, imag: FftArray) => {
    checkLength("image", image, height * width);
    checkLength("real", real, height * half);
    checkLength("imag", imag, height * half);
    return workspaceFor(image, real, imag);
  };

  /** An image to the spectra of its rows, `[height, halfPitch]` in the workspace. */
  const rowsForward = (image: FftArray, parts: Parts) => {
    const { workspace, memory, tools, block, pitch, halfPitch, picture, re, im, lineRe, lineIm } = parts;
    const { lanes, bytes, kernels } = workspace;
    copyIn(memory, picture, image, height, width, pitch);
    memory.fill(0, picture + height * pitch, picture + roundUp(height, 2 * block) * pitch);
    const [a, b] = [lineRe * bytes, lineIm * bytes];
    for (let y = 0; y < height; y += 2 * block) {
      const from = picture + y * pitch;
      const to = y * halfPitch;
      if (isZero(memory, from, 2 * block * pitch)) {
        memory.fill(0, re + to, re + to + 2 * block * halfPitch);
        memory.fill(0, im + to, im + to + 2 * block * halfPitch);
        continue;
      }
      const columns = pitch / lanes;
      kernels.transpose(from * bytes, pitch * bytes, a, block * bytes, together, columns, tools.one);
      kernels.transpose((from + block * pitch) * bytes, pitch * bytes, b, block * bytes, together, columns, tools.one);
      tools.transform(across, { real: a, imag: b, pitch: block * bytes, vectors: together });
      memory.copyWithin(lineRe + width * block, lineRe, lineRe + block);
      memory.copyWithin(lineIm + width * block, lineIm, lineIm + block);
      kernels.unpack(
        ...[a, b, block * bytes, width, (re + to) * bytes, (im + to) * bytes, halfPitch * bytes],
        ...[block * halfPitch * bytes, together, halfPitch / lanes],
      );
    }
  };

  /** The spectra of rows, `[height, halfPitch]` in the workspace, to an image. */
  const rowsBack = (image: FftArray, parts: Parts) => {
    const { workspace, memory, tools, block, pitch, halfPitch, picture, re, im, lineRe, lineIm } = parts;
    const { lanes, bytes, kernels } = workspace;
    // Two rows are transformed as one, so values that are 0 for a real row must be 0: the imaginary part of frequency 0
    // and of half the width, and the rows that fill the last block.
    for (let y = 0; y < height; y++) {
      memory[im + y * halfPitch] = 0;
      if (width % 2 === 0) memory[im + y * halfPitch + half - 1] = 0;
    }
    const [filled, end] = [height * halfPitch, roundUp(height, 2 * block) * halfPitch];
    memory.fill(0, re + filled, re + end);
    memory.fill(0, im + filled, im + end);
    const [a, b] = [lineRe * bytes, lineIm * bytes];
    for (let y = 0; y < height; y += 2 * block) {
      const from = y * halfPitch;
      const to = picture + y * pitch;
      kernels.pack(
        ...[a, b, block * bytes, width, (re + from) * bytes, (im + from) * bytes, halfPitch * bytes],
        ...[block * halfPitch * bytes, together, halfPitch / lanes],
      );
      // Backwards: real and imaginary part change places.
      tools.transform(across, { real: b, imag: a, pitch: block * bytes, vectors: together });
      const columns = pitch / lanes;
      kernels.transpose(a, block * bytes, to * bytes, pitch * bytes, columns, together, tools.factor);
      kernels.transpose(b, block * bytes, (to + block * pitch) * bytes, pitch * bytes, columns, together, tools.factor);
    }
    copyOut(memory, picture, image, height, width, pitch);
  };

  const forward = (image: FftArray, real: FftArray, imag: FftArray) => {
    const parts = prepare(check(image, real, imag), 1);
    const { memory, tools, re, im, halfPitch } = parts;
    rowsForward(image, parts);
    tools.columns(down, re, im, halfPitch, false);
    copyOut(memory, re, real, height, half, halfPitch);
    copyOut(memory, im, imag, height, half, halfPitch);
  };

  const inverse = (real: FftArray, imag: FftArray, image: FftArray) => {
    const parts = prepare(check(image, real, imag), 1 / (height * width));
    const { memory, tools, re, im, halfPitch } = parts;
    copyIn(memory, re, real, height, half, halfPitch);
    copyIn(memory, im, imag, height, half, halfPitch);
    tools.columns(down, re, im, halfPitch, true);
    rowsBack(image, parts);
  };

  const filter = (image: FftArray, factor: SpectralFactor, kind: FactorKind, output: FftArray) => {
    const workspace = check(image, factor.real, factor.imag ?? factor.real);
    checkLength("output", output, height * width);
    const parts = prepare(workspace, 1 / (height * width));
    const { memory, tools, re, im, halfPitch } = parts;
    rowsForward(image, parts);
    // A few columns at a time, so that they stay in the cache until they are back.
    const columns = together * workspace.lanes;
    for (let x = 0; x < halfPitch; x += columns) {
      const block = { re: re + x, im: im + x, pitch: halfPitch };
      const vectors = Math.min(together, (halfPitch - x) / workspace.lanes);
      tools.block(down, block, vectors, false);
      const count = Math.min(half - x, vectors * workspace.lanes);
      if (count > 0) multiplyBlock(memory, { ...block, at: x, stride: half, rows: height, count }, factor, kind);
      tools.block(down, block, vectors, true);
    }
    rowsBack(output, parts);
  };
  return { height, width, spectrumWidth: half, forward, inverse, filter };
}

/** Transforms columns of `[length, width]` arrays in place. */
export interface Columns {
  /** Without scaling forwards, dividing by the length backwards. */
  transform(real: FftArray, imag: FftArray, width: number, inverse: boolean): void;
  /** Forward, times a factor `[length, width]`, and back. */
  filter(real: FftArray, imag: FftArray, width: number, factor: SpectralFactor, kind: FactorKind): void;
}

/** @throws `usage` when the length is not 2^a 3^b 5^c */
export function createColumns(length: number): Columns {
  const line = checkedLine(length);
  type Work = (
    tools: Transformer,
    memory: FftArray,
    block: { re: number; im: number; pitch: number; x: number; count: number },
  ) => void;
  const byBlocks = (real: FftArray, imag: FftArray, width: number, scale: number, work: Work) => {
    const workspace = workspaceFor(real, imag);
    const { lanes } = workspace;
    // As many columns at a time as fit into a cache of a few MB.
    const maxColumns = roundUp(Math.max(64, Math.floor(2 ** 18 / length)), together * lanes);
    for (let x = 0; x < width; x += maxColumns) {
      const count = Math.min(maxColumns, width - x);
      const pitch = roundUp(count, lanes);
      const layout = layoutOf(workspace);
      const [re, im] = [layout.take(length * pitch), layout.take(length * pitch)];
      const tools = createTransformer(layout, workspace, [line]);
      const memory = layout.numbers();
      tools.fill(memory, 1);
      for (let i = 0; i < length; i++) {
        const at = i * width + x;
        memory.set(real.subarray(at, at + count), re + i * pitch);
        memory.set(imag.subarray(at, at + count), im + i * pitch);
      }
      work(tools, memory, { re, im, pitch, x, count });
      if (scale !== 1) for (let i = re; i < im + length * pitch; i++) memory[i] *= scale;
      for (let i = 0; i < length; i++) {
        const at = i * width + x;
        real.set(memory.subarray(re + i * pitch, re + i * pitch + count), at);
        imag.set(memory.subarray(im + i * pitch, im + i * pitch + count), at);
      }
    }
  };
  return {
    transform: (real, imag, width, inverse) =>
      byBlocks(real, imag, width, inverse ? 1 / length : 1, (tools, _, { re, im, pitch }) =>
        tools.columns(line, re, im, pitch, inverse),
      ),
    filter: (real, imag, width, factor, kind) =>
      byBlocks(real, imag, width, 1, (tools, memory, { x, ...block }) => {
        tools.columns(line, block.re, block.im, block.pitch, false);
        multiplyBlock(memory, { ...block, at: x, stride: width, rows: length }, factor, kind, 1 / length);
        tools.columns(line, block.re, block.im, block.pitch, true);
      }),
  };
}
