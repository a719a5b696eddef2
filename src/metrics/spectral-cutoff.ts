/**
 * The spatial frequency up to which an image stands above its noise. Unlike a ring correlation, this needs only one
 * image. But noise is measured as the power at the highest frequencies, so **noise that was smoothed or sharpened
 * counts as structure**, and so do hallucinated structures. An image without noise only has a floor of rounding errors,
 * and a correspondingly high cut-off.
 */
import { createRealFft2, isFastSize } from "../array/fft.ts";
import { upperMedian } from "../array/statistics.ts";
import { ParfocalError } from "../errors.ts";
import type { Plane } from "../image/image.ts";
import { checkPair } from "./comparable.ts";

/** Power over frequency. All lists have the same length. */
export interface PowerSpectrum {
  /**
   * Centres of the rings, cycles per pixel, ascending from the first ring that is free of the mean to half a cycle per
   * pixel.
   */
  frequency: number[];
  /**
   * Mean power of the ring, squared counts. For white noise it equals the variance, independently of the size of the
   * plane.
   */
  power: number[];
  /** Number of frequencies in the ring, counting both of each conjugate pair. */
  count: number[];
}

export interface SpectralCutoff {
  /**
   * The highest frequency up to which the power stands above the noise floor, cycles per pixel; 0 where no ring does.
   */
  frequency: number;
  /** Power of the noise floor, squared counts. */
  floor: number;
  spectrum: PowerSpectrum;
}

/** The smallest side of a plane, pixels. */
const MIN_SIDE = 32;
/** The noise floor is the median of the rings from this frequency on, cycles per pixel. */
const FLOOR_FROM = 0.4;
/**
 * Number of neighbouring frequencies of noise that are correlated by a Hann window: the sum of its fourth powers, times
 * the number of samples, divided by the squared sum of its squares (35 / 18), for both directions.
 */
const WINDOW_CORRELATION = (35 / 18) ** 2;
/** A ring stands above the floor if it exceeds it by this many standard deviations of a mean over its frequencies, */
const SIGMAS = 5;
/** and by this share, since the floor is not known more precisely, and camera noise is never perfectly white. */
const MIN_EXCESS = 0.1;
/** Rounding to float32 is noise as well. Power below this share of the mean square of the pixels is ignored. */
const ROUNDING = 2 ** -46;

/**
 * Radially averaged power spectrum. The plane is cropped about its centre to sides with a fast transform (even, 2^a 3^b
 * 5^c), its mean is subtracted, and a Hann window is applied. The width of a ring is one step of the transform of the
 * shorter side.
 * @throws image.unfit for a plane smaller than 32 x 32, or with NaN
 */
export function powerSpectrum(plane: Plane): PowerSpectrum {
  checkPair(plane, plane);
  if (Math.min(plane.height, plane.width) < MIN_SIDE) {
    const detail = `Power spectrum: a plane of ${plane.height} x ${plane.width} pixels; expected ${MIN_SIDE} x ${MIN_SIDE} or more.`;
    throw new ParfocalError("image.unfit", detail, { detail });
  }
  const height = fastSizeWithin(plane.height);
  const width = fastSizeWithin(plane.width);
  const fft = createRealFft2(height, width);
  const real = new Float64Array(height * fft.spectrumWidth);
  const imag = new Float64Array(height * fft.spectrumWidth);
  const { picture, squares } = windowed(plane, height, width);
  fft.forward(picture, real, imag);
  const steps = Math.min(height, width);
  const rings = steps / 2;
  const power = new Float64Array(rings + 1);
  const count = new Float64Array(rings + 1);
  for (let v = 0; v < height; v++) {
    const fy = (v <= height / 2 ? v : v - height) / height;
    for (let u = 0; u < fft.spectrumWidth; u++) {
      const ring = Math.round(Math.hypot(fy, u / width) * steps);
      if (ring > rings) continue;
      const i = v * fft.spectrumWidth + u;
      // Columns 0 and width / 2 are their own conjugates.
      const twice = u === 0 || 2 * u === width ? 1 : 2;
      power[ring] += twice * (real[i] * real[i] + imag[i] * imag[i]);
      count[ring] += twice;
    }
  }
  // Ring 1 is left out, since the Hann window spreads the remaining mean over it.
  const inside = Array.from({ length: rings - 1 }, (_, i) => i + 2);
  return {
    frequency: inside.map((ring) => ring / steps),
    power: inside.map((ring) => power[ring] / count[ring] / squares),
    count: inside.map((ring) => count[ring]),
  };
}

