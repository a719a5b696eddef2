/** Convolution with one PSF on a grid that wraps, its spectrum computed once. */
import { runThrough } from "../../array/breathe.ts";
import { createRealFft2 } from "../../array/fft.ts";
import { createRealFft3, type RealFft3 } from "../../array/fft3.ts";
import { requireMemory } from "../../array/require-memory.ts";
import type { FactorKind } from "../../array/spectral-factor.ts";
import { describeExtent, type Extent, type PsfVolume, voxelsOf } from "./volume.ts";

/**
 * The operators H, H^T and H^T H of a PSF. Input and output may be the same array; both are `[depth, height, width]` of
 * the grid.
 */
export interface Convolution {
  readonly grid: Extent;
  /** out = H x: convolution with the PSF. Two transforms. */
  blur(x: Float32Array, out: Float32Array): void;
  /** out = H^T x: correlation with the PSF. Two transforms. */
  adjoint(x: Float32Array, out: Float32Array): void;
  /** out = H^T H x. Two transforms. */
  normal(x: Float32Array, out: Float32Array): void;
  /** The same as work that yields between planes: `factor` blurs, `conjugate` is the adjoint, `power` the normal. */
  steps(kind: FactorKind, x: Float32Array, out: Float32Array): Generator<void>;
  /** out = x, its half spectrum `[depth, height, spectrumWidth]` changed in between. Two transforms. */
  filter(x: Float32Array, out: Float32Array, change: (re: Float32Array, im: Float32Array) => void): void;
  filterSteps(
    x: Float32Array,
    out: Float32Array,
    change: (re: Float32Array, im: Float32Array) => void,
  ): Generator<void>;
  /** Half spectrum of the PSF about its centre, `[depth, height, spectrumWidth]`; no `imag` where it is even. */
  readonly otf: { real: Float32Array; imag?: Float32Array };
  readonly spectrumWidth: number;
}

/**
 * The grid is at least as large as the PSF along every axis.
 * @throws `usage` for a grid too large for the memory
 */
export const createConvolution = (psf: PsfVolume, grid: Extent): Convolution => runThrough(convolutionSteps(psf, grid));

/** As {@link createConvolution}, as work that yields between planes. */
export function* convolutionSteps(psf: PsfVolume, grid: Extent): Generator<void, Convolution> {
  requireMemory({
    what: `A convolution on ${describeExtent(grid)} voxels, the image and its PSF of ${describeExtent(psf)},`,
    // The PSF on the grid, its spectrum, that of what is convolved, and the transform's own.
    bytes: 16 * voxelsOf(grid),
    advice: "a smaller region, fewer planes, or a smaller PSF",
    option: "image",
  });
  const plan = planFor(grid);
  const length = grid.depth * grid.height * plan.spectrumWidth;
  const real = new Float32Array(length);
  const imag = new Float32Array(length);
  const otf = yield* otfOf(psf, grid, plan, length);
  const steps = (kind: FactorKind, x: Float32Array, out: Float32Array) =>
    plan.filterSteps(x, otf, kind, out, { real, imag });
  const filter = (kind: FactorKind) => (x: Float32Array, out: Float32Array) => runThrough(steps(kind, x, out));
  function* filterSteps(x: Float32Array, out: Float32Array, change: (re: Float32Array, im: Float32Array) => void) {
    yield* plan.forwardSteps(x, real, imag);
    change(real, imag);
    yield;
    yield* plan.inverseSteps(real, imag, out);
  }
  return {
    grid,
    otf,
    spectrumWidth: plan.spectrumWidth,
    blur: filter("factor"),
    adjoint: filter("conjugate"),
    normal: filter("power"),
    filter: (x, out, change) => runThrough(filterSteps(x, out, change)),
    steps,
    filterSteps,
  };
}

type Plan = Pick<RealFft3, "spectrumWidth" | "forwardSteps" | "inverseSteps" | "filterSteps">;

function planFor({ depth, height, width }: Extent): Plan {
  if (depth > 1) return createRealFft3(depth, height, width);
  const plane = createRealFft2(height, width);
  return {
    spectrumWidth: plane.spectrumWidth,
    *forwardSteps(volume, real, imag) {
      plane.forward(volume, real, imag);
      yield;
    },
    *inverseSteps(real, imag, volume) {
      plane.inverse(real, imag, volume);
      yield;
    },
    *filterSteps(volume, factor, kind, output) {
      plane.filter(volume, factor, kind, output);
      yield;
    },
  };
}

/** Spectrum of the PSF, its centre moved to index 0 and its light wrapped round the grid. */
function* otfOf(
  psf: PsfVolume,
  grid: Extent,
  plan: Plan,
  length: number,
): Generator<void, { real: Float32Array; imag?: Float32Array }> {
  const spread = new Float32Array(voxelsOf(grid));
  const place = (i: number, p: number, n: number) => (i - (p - 1) / 2 + n * p) % n;
  for (let z = 0; z < psf.depth; z++) {
    for (let y = 0; y < psf.height; y++) {
      const row = (place(z, psf.depth, grid.depth) * grid.height + place(y, psf.height, grid.height)) * grid.width;
      const from = (z * psf.height + y) * psf.width;
      for (let x = 0; x < psf.width; x++) spread[row + place(x, psf.width, grid.width)] += psf.data[from + x];
    }
  }
  const real = new Float32Array(length);
  const imag = new Float32Array(length);
  yield* plan.forwardSteps(spread, real, imag);
  // An even PSF has a real spectrum: what is left of the imaginary part is rounding.
  let largest = 0;
  for (let k = 0; k < length; k++) largest = Math.max(largest, Math.abs(imag[k]));
  return largest < 2e-6 * Math.abs(real[0]) ? { real } : { real, imag };
}
