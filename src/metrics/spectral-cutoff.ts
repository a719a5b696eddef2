/**
 * How far out in frequency a picture stands above its noise. Unlike a ring correlation it needs one image and no halves; but it
 * knows noise only as what is left at the highest frequencies: **noise that was smoothed or sharpened counts as structure**, and
 * so does what a network hallucinates. A picture without noise has a floor of rounding only, and a cut-off to match.
 */
import { createRealFft2, isFastSize } from "../array/fft.ts";
import { upperMedian } from "../array/statistics.ts";
import { ParfocalError } from "../errors.ts";
import type { Plane } from "../image/image.ts";
import { checkPair } from "./comparable.ts";

/** Power over frequency; all lists are equally long. */
export interface PowerSpectrum {
  /** Centres of the rings, cycles per pixel, ascending from the first ring without the mean to half a cycle per pixel. */
  frequency: number[];
  /** Mean power of the ring: the variance of white noise, in squared counts, whatever the size of the plane. */
  power: number[];
  /** Frequencies in the ring, both of each conjugate pair. */
  count: number[];
}

export interface SpectralCutoff {
  /** Cycles per pixel: the highest frequency up to which the power stands above the floor; 0 where no ring does. */
  frequency: number;
  /** Power of the noise, squared counts. */
  floor: number;
  spectrum: PowerSpectrum;
}

/** The smallest side of a plane, pixels. */
const LEAST = 32;
/** The noise is measured from this frequency on, cycles per pixel, by the median of its rings. */
const FLOOR_FROM = 0.4;
/**
 * Sum of the fourth powers over the squared sum of the squares, times the samples, of a Hann window (35 / 18) in both
 * directions: as many neighbouring frequencies of noise count for one.
 */
const WINDOW_CORRELATION = (35 / 18) ** 2;
/** A ring stands out when it exceeds the floor by this many standard deviations of a mean of that many frequencies. */
const SIGMAS = 5;
/** And by this share: the floor itself is no better known, and camera noise is never quite white. */
const LEAST_EXCESS = 0.1;
/** Rounding to float32 is a noise as well; of its least power, times the mean square of the pixels, nothing is said. */
const ROUNDING = 2 ** -46;

/**
 * Radially averaged power spectrum. The plane is cut about its middle to sides that are transformed fast (even, 2^a 3^b
 * 5^c), freed of its mean and windowed (Hann). Rings are one step of the shorter side's transform wide.
 * @throws image.unfit for a plane smaller than 32 x 32, or with NaN
 */
export function powerSpectrum(plane: Plane): PowerSpectrum {
  checkPair(plane, plane);
  if (Math.min(plane.height, plane.width) < LEAST) {
    const detail = `Power spectrum: a plane of ${plane.height} x ${plane.width} pixels; expected ${LEAST} x ${LEAST} or more.`;
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
  // A Hann window spreads the mean, and what is left of it, over ring 1.
  const inside = Array.from({ length: rings - 1 }, (_, i) => i + 2);
  return {
    frequency: inside.map((ring) => ring / steps),
    power: inside.map((ring) => power[ring] / count[ring] / squares),
    count: inside.map((ring) => count[ring]),
  };
}

/**
 * The cut-off of a plane. The floor is the median power of the rings beyond 0.4 cycles per pixel: structure in fewer than half of
 * them does not lift it. Rings, averaged in threes, count as above the floor by 5 standard deviations of such a mean of noise,
 * and by at least a tenth. From the ring that stands out most, the cut-off is where the power first comes down to that limit
 * (a zero of the transfer function ends it, as in a picture far out of focus), between two rings by a straight line of
 * logarithms. Gain and offset of the counts change nothing but the floor.
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

/** The logarithm of each ring's power, averaged with its neighbours', over what noise of that floor may reach. */
function excessOver(floor: number, { power, count }: PowerSpectrum): number[] {
  return power.map((_, i) => {
    let sum = 0;
    let weights = 0;
    for (let k = Math.max(0, i - 1); k <= Math.min(power.length - 1, i + 1); k++) {
      sum += power[k] * count[k];
      weights += count[k];
    }
    // Both of a conjugate pair say the same; the power of noise has a standard deviation as large as its mean.
    const deviation = Math.sqrt((2 * WINDOW_CORRELATION) / weights);
    const limit = floor * (1 + Math.max(LEAST_EXCESS, SIGMAS * deviation));
    return Math.log(Math.max(sum / weights, Number.MIN_VALUE) / limit);
  });
}

/** The largest even 2^a 3^b 5^c that is no more than n. */
function fastSizeWithin(n: number): number {
  let size = n - (n % 2);
  while (!isFastSize(size)) size -= 2;
  return size;
}

/** The middle of a plane without its mean, through the window, and the sum of the window's squares. */
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
  // The weights of a Hann window add up to half the samples, their squares to three eighths.
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
