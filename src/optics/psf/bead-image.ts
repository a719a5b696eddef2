/** The image of one bead: the PSF convolved with a ball, at any sub-pixel position. */

import { besselJ1 } from "../../array/bessel.ts";
import { createRealFft2, nextFastSize } from "../../array/fft.ts";
import { requireMemory } from "../../array/require-memory.ts";
import { complexOtfOf } from "./otf.ts";
import type { PsfModel } from "./psf-model.ts";
import { gaussLegendre } from "./quadrature.ts";

/** The voxels of a stack around a bead. */
export interface BeadGrid {
  depth: number;
  height: number;
  width: number;
  /** um */
  pixelSize: number;
}

/**
 * A ball of fluorophore with a total brightness of 1: um from the centre of pixel (0, 0) and from plane 0; z counts
 * upwards.
 */
export interface BeadPlace {
  x: number;
  y: number;
  z: number;
  diameter: number;
  /** Distance between planes, um. */
  zStep: number;
  /** Lateral shift per um along z, um, as of a tilted stage; default 0. x and y hold at z. */
  shearX?: number | undefined;
  shearY?: number | undefined;
}

/** Spectra of one bead at (0, 0), in every plane. They are slow to compute and do not depend on x and y. */
export interface BeadSpectra {
  /** `[depth, n, n / 2 + 1]` */
  real: Float64Array;
  imag: Float64Array;
  /** Width of the grid, large enough for the light of the farthest plane. */
  n: number;
  /** Pixels of the image per sample of the grid: the grid is only as fine as the optics resolve. */
  coarser: number;
}

/**
 * Spectra of a bead in every plane. A ball of radius R is cut into slices at the nodes of a Gauss rule; at height h it
 * is a disc of radius sqrt(R^2 - h^2), whose spectrum is 2 J1(v) / v, and it counts by its area.
 */
export function beadSpectra(
  model: PsfModel,
  grid: BeadGrid,
  place: Omit<BeadPlace, "x" | "y" | "shearX" | "shearY">,
): BeadSpectra {
  const { depth, height, width, pixelSize } = grid;
  const { z, diameter, zStep } = place;
  let coarser = 1;
  while (2 * coarser * pixelSize <= 1.02 * model.nyquistPixelSize) coarser *= 2;
  const pitch = coarser * pixelSize;
  const farthest = Math.max(Math.abs(z), Math.abs(z - (depth - 1) * zStep)) + diameter / 2;
  // In wide field, diffraction rings that wrap round the grid would interfere; in sectioning modes the far rings are
  // dark.
  const rings = ((model.scanned ? 4 : 10) * model.wavelength) / model.na;
  const field = Math.max(height, width) * pixelSize;
  const n = nextFastSize(Math.max(field, 2 * model.radius(farthest) + rings + diameter) / pitch);
  const columns = n / 2 + 1;
  const length = n * columns;
  requireMemory({
    what: `The image of a bead in ${depth} planes, up to ${farthest.toPrecision(3)} um from focus, on ${n} x ${n} pixels,`,
    bytes: 16 * depth * length + 64 * n * n,
    advice: "a stack with fewer planes, or check the pixel size, the z step and the NA",
    option: "z_step",
  });
  const real = new Float64Array(depth * length);
  const imag = new Float64Array(depth * length);
  const sharpening = model.scanned ? undefined : pixelRatio(n, coarser);
  for (const { offset, share, radius } of slicesOf(diameter, model.axialPeriod)) {
    const weight = discSpectrum(n, radius / pitch);
    for (let k = 0; k < length; k++) weight[k] *= share * (sharpening ? sharpening[k] : 1);
    for (let i = 0; i < depth; i++) {
      const psf = model.psf({ pixelSize: pitch, defocus: z + offset - i * zStep, size: n });
      const otf = complexOtfOf(psf, n, n);
      const start = i * length;
      for (let k = 0; k < length; k++) {
        real[start + k] += weight[k] * otf.real[k];
        imag[start + k] += weight[k] * otf.imag[k];
      }
    }
  }
  return { real, imag, n, coarser };
}

