/** What a microscope records of one bead: its PSF, convolved with a ball, anywhere between the pixels. */
import { besselJ1 } from "../../array/bessel.ts";
import { createRealFft2, nextFastSize } from "../../array/fft.ts";
import { complexOtfOf } from "./otf.ts";
import type { PsfModel } from "./psf-model.ts";
import { gaussLegendre } from "./quadrature.ts";

/** A stack's planes about a bead. */
export interface BeadGrid {
  depth: number;
  height: number;
  width: number;
  /** um */
  pixelSize: number;
}

/** A ball of fluorophore of one brightness in all: um from the centre of pixel (0, 0) and from plane 0; z counts upwards. */
export interface BeadPlace {
  x: number;
  y: number;
  z: number;
  diameter: number;
  /** Distance between planes, um. */
  zStep: number;
}

/** Spectra of one bead at (0, 0), to be placed and transformed: the slow part, which x and y do not change. */
export interface BeadSpectra {
  /** `[depth, n, n / 2 + 1]` */
  real: Float64Array;
  imag: Float64Array;
  /** Of the grid, wide enough for the light of the farthest plane. */
  n: number;
}

/**
 * Spectra of a bead in every plane. A ball of radius R is cut into slices at the nodes of a Gauss rule; at height h it is
 * a disc of radius sqrt(R^2 - h^2), whose spectrum is 2 J1(v) / v, and it counts by its area.
 */
export function beadSpectra(model: PsfModel, grid: BeadGrid, place: Omit<BeadPlace, "x" | "y">): BeadSpectra {
  const { depth, height, width, pixelSize } = grid;
  const { z, diameter, zStep } = place;
  const farthest = Math.max(Math.abs(z), Math.abs(z - (depth - 1) * zStep)) + diameter / 2;
  const rings = (10 * model.wavelength) / model.na;
  const n = nextFastSize(Math.max(height, width, (2 * model.radius(farthest) + rings + diameter) / pixelSize));
  const columns = n / 2 + 1;
  const length = n * columns;
  const real = new Float64Array(depth * length);
  const imag = new Float64Array(depth * length);
  for (const { offset, share, radius } of slicesOf(diameter, model.axialPeriod)) {
    const disc = discSpectrum(n, radius / pixelSize);
    for (let i = 0; i < depth; i++) {
      const psf = model.psf({ pixelSize, defocus: z + offset - i * zStep, size: n });
      const otf = complexOtfOf(psf, n, n);
      for (let k = 0; k < length; k++) {
        real[i * length + k] += share * disc[k] * otf.real[k];
        imag[i * length + k] += share * disc[k] * otf.imag[k];
      }
    }
  }
  return { real, imag, n };
}

/** The planes of a bead at (x, y): `[depth, height, width]`, shares of its light in each pixel. */
export function beadImage(spectra: BeadSpectra, grid: BeadGrid, x: number, y: number): Float64Array {
  const { real, imag, n } = spectra;
  const { depth, height, width, pixelSize } = grid;
  const plan = createRealFft2(n, n);
  const columns = n / 2 + 1;
  const [shiftRe, shiftIm] = shift(n, x / pixelSize, y / pixelSize);
  const re = new Float64Array(n * columns);
  const im = new Float64Array(n * columns);
  const image = new Float64Array(n * n);
  const out = new Float64Array(depth * height * width);
  for (let i = 0; i < depth; i++) {
    const start = i * re.length;
    for (let k = 0; k < re.length; k++) {
      const [a, b] = [real[start + k], imag[start + k]];
      re[k] = a * shiftRe[k] - b * shiftIm[k];
      im[k] = a * shiftIm[k] + b * shiftRe[k];
    }
    plan.inverse(re, im, image);
    for (let row = 0; row < height; row++)
      out.set(image.subarray(row * n, row * n + width), (i * height + row) * width);
  }
  return out;
}

/** Slices of a ball: their heights, shares of its volume, and radii; finer for balls that are not small along z. */
function slicesOf(diameter: number, axialPeriod: number): { offset: number; share: number; radius: number }[] {
  const r = diameter / 2;
  if (r === 0) return [{ offset: 0, share: 1, radius: 0 }];
  const { points, weights } = gaussLegendre(3 + Math.ceil((4 * r) / axialPeriod));
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
