/**
 * Focus measures that were tried and not kept, beside those of the product: after Pertuz, Puig & Garcia 2013 ("Analysis of
 * focus measure operators for shape-from-focus"), Sun, Duthaler & Nelson 2004, Firestone et al. 1991, Santos et al. 1997,
 * and the papers named below. Each takes a plane and gives one number, larger when sharper.
 */
import { correlate, gaussianFilter, uniformFilter } from "../../src/array/filters.ts";
import { moments } from "../../src/array/statistics.ts";
import { meanDctSquares } from "../../src/classical/focus/cosine-measures.ts";
import { centred } from "../../src/classical/focus/gradient-measures.ts";
import { radialSpectrum, tileEdge } from "../../src/classical/focus/power-spectrum.ts";
import { bandPower } from "../../src/classical/focus/spectral-measures.ts";
import { waveletBands } from "../../src/classical/focus/wavelet-measures.ts";
import type { Plane } from "../../src/image/image.ts";

export type Measure = (plane: Plane) => number;

const grid = (plane: Plane) => ({ data: centred(plane), height: plane.height, width: plane.width });

/** Mean of `value` at every pixel with a neighbour on each side; `i` is the pixel, `w` the width. */
function inner({ data, height, width }: Plane, value: (d: Float32Array, i: number, w: number) => number): number {
  let sum = 0;
  for (let y = 1; y < height - 1; y++)
    for (let i = y * width + 1; i < (y + 1) * width - 1; i++) sum += value(data, i, width);
  return sum / ((height - 2) * (width - 2));
}

const laplacian = (d: Float32Array, i: number, w: number) => d[i - 1] + d[i + 1] + d[i - w] + d[i + w] - 4 * d[i];

function absoluteGradient(plane: Plane, threshold: number, power: 1 | 2): number {
  // Threshold in units of the mean absolute step: a constant in counts would fit one camera only.
  const mean = inner(plane, (d, i) => Math.abs(d[i + 1] - d[i]));
  return inner(plane, (d, i) => {
    const step = Math.abs(d[i + 1] - d[i]);
    return step > threshold * mean ? step ** power : 0;
  });
}

function histogram({ data }: Plane, bins: number): Float64Array {
  const counts = new Float64Array(bins);
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const v of data) {
    if (v < min) min = v;
    if (v > max) max = v;
  }
  for (const v of data) counts[Math.min(bins - 1, Math.floor(((v - min) / (max - min || 1)) * bins))]++;
  return counts;
}

function entropy(plane: Plane): number {
  const n = plane.data.length;
  return histogram(plane, 256).reduce((sum, c) => (c > 0 ? sum - (c / n) * Math.log2(c / n) : sum), 0);
}

function range({ data }: Plane): number {
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const v of data) {
    if (v < min) min = v;
    if (v > max) max = v;
  }
  return max - min;
}

function aboveMean({ data }: Plane, power: 1 | 2, raw: boolean): number {
  const { mean } = moments(data);
  let sum = 0;
  for (const v of data) if (v >= mean) sum += (raw ? v : v - mean) ** power;
  return sum / data.length;
}

function absoluteCentralMoment({ data }: Plane): number {
  const { mean } = moments(data);
  return data.reduce((sum, v) => sum + Math.abs(v - mean), 0) / data.length;
}

/** Variance of the local variance (Pech-Pacheco et al. 2000). */
function localVariance(plane: Plane): number {
  const g = grid(plane);
  const squares = uniformFilter({ ...g, data: g.data.map((v) => v * v) }, 5).data;
  const means = uniformFilter(g, 5).data;
  return moments(squares.map((v, i) => v - means[i] ** 2)).variance;
}

/** Mean ratio of pixel and local mean, larger over smaller (Helmli & Scherer 2001). */
function helmli(plane: Plane): number {
  const local = uniformFilter(plane, 5).data;
  return (
    plane.data.reduce((s, v, i) => s + Math.max((v + 1) / (local[i] + 1), (local[i] + 1) / (v + 1)), 0) / local.length
  );
}

