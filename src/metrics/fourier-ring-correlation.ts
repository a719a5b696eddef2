/**
 * Fourier ring correlation (FRC): the resolution up to which two images of the same specimen agree.
 *
 * Sources: Saxton and Baumeister, J. Microsc. 127, 127 (1982) (ring correlation); Nieuwenhuizen et al., Nat. Methods
 * 10, 557 (2013) (1/7, Tukey window); van Heel and Schatz, J. Struct. Biol. 151, 250 (2005) (half bit); Koho et al.,
 * Nat. Commun. 10, 3103 (2019) (halves of one image).
 *
 * The noise must be independent between the two images, and for a single image between its pixels. This is not the case
 * where pixels were interpolated, deconvolved or made by a network: **a single such image cannot be measured**, and two
 * outputs can be compared only if they were made from two recordings. Even then a structure that a network hallucinates
 * in both outputs counts as resolved.
 */
import { createRealFft2, isFastSize } from "../array/fft.ts";
import { ParfocalError } from "../errors.ts";
import type { Plane } from "../image/image.ts";
import { checkPair } from "./comparable.ts";

/** Correlation over frequency. The lists have the same length; frequencies ascend and end at half a cycle per pixel. */
export interface RingCorrelation {
  /** Centres of the rings, cycles per pixel. */
  frequency: number[];
  /** -1 to 1; 0 for a ring where one of the images is zero. */
  correlation: number[];
  /** Number of frequencies in the ring, counting both of each conjugate pair. */
  count: number[];
}

/** The point at which a curve falls below its threshold. */
export interface RingResolution {
  /** Cycles per pixel. */
  frequency: number;
  /** 1 / frequency, in pixels, or in the unit of the pixel size. */
  resolution: number;
}

export type RingThreshold = "one-seventh" | "half-bit";

/** The smallest side of an image, and of half an image, in pixels. Smaller images have too few rings. */
const MIN_SIDE = 16;
/** Each end of the window falls off over this share of the side, as in Nieuwenhuizen et al. */
const TAPER = 1 / 8;

/**
 * Fourier ring correlation of two images of the same field. Both are cropped about their centre to sides with a fast
 * transform (even, 2^a 3^b 5^c, at most a few per cent less). Their mean is subtracted, and they are multiplied with a
 * Tukey window. Ring k has the frequencies from k to below k + 1 binWidths. Ring 0, which has the mean, is left out,
 * and so is an incomplete last ring beyond half a cycle per pixel. Apart from the window, values equal those of TU
 * Delft's `frc` 0.1.1.
 * @param options.binWidth width of a ring, in steps of the shorter side's transform (1 / pixels); 1 by default, no less
 * @throws image.unfit for images of different size, smaller than 16 x 16, or with NaN; usage for a binWidth below 1
 */
export function fourierRingCorrelation(a: Plane, b: Plane, options: { binWidth?: number } = {}): RingCorrelation {
  checkPair(a, b);
  return correlateRings(a, b, { y: 0, x: 0 }, options.binWidth ?? 1);
}

/**
 * The frequency at which a curve first falls below its threshold, interpolated linearly between two rings. The curve is
 * first smoothed over five rings (weights 1 4 6 4 1, times the counts). Undefined for a curve that never falls below
 * the threshold, or that starts below it because the images do not agree at all.
 *
 * The half-bit threshold, (0.2071 + 1.9102 / sqrt n) / (1.2071 + 0.9102 / sqrt n), counts all n frequencies of a ring.
 * @param options.pixelSize in any unit, that of the resolution; 1 by default
 */
export function frcResolution(
  curve: RingCorrelation,
  options: { threshold?: RingThreshold; pixelSize?: number } = {},
): RingResolution | undefined {
  const { threshold = "one-seventh", pixelSize = 1 } = options;
  const above = smoothed(curve).map((value, i) => value - thresholdAt(threshold, curve.count[i]));
  if (!(above[0] > 0)) return undefined;
  const i = above.findIndex((value) => value <= 0);
  if (i < 0) return undefined;
  const share = above[i - 1] / (above[i - 1] - above[i]);
  const frequency = curve.frequency[i - 1] + share * (curve.frequency[i] - curve.frequency[i - 1]);
  return { frequency, resolution: pixelSize / frequency };
}

