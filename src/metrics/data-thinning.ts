/**
 * Two stacks with independent noise out of one recording, each with twice the variance of the recording: what resolution by Fourier rings
 * and the agreement of two outputs need, without a second recording.
 *
 * Gaussian data thinning: with z drawn from the standard normal distribution and v the variance of the noise,
 *
 *     x1 = x + sqrt(v) z,   x2 = x - sqrt(v) z,   cov(x1, x2) = var(x) - v = 0,   var(x1) = var(x2) = 2 v.
 *
 * For Gaussian noise of known variance the halves are independent (Oliveira, Lei and Tibshirani, "Unbiased risk estimation in the normal
 * means problem via coupled bootstrap techniques", arXiv:2111.09447; Neufeld, Dharamshi, Gao and Witten, "Data thinning for
 * convolution-closed distributions", JMLR 25, 57 (2024)). For photon noise they are not correlated, which is all that ring correlation
 * asks, but a little dependence stays in the skewness below about five photons. Dealing out photons (`halfOf`) would be exact there, and
 * needs whole photons and a camera without read noise.
 *
 * A wrong v shows: the noise of the halves correlates by (v_true - v) / (v_true + v), 1/3 where v is half of what it should be. So it is where
 * noise is alike in neighbouring pixels (interpolated, denoised, deconvolved or compressed images), since the estimate sees only what
 * changes from pixel to pixel. A pattern that the camera adds to every exposure is no noise here, and stays in both halves.
 */
import { gaussianFilter } from "../array/filters.ts";
import { Random } from "../array/random.ts";
import { median } from "../array/statistics.ts";
import { photonTransfer } from "../classical/deconvolution/photon-transfer.ts";
import { noiseLevel } from "../classical/noise-level.ts";
import { type Plane, planeOf, type Stack } from "../image/image.ts";

/** How the noise of a camera grows with the light: variance = read^2 + gain * max(0, mean - offset), counts^2. */
export interface NoiseModel {
  /** Counts for one photoelectron; 0 where noise does not grow with the light, or the stack does not tell. */
  gain: number;
  /** Counts. Where the line meets variance 0: read noise is in it, as far as it is above 0 counts. */
  offset: number;
  /** Standard deviation of what does not grow with the light, and is not in the offset, counts. */
  read: number;
}

/** Below this share of explained variance the photon transfer curve is no line. */
const minConfidence = 0.5;
/** Planes whose white noise is measured, at most. */
const maxPlanes = 5;

/**
 * The noise of a stack from the stack itself: its photon transfer curve ({@link photonTransfer}), and what the curve cannot say: read noise
 * where its offset would lie below 0 counts, or noise that is alike at every brightness, by {@link noiseLevel}.
 * @param stack counts, finite
 * @returns undefined for a stack without noise, such as a constant one
 */
export function noiseModelOf(stack: Stack): NoiseModel | undefined {
  const found = photonTransfer(stack);
  const photons = found !== undefined && found.confidence >= minConfidence ? found : { gain: 0, offset: 0 };
  // The curve says all, unless it was cut off at 0.
  if (photons.offset > 0) return { gain: photons.gain, offset: photons.offset, read: 0 };
  const every = Math.max(1, Math.ceil(stack.depth / maxPlanes));
  const random = new Random(0);
  const missing: number[] = [];
  for (let z = 0; z < stack.depth; z += every) {
    const plane = planeOf(stack, z);
    // As strong as the photons alone would be, seen by the same measure.
    const drawn = noiseSigma(plane, { ...photons, read: 0 }).map((sigma) => sigma * random.normal());
    missing.push(noiseLevel(plane) ** 2 - noiseLevel({ ...plane, data: drawn }) ** 2);
  }
  const read = Math.sqrt(Math.max(0, median(Float32Array.from(missing))));
  return photons.gain > 0 || read > 0 ? { ...photons, read } : undefined;
}

/** Width of the Gaussian that takes the place of the mean brightness, pixels: its own noise is 0.28 of a pixel's. */
const smoothing = 1;

/** Standard deviation of the noise of every pixel of a plane, `[y, x]`, counts. */
export function noiseSigma(plane: Plane, { gain, offset, read }: NoiseModel): Float32Array {
  if (gain === 0) return new Float32Array(plane.data.length).fill(read);
  return gaussianFilter(plane, smoothing).data.map((mean) => Math.sqrt(read ** 2 + gain * Math.max(0, mean - offset)));
}

/**
 * Both halves, counts, each with the mean of the stack and twice the variance of its noise; their mean is the stack. Counts may fall
 * below 0 and above what the camera can write.
 * @param random the same state gives the same halves
 */
export function thinStack(stack: Stack, noise: NoiseModel, random: Random): [Stack, Stack] {
  const [first, second] = [new Float32Array(stack.data.length), new Float32Array(stack.data.length)];
  for (let z = 0, i = 0; z < stack.depth; z++) {
    for (const sigma of noiseSigma(planeOf(stack, z), noise)) {
      const step = sigma * random.normal();
      first[i] = stack.data[i] + step;
      second[i] = stack.data[i] - step;
      i++;
    }
  }
  return [
    { ...stack, data: first },
    { ...stack, data: second },
  ];
}