/** Coefficients of a paraboloid fitted to 3 x 3 pixels, absolute, added (Helmli & Scherer 2001, as Pertuz et al. write it). */
function curvature(plane: Plane): number {
  return inner(plane, (d, i, w) => {
    const left = d[i - 1 - w] + d[i - 1] + d[i - 1 + w];
    const right = d[i + 1 - w] + d[i + 1] + d[i + 1 + w];
    const up = d[i - w - 1] + d[i - w] + d[i - w + 1];
    const down = d[i + w - 1] + d[i + w] + d[i + w + 1];
    const sides = left + right;
    const ends = up + down;
    return (
      Math.abs(right - left) / 6 +
      Math.abs(down - up) / 6 +
      Math.abs(0.3 * sides - 0.2 * ends) +
      Math.abs(0.3 * ends - 0.2 * sides)
    );
  });
}

/** Sum of absolute differences to the eight neighbours (Nanda & Cutler 2001). */
function imageContrast(plane: Plane): number {
  return inner(plane, (d, i, w) => {
    let sum = 0;
    for (const row of [-w, 0, w]) for (const column of [-1, 0, 1]) sum += Math.abs(d[i + row + column] - d[i]);
    return sum;
  });
}

/** Largest response of a first-derivative filter over eight directions (Minhas et al. 2009), mean. */
function steerable(plane: Plane): number {
  const g = grid(plane);
  const smooth = Float64Array.of(0.054, 0.244, 0.404, 0.244, 0.054);
  const slope = Float64Array.of(-0.108, -0.244, 0, 0.244, 0.108);
  const gy = correlate(g, slope, smooth).data;
  const gx = correlate(g, smooth, slope).data;
  let sum = 0;
  for (let i = 0; i < gy.length; i++) {
    let most = 0;
    for (let k = 0; k < 8; k++)
      most = Math.max(most, Math.cos((k * Math.PI) / 4) * gx[i] + Math.sin((k * Math.PI) / 4) * gy[i]);
    sum += most;
  }
  return sum / gy.length;
}

/** Energy of the DCT of 8 x 8 blocks, AC over DC (Shen & Chen 2006). */
function dctRatio(plane: Plane): number {
  const squares = meanDctSquares(plane, 8);
  return squares.slice(1).reduce((sum, v) => sum + v, 0) / squares[0];
}

/**
 * Entropy of the DCT's magnitudes with u + v below half a tile's edge: after Royer et al. 2016, with the root mean square over
 * tiles instead of one transform of the whole plane.
 */
function dctEntropy(plane: Plane): number {
  const edge = Math.min(32, tileEdge(plane.height, plane.width));
  const inside = Array.from(meanDctSquares(plane, edge), Math.sqrt).filter((_, i) => {
    const rank = (i % edge) + Math.floor(i / edge);
    return rank > 0 && rank < edge / 2;
  });
  const norm = inside.reduce((a, b) => a + b, 0);
  return norm === 0 ? 0 : inside.reduce((sum, b) => (b > 0 ? sum - (b / norm) * Math.log2(b / norm) : sum), 0);
}

/** 1 - sum b^2 / (sum b)^2 over the low DCT terms of 8 x 8 blocks (Kristan et al. 2006). */
function bayesSpectralEntropy(plane: Plane): number {
  const squares = meanDctSquares(plane, 8);
  let [square, sum] = [0, 0];
  for (let v = 0; v < 8; v++)
    for (let u = 0; u < 8; u++)
      if (u + v > 0 && u + v <= 6) {
        square += squares[v * 8 + u];
        sum += Math.sqrt(squares[v * 8 + u]);
      }
  return sum === 0 ? 0 : 1 - square / sum ** 2;
}

/** The 4 x 4 mask of the modified DCT (Lee et al. 2008): signs of the mid-frequency basis. */
function modifiedDct({ data, height, width }: Plane): number {
  const mask = [1, 1, -1, -1, 1, 1, -1, -1, -1, -1, 1, 1, -1, -1, 1, 1];
  let sum = 0;
  for (let y = 0; y + 4 <= height; y++)
    for (let x = 0; x + 4 <= width; x++) {
      let v = 0;
      for (let k = 0; k < 16; k++) v += mask[k] * data[(y + (k >> 2)) * width + x + (k & 3)];
      sum += Math.abs(v);
    }
  return sum / ((height - 3) * (width - 3));
}

function waveletSum(plane: Plane): number {
  const { lh, hl, hh } = waveletBands(plane);
  return [lh, hl, hh].reduce((s, band) => s + band.reduce((a, v) => a + Math.abs(v), 0) / band.length, 0);
}

function spectralEntropy(plane: Plane): number {
  const { power } = radialSpectrum(plane);
  const total = power.reduce((a, b) => a + b, 0);
  return total === 0 ? 0 : power.reduce((s, p) => (p > 0 ? s - (p / total) * Math.log2(p / total) : s), 0);
}