/** The image of a bead at (x, y): `[depth, height, width]`, the share of its light in each pixel. */
export function beadImage(spectra: BeadSpectra, grid: BeadGrid, place: Omit<BeadPlace, "diameter">): Float64Array {
  const { real, imag, n, coarser } = spectra;
  const { depth, height, width, pixelSize } = grid;
  const size = n * coarser;
  const plan = createRealFft2(size, size);
  const columns = n / 2 + 1;
  const { x, y, z, zStep, shearX = 0, shearY = 0 } = place;
  const pitch = coarser * pixelSize;
  let [shiftRe, shiftIm] = shift(n, x / pitch, y / pitch);
  const re = new Float64Array(size * plan.spectrumWidth);
  const im = new Float64Array(size * plan.spectrumWidth);
  const image = new Float64Array(size * size);
  const out = new Float64Array(depth * height * width);
  for (let i = 0; i < depth; i++) {
    re.fill(0);
    im.fill(0);
    if (shearX !== 0 || shearY !== 0) {
      const above = i * zStep - z;
      [shiftRe, shiftIm] = shift(n, (x + shearX * above) / pitch, (y + shearY * above) / pitch);
    }
    for (let v = 0; v < n; v++) {
      const to = (v < n / 2 ? v : size - n + v) * plan.spectrumWidth;
      const from = v * columns;
      const start = i * n * columns + from;
      for (let u = 0; u < columns; u++) {
        const [a, b] = [real[start + u], imag[start + u]];
        re[to + u] = a * shiftRe[from + u] - b * shiftIm[from + u];
        im[to + u] = a * shiftIm[from + u] + b * shiftRe[from + u];
      }
    }
    plan.inverse(re, im, image);
    for (let row = 0; row < height; row++)
      out.set(image.subarray(row * size, row * size + width), (i * height + row) * width);
  }
  return out;
}

/** Converts light integrated over coarse pixels into light integrated over fine ones: sinc / sinc. */
function pixelRatio(n: number, coarser: number): Float64Array {
  const columns = n / 2 + 1;
  const sinc = (x: number) => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));
  const line = Float64Array.from({ length: columns }, (_, f) => sinc(f / n / coarser) / sinc(f / n));
  return Float64Array.from({ length: n * columns }, (_, k) => {
    const v = Math.floor(k / columns);
    return line[Math.min(v, n - v)] * line[k % columns];
  });
}

/** Slices of a ball: their heights, shares of its volume, and radii; more slices for balls that are large along z. */
function slicesOf(diameter: number, axialPeriod: number): { offset: number; share: number; radius: number }[] {
  const r = diameter / 2;
  if (r === 0) return [{ offset: 0, share: 1, radius: 0 }];
  // Such a small ball adds only 1 % to the axial width.
  if (diameter < 0.25 * axialPeriod) return [{ offset: 0, share: 1, radius: Math.sqrt(0.8) * r }];
  const { points, weights } = gaussLegendre(3 + Math.ceil(diameter / axialPeriod));
  return Array.from(points, (t, i) => ({
    offset: t * r,
    share: 0.75 * weights[i] * (1 - t * t),
    radius: r * Math.sqrt(1 - t * t),
  }));
}

function discSpectrum(n: number, radius: number): Float64Array {
  const columns = n / 2 + 1;
  const out = new Float64Array(n * columns).fill(1);
  if (radius === 0) return out;
  for (let v = 0; v < n; v++) {
    for (let u = 0; u < columns; u++) {
      const x = (2 * Math.PI * radius * Math.hypot(Math.min(v, n - v), u)) / n;
      if (x > 0) out[v * columns + u] = (2 * besselJ1(x)) / x;
    }
  }
  return out;
}

/** exp(-2 pi i (u x + v y) / n); at half the grid's frequency, which has no partner, its real part. */
function shift(n: number, x: number, y: number): [Float64Array, Float64Array] {
  const columns = n / 2 + 1;
  const re = new Float64Array(n * columns);
  const im = new Float64Array(n * columns);
  for (let v = 0; v < n; v++) {
    const fv = v < n / 2 ? v : v - n;
    for (let u = 0; u < columns; u++) {
      const angle = (-2 * Math.PI * (u * x + fv * y)) / n;
      re[v * columns + u] = Math.cos(angle);
      im[v * columns + u] = v === n / 2 || u === n / 2 ? 0 : Math.sin(angle);
    }
  }
  return [re, im];
}
