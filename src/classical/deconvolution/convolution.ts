/** Convolution with one PSF on a grid that wraps, its spectrum computed once. */

import { createRealFft2, type RealFft2 } from "../../array/fft.ts";
import { createRealFft3, type RealFft3 } from "../../array/fft3.ts";
import { requireMemory } from "../../array/require-memory.ts";
import type { FactorKind } from "../../array/spectral-factor.ts";
import { describeExtent, type Extent, type PsfVolume, voxelsOf } from "./volume.ts";

/** H, H^T and H^T H of a PSF. Input and output may be the same array; both are `[depth, height, width]` of the grid. */
export interface Convolution {
  readonly grid: Extent;
  /** out = H x: as the microscope blurs. Two transforms. */
  blur(x: Float32Array, out: Float32Array): void;
  /** out = H^T x: correlation with the PSF. Two transforms. */
  adjoint(x: Float32Array, out: Float32Array): void;
  /** out = H^T H x. Two transforms. */
  normal(x: Float32Array, out: Float32Array): void;
  /** out = x, its half spectrum `[depth, height, spectrumWidth]` changed in between. Two transforms. */
  filter(x: Float32Array, out: Float32Array, change: (re: Float32Array, im: Float32Array) => void): void;
  /** Half spectrum of the PSF about its centre, `[depth, height, spectrumWidth]`; no `imag` where it is even. */
  readonly otf: { real: Float32Array; imag?: Float32Array };
  readonly spectrumWidth: number;
}

/**
 * The grid is at least as large as the PSF along every axis.
 * @throws `usage` for a grid that memory has no room for
 */
export function createConvolution(psf: PsfVolume, grid: Extent): Convolution {
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
  const otf = otfOf(psf, grid, plan.forward, length);
  const filter = (kind: FactorKind) => (x: Float32Array, out: Float32Array) =>
    plan.filter(x, otf, kind, out, { real, imag });
  return {
    grid,
    otf,
    spectrumWidth: plan.spectrumWidth,
    blur: filter("factor"),
    adjoint: filter("conjugate"),
    normal: filter("power"),
    filter(x, out, change) {
      plan.forward(x, real, imag);
      change(real, imag);
      plan.inverse(real, imag, out);
    },
  };
}

function planFor({ depth, height, width }: Extent): RealFft3 | RealFft2 {
  return depth === 1 ? createRealFft2(height, width) : createRealFft3(depth, height, width);
}

/** Spectrum of the PSF, its centre moved to index 0 and its light wrapped round the grid. */
function otfOf(
  psf: PsfVolume,
  grid: Extent,
  transform: (volume: Float32Array, real: Float32Array, imag: Float32Array) => void,
  length: number,
): { real: Float32Array; imag?: Float32Array } {
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
  transform(spread, real, imag);
  // An even PSF has a real spectrum: what is left of the imaginary part is rounding.
  let largest = 0;
  for (let k = 0; k < length; k++) largest = Math.max(largest, Math.abs(imag[k]));
  return largest < 2e-6 * Math.abs(real[0]) ? { real } : { real, imag };
}