/**
 * Splits an image into four, each with every second pixel of every second row. From each 2 x 2 pixels, one pair takes
 * the diagonal (top left, bottom right), the other the antidiagonal (top right, bottom left). Odd last rows and columns
 * are left out.
 */
export function splitImage(plane: Plane): { diagonal: [Plane, Plane]; antidiagonal: [Plane, Plane] } {
  const part = (dy: number, dx: number): Plane => {
    const height = Math.floor(plane.height / 2);
    const width = Math.floor(plane.width / 2);
    const data = new Float32Array(height * width);
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) data[y * width + x] = plane.data[(2 * y + dy) * plane.width + 2 * x + dx];
    return { data, height, width };
  };
  return { diagonal: [part(0, 0), part(1, 1)], antidiagonal: [part(0, 1), part(1, 0)] };
}

/**
 * Estimates the ring correlation that two images like this one, of the same specimen, would have, for frequencies up to
 * a quarter cycle per pixel. It is the mean over both pairs of `splitImage`, with two corrections that follow
 * from the sampling and need no fitted constant (Koho et al. fitted one to their microscopes for the same purpose):
 *
 * 1. The images of a pair are shifted by one pixel in y and x, which alone would let the correlation fall as J0(2 pi
 *    sqrt2 f), to 0.1 at a quarter cycle. Their phases are therefore shifted back.
 * 2. A quarter of the pixels holds a quarter of the signal-to-noise power ratio s of the whole image, where the noise
 *    is white. As the correlation is s / (1 + s), it becomes 4 c / (1 + 3 c) (Spearman 1910, Brown 1910; in microscopy
 *    with 2 in place of 4, Rosenthal and Henderson, J. Mol. Biol. 333, 721 (2003)).
 *
 * Structure beyond a quarter cycle per pixel is aliased and lowers the correlation.
 * @throws image.unfit for an image smaller than 32 x 32, or with NaN
 */
export function singleImageCorrelation(plane: Plane, options: { binWidth?: number } = {}): RingCorrelation {
  checkPair(plane, plane);
  const { diagonal, antidiagonal } = splitImage(plane);
  const binWidth = options.binWidth ?? 1;
  const down = correlateRings(...diagonal, { y: 0.5, x: 0.5 }, binWidth);
  const up = correlateRings(...antidiagonal, { y: 0.5, x: -0.5 }, binWidth);
  return {
    frequency: down.frequency.map((f) => f / 2),
    correlation: down.correlation.map((v, i) => {
      const c = (v + up.correlation[i]) / 2;
      // Below 0 there is no such ratio, and the formula would diverge.
      return c > 0 ? (4 * c) / (1 + 3 * c) : c;
    }),
    count: down.count,
  };
}

/**
 * Resolution of one image by {@link singleImageCorrelation}. It is close to the result of {@link
 * fourierRingCorrelation} for this image and a second recording. Undefined where the curve never falls below the
 * threshold (because the resolution is finer than 4 pixels, or because noise is not independent between pixels), or
 * starts below it.
 * @param options.pixelSize in any unit, that of the resolution; 1 by default
 * @throws as {@link singleImageCorrelation}
 */
export function singleImageResolution(
  plane: Plane,
  options: { threshold?: RingThreshold; pixelSize?: number } = {},
): RingResolution | undefined {
  return frcResolution(singleImageCorrelation(plane), options);
}