function bandVariance(bands: Float64Array[]): number {
  return bands.reduce((sum, band) => sum + moments(band).variance, 0);
}

/** Variance of the Sobel gradient's magnitude (Pech-Pacheco et al. 2000). */
function tenengradVariance(plane: Plane): number {
  const magnitude = (d: Float32Array, i: number, w: number) => {
    const diagonal = d[i + w + 1] - d[i - w - 1];
    const other = d[i + w - 1] - d[i - w + 1];
    return Math.hypot(diagonal + other + 2 * (d[i + w] - d[i - w]), diagonal - other + 2 * (d[i + 1] - d[i - 1]));
  };
  return inner(plane, (d, i, w) => magnitude(d, i, w) ** 2) - inner(plane, magnitude) ** 2;
}

/** Nayar & Nakagawa 1994, squared. */
const modifiedLaplacian = (d: Float32Array, i: number, w: number) =>
  (Math.abs(2 * d[i] - d[i - 1] - d[i + 1]) + Math.abs(2 * d[i] - d[i - w] - d[i + w])) ** 2;

/** Variance of the 8-neighbour local binary pattern's histogram, centre above neighbour (Lorenzo et al. 2008), sigma 1. */
function localBinaryPattern(plane: Plane): number {
  const g = gaussianFilter(grid(plane), 1);
  return inner(g, (d, i, w) => {
    let sum = 0;
    for (const n of [i - w - 1, i - w, i - w + 1, i - 1, i + 1, i + w - 1, i + w, i + w + 1]) if (d[n] > d[i]) sum++;
    return sum === 0 || sum === 8 ? 1 : 0;
  });
}

export const CANDIDATES: Record<string, Measure> = {
  tenengrad_variance: tenengradVariance,
  absolute_gradient: (p) => absoluteGradient(p, 0, 1),
  thresholded_absolute_gradient: (p) => absoluteGradient(p, 2, 1),
  thresholded_squared_gradient: (p) => absoluteGradient(p, 2, 2),
  spatial_frequency: (p) => Math.sqrt(inner(p, (d, i, w) => (d[i + 1] - d[i]) ** 2 + (d[i + w] - d[i]) ** 2)),
  energy_of_laplacian: (p) => inner(p, (d, i, w) => laplacian(d, i, w) ** 2),
  variance_of_laplacian: (p) => {
    const mean = inner(p, laplacian);
    return inner(p, (d, i, w) => (laplacian(d, i, w) - mean) ** 2);
  },
  diagonal_laplacian: (p) =>
    inner(p, (d, i, w) => {
      const two = 2 * d[i];
      return (
        Math.abs(two - d[i - 1] - d[i + 1]) +
        Math.abs(two - d[i - w] - d[i + w]) +
        Math.abs(two - d[i - w - 1] - d[i + w + 1]) / Math.SQRT2 +
        Math.abs(two - d[i - w + 1] - d[i + w - 1]) / Math.SQRT2
      );
    }),
  modified_laplacian: (p) => inner(p, modifiedLaplacian),
  difference_of_gaussians: (p) => {
    const fine = gaussianFilter(grid(p), 1).data;
    const coarse = gaussianFilter(grid(p), 1.6).data;
    return moments(fine.map((v, i) => v - coarse[i])).variance;
  },
  grey_level_variance: (p) => moments(p.data).variance,
  local_variance: localVariance,
  absolute_central_moment: absoluteCentralMoment,
  entropy,
  histogram_range: range,
  thresholded_content: (p) => aboveMean(p, 1, true),
  image_power: (p) => aboveMean(p, 2, true),
  mendelsohn_mayall: (p) => aboveMean(p, 1, false),
  helmli_mean: helmli,
  curvature,
  image_contrast: imageContrast,
  steerable,
  dct_energy_ratio: dctRatio,
  dct_entropy: dctEntropy,
  modified_dct: modifiedDct,
  bayes_spectral_entropy: bayesSpectralEntropy,
  wavelet_sum: waveletSum,
  wavelet_variance: (p) => {
    const { lh, hl, hh } = waveletBands(p);
    return bandVariance([lh, hl, hh]);
  },
  spectral_entropy: spectralEntropy,
  band_share: (p) => bandPower(p, 0.125, 0.25) / bandPower(p, 0.03, 0.25),
  local_binary_pattern: localBinaryPattern,
};