/**
 * The cut-off of a plane. The noise floor is the median power of the rings beyond 0.4 cycles per pixel, so that
 * structure in fewer than half of them does not raise it. Rings are averaged in threes, and count as above the floor if
 * they exceed it by 5 standard deviations of noise and by at least a tenth. Starting from the ring with the largest
 * excess, the cut-off is where the power first falls to that limit, interpolated linearly in logarithms between two
 * rings. (A zero of the transfer function also ends it, as in an image far out of focus.) Gain and offset of the counts
 * only change the floor.
 * @throws as {@link powerSpectrum}
 */
export function spectralCutoff(plane: Plane): SpectralCutoff {
  const spectrum = powerSpectrum(plane);
  const { frequency, power } = spectrum;
  const floor = upperMedian(power.filter((_, i) => frequency[i] >= FLOOR_FROM));
  const excess = excessOver(Math.max(floor, ROUNDING * meanSquare(plane), Number.MIN_VALUE), spectrum);
  const start = excess.indexOf(Math.max(...excess));
  if (!(excess[start] > 0)) return { frequency: 0, floor, spectrum };
  const end = excess.findIndex((e, i) => i > start && e <= 0);
  if (end < 0) return { frequency: frequency[frequency.length - 1], floor, spectrum };
  const share = excess[end - 1] / (excess[end - 1] - excess[end]);
  return { frequency: frequency[end - 1] + share * (frequency[end] - frequency[end - 1]), floor, spectrum };
}

/**
 * Logarithm of the power of each ring, averaged with its neighbours, divided by the limit that noise of this floor can
 * reach.
 */
function excessOver(floor: number, { power, count }: PowerSpectrum): number[] {
  return power.map((_, i) => {
    let sum = 0;
    let weights = 0;
    for (let k = Math.max(0, i - 1); k <= Math.min(power.length - 1, i + 1); k++) {
      sum += power[k] * count[k];
      weights += count[k];
    }
    // Conjugate frequencies are equal, so only half of them are independent; the power of noise has a standard
    // deviation as large as its mean.
    const deviation = Math.sqrt((2 * WINDOW_CORRELATION) / weights);
    const limit = floor * (1 + Math.max(MIN_EXCESS, SIGMAS * deviation));
    return Math.log(Math.max(sum / weights, Number.MIN_VALUE) / limit);
  });
}

/** The largest even 2^a 3^b 5^c that is no more than n. */
function fastSizeWithin(n: number): number {
  let size = n - (n % 2);
  while (!isFastSize(size)) size -= 2;
  return size;
}

/**
 * The centre of a plane after subtraction of the mean and multiplication with the window, and the sum of the squared
 * window.
 */
function windowed(plane: Plane, height: number, width: number): { picture: Float64Array; squares: number } {
  const top = Math.floor((plane.height - height) / 2);
  const left = Math.floor((plane.width - width) / 2);
  const [down, across] = [hann(height), hann(width)];
  const picture = new Float64Array(height * width);
  let sum = 0;
  for (let y = 0; y < height; y++) {
    const from = (top + y) * plane.width + left;
    for (let x = 0; x < width; x++) {
      picture[y * width + x] = plane.data[from + x];
      sum += down[y] * across[x] * plane.data[from + x];
    }
  }
  // The weights of a Hann window sum to half of the number of samples, their squares to three eighths.
  const mean = sum / ((height * width) / 4);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) picture[y * width + x] = (picture[y * width + x] - mean) * down[y] * across[x];
  return { picture, squares: (9 / 64) * height * width };
}

const hann = (n: number) =>
  Float64Array.from({ length: n }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * (i + 0.5)) / n));

function meanSquare({ data }: Plane): number {
  let sum = 0;
  for (let i = 0; i < data.length; i++) sum += data[i] * data[i];
  return sum / data.length;
}
