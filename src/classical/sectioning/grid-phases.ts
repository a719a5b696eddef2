/**
 * Estimates the phase of the grid and the brightness of the light in each of three exposures from the exposures
 * themselves. Phases that are not a third of a period apart, and a flickering lamp, leave stripes in sections.
 */
import { createRealFft2, nextPowerOfTwo } from "../../array/fft.ts";
import { gaussianFilter } from "../../array/filters.ts";

/** Three exposures of one plane, `[3, height, width]`, counts above the camera's offset. */
export interface Exposures {
  data: Float32Array;
  height: number;
  width: number;
}

/** Spatial frequency of a grid, cycles/pixel. */
export interface GridFrequency {
  x: number;
  y: number;
}

/** Measurements of the grid in the exposures of one plane: sums over the frequencies around its own. */
export interface GridTrace {
  /** E_j conj E_l, `[3, 3]` row by row, E being the spectrum of exposure j less the mean of all three. */
  real: Float64Array;
  imag: Float64Array;
  /** Power at the grid's frequency over the median power around it: below about 30 no grid is visible. */
  significance: number;
}

/**
 * Relative brightness of three exposures, mean 1. Low frequencies differ only by the brightness of the lamp: each
 * exposure, blurred until the grid vanishes, is compared with their mean by least squares.
 * @param period of the grid, pixels
 */
export function exposureBrightness({ data, height, width }: Exposures, period: number): number[] {
  const size = height * width;
  // A grid of this period keeps exp(-2 (0.75 pi)^2) = 1.5e-5 of its contrast.
  const sigma = 0.75 * period;
  const smooth = [0, 1, 2].map(
    (j) => gaussianFilter({ data: data.subarray(j * size, (j + 1) * size), height, width }, sigma).data,
  );
  const products = [0, 0, 0];
  for (let i = 0; i < size; i++) {
    const mean = smooth[0][i] + smooth[1][i] + smooth[2][i];
    for (let j = 0; j < 3; j++) products[j] += smooth[j][i] * mean;
  }
  const total = products[0] + products[1] + products[2];
  return total > 0 ? products.map((p) => (3 * p) / total) : [1, 1, 1];
}

/** Spectra of the differences between exposures, from which the frequency and phases of the grid are measured. */
export interface DifferenceSpectra {
  height: number;
  width: number;
  spectrumWidth: number;
  /** Three half spectra of an exposure minus the mean. */
  real: Float64Array[];
  imag: Float64Array[];
}

/**
 * Differences cancel the specimen and leave the grid. A Hann window suppresses the edges of the image in the spectrum.
 */
export function differenceSpectra(
  { data, height, width }: Exposures,
  brightness: readonly number[],
): DifferenceSpectra {
  const size = height * width;
  const plan = createRealFft2(nextPowerOfTwo(height), nextPowerOfTwo(width));
  const image = new Float64Array(plan.height * plan.width);
  const real: Float64Array[] = [];
  const imag: Float64Array[] = [];
  const down = Float64Array.from({ length: height }, (_, y) => hann(y, height));
  const across = Float64Array.from({ length: width }, (_, x) => hann(x, width));
  for (let j = 0; j < 3; j++) {
    const weights = [0, 1, 2].map((l) => ((l === j ? 1 : 0) - 1 / 3) / brightness[l]);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const i = y * width + x;
        const difference = weights[0] * data[i] + weights[1] * data[size + i] + weights[2] * data[2 * size + i];
        image[y * plan.width + x] = difference * down[y] * across[x];
      }
    }
    const [re, im] = [0, 0].map(() => new Float64Array(plan.height * plan.spectrumWidth));
    plan.forward(image, re, im);
    real.push(re);
    imag.push(im);
  }
  return { height: plan.height, width: plan.width, spectrumWidth: plan.spectrumWidth, real, imag };
}

const hann = (i: number, length: number) => (length < 3 ? 1 : Math.sin((Math.PI * (i + 0.5)) / length) ** 2);

/** Adds the power of differences to a map, `[height, spectrumWidth]`: so that all planes contribute to one search. */
export function addPower(spectra: DifferenceSpectra, power: Float64Array): void {
  for (let j = 0; j < 3; j++) {
    for (let i = 0; i < power.length; i++) power[i] += spectra.real[j][i] ** 2 + spectra.imag[j][i] ** 2;
  }
}

/**
 * The strongest frequency of the differences. Periods above an eighth of the field are excluded, since slow variations
 * are not a grid.
 * @param power `[height, width / 2 + 1]`
 */