/** @param shift by which b's samples lie further along, pixels */
function correlateRings(a: Plane, b: Plane, shift: { y: number; x: number }, binWidth: number): RingCorrelation {
  if (!(binWidth >= 1 && Number.isFinite(binWidth))) {
    const expected = "a number of frequency steps, 1 or more";
    const detail = `Ring correlation: the width of a ring is ${binWidth}; expected ${expected}.`;
    throw new ParfocalError("usage", detail, { got: binWidth, expected });
  }
  if (Math.min(a.height, a.width) < MIN_SIDE) {
    const detail = `Ring correlation: images of ${a.height} x ${a.width} pixels; expected ${MIN_SIDE} x ${MIN_SIDE} or more (twice that for a single image).`;
    throw new ParfocalError("image.unfit", detail, { detail });
  }
  const height = fastSizeWithin(a.height);
  const width = fastSizeWithin(a.width);
  const [first, second] = [spectrumOf(a, height, width), spectrumOf(b, height, width)];
  const columns = Math.floor(width / 2) + 1;
  const step = binWidth / Math.min(height, width);
  const rings = Math.floor(0.5 / step + 1e-9);
  const cross = new Float64Array(rings);
  const powerA = new Float64Array(rings);
  const powerB = new Float64Array(rings);
  const count = new Float64Array(rings);
  for (let v = 0; v < height; v++) {
    const fy = (v <= height / 2 ? v : v - height) / height;
    for (let u = 0; u < columns; u++) {
      const fx = u / width;
      // A tiny amount is added, so that rounding does not put 3 / 48 below three 48ths.
      const ring = Math.floor(Math.hypot(fy, fx) / step + 1e-9);
      if (ring >= rings) continue;
      const i = v * columns + u;
      const [ar, ai, br, bi] = [first.real[i], first.imag[i], second.real[i], second.imag[i]];
      // Columns 0 and width / 2 are their own conjugates.
      const twice = u === 0 || 2 * u === width ? 1 : 2;
      const phase = 2 * Math.PI * (fy * shift.y + fx * shift.x);
      cross[ring] += twice * ((ar * br + ai * bi) * Math.cos(phase) - (ai * br - ar * bi) * Math.sin(phase));
      powerA[ring] += twice * (ar * ar + ai * ai);
      powerB[ring] += twice * (br * br + bi * bi);
      count[ring] += twice;
    }
  }
  const inside = Array.from({ length: rings - 1 }, (_, i) => i + 1);
  return {
    frequency: inside.map((ring) => (ring + 0.5) * step),
    correlation: inside.map((ring) => cross[ring] / Math.sqrt(powerA[ring] * powerB[ring]) || 0),
    count: inside.map((ring) => count[ring]),
  };
}

/** The largest even 2^a 3^b 5^c that is no more than n. */
function fastSizeWithin(n: number): number {
  let size = n - (n % 2);
  while (!isFastSize(size)) size -= 2;
  return size;
}

/** Half of the spectrum of the centre of a plane, after subtraction of the mean and multiplication with the window. */
function spectrumOf(plane: Plane, height: number, width: number): { real: Float64Array; imag: Float64Array } {
  const top = Math.floor((plane.height - height) / 2);
  const left = Math.floor((plane.width - width) / 2);
  const [down, across] = [tukey(height), tukey(width)];
  const picture = new Float64Array(height * width);
  let sum = 0;
  let weights = 0;
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const value = plane.data[(top + y) * plane.width + left + x];
      const weight = down[y] * across[x];
      picture[y * width + x] = value;
      sum += weight * value;
      weights += weight;
    }
  const mean = sum / weights;
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) picture[y * width + x] = (picture[y * width + x] - mean) * down[y] * across[x];
  const fft = createRealFft2(height, width);
  const real = new Float64Array(height * fft.spectrumWidth);
  const imag = new Float64Array(height * fft.spectrumWidth);
  fft.forward(picture, real, imag);
  return { real, imag };
}

/**
 * A Tukey window: 1 in the middle, falling as a cosine over one eighth at each end. Samples lie at the centres of
 * pixels.
 */
function tukey(n: number): Float64Array {
  return Float64Array.from({ length: n }, (_, i) => {
    const fromEnd = (Math.min(i, n - 1 - i) + 0.5) / n;
    return fromEnd >= TAPER ? 1 : 0.5 - 0.5 * Math.cos((Math.PI * fromEnd) / TAPER);
  });
}

function smoothed({ correlation, count }: RingCorrelation): number[] {
  return correlation.map((_, i) => {
    let sum = 0;
    let weights = 0;
    for (let k = -2; k <= 2; k++) {
      const weight = [6, 4, 1][Math.abs(k)] * (count[i + k] ?? 0);
      sum += weight * (correlation[i + k] ?? 0);
      weights += weight;
    }
    return sum / weights;
  });
}

function thresholdAt(threshold: RingThreshold, count: number): number {
  if (threshold === "one-seventh") return 1 / 7;
  const root = Math.sqrt(count);
  return (0.2071 + 1.9102 / root) / (1.2071 + 0.9102 / root);
}
