/**
 * Data thinning: makes two stacks with independent noise from one recording, each with twice the noise variance of the
 * recording. With them, resolution by Fourier ring correlation, and the agreement of two outputs, can be measured
 * without a second recording.
 *
 * Gaussian data thinning: with z drawn from the standard normal distribution and v the variance of the noise,
 *
 *     x1 = x + sqrt(v) z,   x2 = x - sqrt(v) z,   cov(x1, x2) = var(x) - v = 0,   var(x1) = var(x2) = 2 v.
 *
 * For Gaussian noise of known variance the two stacks are independent (Oliveira, Lei and Tibshirani, "Unbiased risk
 * estimation in the normal means problem via coupled bootstrap techniques", arXiv:2111.09447; Neufeld, Dharamshi, Gao
 * and Witten, "Data thinning for convolution-closed distributions", JMLR 25, 57 (2024)). For photon noise they are
 * uncorrelated, which is sufficient for ring correlation, but below about five photons a slight dependence remains in
 * the skewness. Binomial splitting of photons (`halfOf`) would be exact there, but needs whole photons and a camera
 * without read noise.
 *
 * A wrong v can be detected: the noise of the two stacks then correlates by (v_true - v) / (v_true + v), which is 1/3
 * if v is half of the true variance. The same happens if the noise of neighbouring pixels is correlated (in
 * interpolated, denoised, deconvolved or compressed images), since the estimate only sees changes from pixel to pixel.
 * A fixed pattern of the camera is not noise in this sense, and stays in both stacks.
 */
import { gaussianFilter } from "../array/filters.ts";
import { Random } from "../array/random.ts";
import { median } from "../array/statistics.ts";
import { photonTransfer } from "../classical/deconvolution/photon-transfer.ts";
import { noiseLevel } from "../classical/noise-level.ts";
import { type Plane, planeOf, type Stack } from "../image/image.ts";

/** The noise of a camera as a function of the light: variance = read^2 + gain * max(0, mean - offset), counts^2. */
export interface NoiseModel {
  /**
   * Counts for one photoelectron; 0 where noise does not grow with the light, or where this cannot be estimated from
   * the stack.
   */
  gain: number;
  /**
   * The brightness at which the line reaches variance 0, counts. It includes read noise, as long as it lies above 0
   * counts.
   */
  offset: number;
  /** Standard deviation of noise that does not grow with the light and is not included in the offset, counts. */
  read: number;
}

/** Below this share of explained variance the photon transfer curve does not count as a line. */
const minConfidence = 0.5;
/** Largest number of planes whose white noise is measured. */
const maxPlanes = 5;

/**
 * Estimates the noise of a stack from the stack itself. It uses the photon transfer curve ({@link photonTransfer}).
 * Read noise that the curve cannot show, because its offset would lie below 0 counts or because noise is the same at
 * every brightness, is estimated by `noiseLevel`.
 * @param stack counts, finite
 * @returns undefined for a stack without noise, such as a constant one
 */
export function noiseModelOf(stack: Stack): NoiseModel | undefined {
  const found = photonTransfer(stack);
  const photons = found !== undefined && found.confidence >= minConfidence ? found : { gain: 0, offset: 0 };
  // The curve is sufficient, unless its offset was limited to 0.
  if (photons.offset > 0) return { gain: photons.gain, offset: photons.offset, read: 0 };
  const every = Math.max(1, Math.ceil(stack.depth / maxPlanes));
  const random = new Random(0);
  const missing: number[] = [];
  for (let z = 0; z < stack.depth; z += every) {
    const plane = planeOf(stack, z);
    // The noise that photons alone would cause, measured in the same way.
    const drawn = noiseSigma(plane, { ...photons, read: 0 }).map((sigma) => sigma * random.normal());
    missing.push(noiseLevel(plane) ** 2 - noiseLevel({ ...plane, data: drawn }) ** 2);
  }
  const read = Math.sqrt(Math.max(0, median(Float32Array.from(missing))));
  return photons.gain > 0 || read > 0 ? { ...photons, read } : undefined;
}

/**
 * Standard deviation of the Gaussian that estimates the mean brightness, pixels. It reduces the noise of a pixel to
 * 0.28.
 */
const smoothing = 1;

/** Standard deviation of the noise of every pixel of a plane, `[y, x]`, counts. */
export function noiseSigma(plane: Plane, { gain, offset, read }: NoiseModel): Float32Array {
  if (gain === 0) return new Float32Array(plane.data.length).fill(read);
  return gaussianFilter(plane, smoothing).data.map((mean) => Math.sqrt(read ** 2 + gain * Math.max(0, mean - offset)));
}

/**
 * Makes the two thinned stacks, counts. Each has the mean of the stack and twice the variance of its noise, and their
 * average is the stack. Counts may be below 0 and above the range of the camera.
 * @param random the same state gives the same stacks
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