export function findGridFrequency(power: Float64Array, height: number, width: number): GridFrequency {
  const columns = Math.floor(width / 2) + 1;
  let best = { x: 0, y: 0 };
  let most = -1;
  for (let v = 0; v < height; v++) {
    for (let u = 0; u < columns; u++) {
      const y = (v < height / 2 ? v : v - height) / height;
      const x = u / width;
      if (Math.hypot(x * width, y * height) < 8 || power[v * columns + u] <= most) continue;
      most = power[v * columns + u];
      best = { x, y };
    }
  }
  return best;
}

/** Reads the differences in a window round the grid's frequency (two lines of the spectrum to each side). */
export function traceGrid(spectra: DifferenceSpectra, frequency: GridFrequency): GridTrace {
  const { height, width, spectrumWidth } = spectra;
  const [u0, v0] = [Math.round(frequency.x * width), Math.round(frequency.y * height)];
  const real = new Float64Array(9);
  const imag = new Float64Array(9);
  const around: number[] = [];
  let peak = 0;
  for (let dv = -8; dv <= 8; dv++) {
    for (let du = -8; du <= 8; du++) {
      const u = u0 + du;
      if (u < 0 || u >= spectrumWidth) continue;
      const at = ((((v0 + dv) % height) + height) % height) * spectrumWidth + u;
      let power = 0;
      for (let j = 0; j < 3; j++) power += spectra.real[j][at] ** 2 + spectra.imag[j][at] ** 2;
      if (Math.max(Math.abs(du), Math.abs(dv)) > 3) around.push(power);
      if (Math.max(Math.abs(du), Math.abs(dv)) > 2) continue;
      peak = Math.max(peak, power);
      for (let j = 0; j < 3; j++) {
        for (let l = 0; l < 3; l++) {
          const [a, b, c, d] = [spectra.real[j][at], spectra.imag[j][at], spectra.real[l][at], spectra.imag[l][at]];
          real[3 * j + l] += a * c + b * d;
          imag[3 * j + l] += b * c - a * d;
        }
      }
    }
  }
  around.sort((a, b) => a - b);
  const background = around[around.length >> 1] ?? 0;
  return { real, imag, significance: background > 0 ? peak / background : peak > 0 ? Number.POSITIVE_INFINITY : 0 };
}

/** Sums the measurements of several planes: the products do not depend on the position of the specimen. */
export function sumTraces(traces: readonly GridTrace[]): GridTrace {
  const real = new Float64Array(9);
  const imag = new Float64Array(9);
  for (const trace of traces) {
    for (let i = 0; i < 9; i++) {
      real[i] += trace.real[i];
      imag[i] += trace.imag[i];
    }
  }
  return { real, imag, significance: Math.max(0, ...traces.map((trace) => trace.significance)) };
}

/**
 * Phases of the grid, radians, the first of them 0. At the grid's frequency exposure j differs from the mean of all by
 * a (exp(i phase_j) - mean of exp(i phase)): three points in the complex plane that lie on a
 * circle. The directions of the points from its centre are the phases, up to a rotation.
 *
 * @returns undefined if two exposures are equal, so that there is no circle
 */
export function phasesOf({ real, imag }: GridTrace): number[] | undefined {
  // Except for noise, the products are those of one vector: its column of largest power is that vector, up to a factor.
  const strongest = [0, 1, 2].reduce((best, j) => (real[4 * j] > real[4 * best] ? j : best), 0);
  const [a, b, c] = [0, 1, 2].map((j) => ({ x: real[3 * j + strongest], y: imag[3 * j + strongest] }));
  const double = 2 * ((b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x));
  const scale = Math.max(...[a, b, c].map(({ x, y }) => x * x + y * y));
  if (!(Math.abs(double) > 1e-3 * scale)) return undefined;
  const toB = (b.x - a.x) ** 2 + (b.y - a.y) ** 2;
  const toC = (c.x - a.x) ** 2 + (c.y - a.y) ** 2;
  const centre = {
    x: a.x + ((c.y - a.y) * toB - (b.y - a.y) * toC) / double,
    y: a.y + ((b.x - a.x) * toC - (c.x - a.x) * toB) / double,
  };
  const angles = [a, b, c].map(({ x, y }) => Math.atan2(y - centre.y, x - centre.x));
  return angles.map((angle) => wrap(angle - angles[0]));
}

const wrap = (angle: number) => ((angle % (2 * Math.PI)) + 2 * Math.PI) % (2 * Math.PI);
