/**
 * Finds structure in an output that the reference does not explain.
 *
 * The images are compared through differences of Gaussians, matched to a spot and to two and four times its size. They
 * remove an offset. A structure that is only sharper or softer than in the reference keeps its light, so that it does
 * not stand out at all sizes. The reference may be shifted by a pixel: the output is compared with the strongest
 * response nearby. How much two images of the same specimen normally differ is estimated from the images themselves:
 * where the reference is empty this is noise, where it is bright it is more.
 *
 * Limits: structure that is hallucinated on or beside a brighter structure, or moved by less than a few spot widths, is
 * not found. In images that are full of structure (dense filaments, chromatin) most hallucinations are of this kind:
 * even an image of another specimen then seems hallucinated in a few places only, although its correlation shows the
 * difference at once. A structure that the reference shows blurred over more than about four spot widths counts as
 * absent there.
 */
import { percentile, percentiles } from "../array/statistics.ts";
import { weightedMedian } from "../array/weighted-median.ts";
import { noiseLevel } from "../classical/noise-level.ts";
import { ParfocalError } from "../errors.ts";
import type { Plane } from "../image/image.ts";
import { checkPair } from "./comparable.ts";
import { differenceNorm, responses, spotResponse } from "./difference-of-gaussians.ts";
import { maximumFilter, maximumNear, type Spot, spotsOf, structuresOf } from "./spots.ts";

export interface HallucinationInput {
  /** The image that is judged, in any unit. */
  output: Plane;
  /** The reference: the plane recorded at the height of the output, of the same size. */
  reference: Plane;
  /** Standard deviation of the reference's noise, counts; default estimated from it. */
  noise?: number | undefined;
  /** Full width at half maximum of the smallest spot, pixels, 1 to 64; default 3. */
  fwhm?: number | undefined;
  /** Largest shift between the images, pixels, 0 to 8; default 1. */
  shift?: number | undefined;
  /** z from which a spot counts as hallucinated; default `defaultThreshold`. */
  threshold?: number | undefined;
}

export interface HallucinationMap {
  /**
   * How much the structure in the output exceeds that of the reference, in standard deviations of the normal difference
   * at this brightness; below 0 where it does not.
   */
  z: Plane;
  /** Connected regions of z above the threshold, the most significant first. */
  spots: Spot[];
  /** Share of the output's bright structures that are hallucinated, 0..1; 0 where there is none. */
  hallucinatedShare: number;
  /** Brightness of structures in the output divided by that in the reference; 1 where either has none. */
  gain: number;
}

/** Two recordings of pure noise, 512 x 512, reach 3.2 (measured). Images with structure have longer tails. */
export const defaultThreshold = 6;

/** A structure that is brighter than in the reference by this share differs by one standard deviation. */
const brightnessError = 0.1;

/**
 * Maps the structure of an output that the reference does not explain.
 * @throws `image.unfit` for images of different size or with pixels that are not finite; `usage` for options out of
 * their range
 */
export function hallucinationMap(input: HallucinationInput): HallucinationMap {
  const { output, threshold = defaultThreshold } = input;
  return judge(output, knownOf(input), threshold);
}

/** What an output is compared with, at one size. */
interface KnownSize {
  /** The difference of Gaussians of the reference. */
  response: Float32Array;
  /** The strongest response within the largest shift. */
  allowed: Float32Array;
  /** Standard deviation of the response to noise. */
  noise: number;
}

export interface Known {
  plane: Plane;
  fwhm: number;
  noise: number;
  /** Standard deviations of the Gaussians, pixels: that of a spot, and two, four and eight times that. */
  sigmas: number[];
  sizes: KnownSize[];
  /** Brightness of the reference's structures around each pixel, at the first two sizes. */
  levels: Float32Array[];
}

export function knownOf(input: Omit<HallucinationInput, "output">): Known {
  const { reference: plane, noise, fwhm = 3, shift = 1 } = input;
  checkPair(plane, plane);
  checkOption("fwhm", fwhm, 1, 64);
  checkOption("shift", shift, 0, 8);
  if (noise !== undefined) checkOption("noise", noise, 0, Number.MAX_VALUE);
  const white = noise ?? noiseLevel(plane);
  const sigma = fwhm / 2.3548;
  const sigmas = [1, 2, 4, 8].map((size) => sigma * size);
  const made = responses(plane, sigmas);
  const sizes = made.map((response, k) => ({
    response: response.data,
    allowed: maximumFilter(response, Math.ceil(shift)).data,
    noise: white * differenceNorm(sigmas[k]),
  }));
  const levels = [1, 2].map((size, k) =>
    maximumFilter(made[k], Math.ceil(fwhm * size)).data.map((value) => Math.max(0, value)),
  );
  return { plane, fwhm, noise: white, sigmas, sizes, levels };
}

export function judge(output: Plane, known: Known, threshold: number): HallucinationMap {
  checkPair(output, known.plane);
  checkOption("threshold", threshold, 0, Number.MAX_VALUE);
  const seen = responses(output, known.sigmas);
  const gain = gainOf(seen[2].data, known.sizes[2]);
  const excess = known.sizes.map(({ allowed }, k) => seen[k].data.map((value, i) => value / gain - allowed[i]));
  const [fine, double] = known.levels.map((level, k) => standardise(excess[k], level, known.sizes[k].noise));
  const expected = spotResponse(known.sigmas[0], 4) / spotResponse(known.sigmas[0], 2);
  const z = {
    ...output,
    data: fine.map((value, i) => {
      const both = Math.min(value, double[i]);
      return both > 0 ? both * newLight(excess[2][i] / (expected * excess[1][i])) : both;
    }),
  };
  clearBorder(z, Math.ceil(known.fwhm));
  const structures = structuresOf(output, seen[0], known);
  const hallucinated = structures.filter(({ x, y }) => maximumNear(z, x, y, 1) >= threshold);
  return {
    z,
    spots: spotsOf(z, threshold, known.fwhm),
    hallucinatedShare: structures.length > 0 ? hallucinated.length / structures.length : 0,
    gain,
  };
}

/**
 * Distinguishes new light from structure that is only sharper than in the reference. At four times the size of a spot,
 * little of the excess of a sharper structure is left, but all of the excess of new light.
 *
 * @param left the share of the excess that is left at that size
 * @returns the factor for z, 0..1
 */
const newLight = (left: number): number => Math.min(1, Math.max(0, (left - 0.4) / 0.4));

/**
 * The brightness of structures in the output divided by that in the reference: the median of the ratio where the
 * reference has structure, weighted by its brightness, which is the fit of least absolute deviations. Hallucinations
 * lie where the reference has none, and have no influence.
 */
function gainOf(seen: Float32Array, { response, noise }: KnownSize): number {
  const least = Math.max(4 * noise, 0.1 * percentile(response, 99.8), Number.MIN_VALUE);
  const [ratios, weights]: [number[], number[]] = [[], []];
  const stride = Math.ceil(response.length / maxSamples);
  for (let i = 0; i < response.length; i += stride) {
    if (response[i] < least) continue;
    ratios.push(seen[i] / response[i]);
    weights.push(response[i]);
  }
  const middle = weightedMedian(ratios, weights);
  // An output without any structure of the reference is scaled by the brightness of its own structure.
  const [own, theirs] = [percentile(seen, 99.8), percentile(response, 99.8)];
  const fallback = own > 0 && theirs > 0 ? own / theirs : 1;
  return middle > 0.1 * fallback ? middle : fallback;
}

/** A step of brightness with fewer pixels takes the standard deviation of the step below. */
const minPixels = 200;

/** Number of pixels that is sufficient for a percentile. */
const maxSamples = 1e5;

/**
 * Divides differences by their standard deviation, which is estimated in steps of brightness (factors of 2). Where the
 * reference is empty, it is estimated from the quartiles, so that a quarter of the pixels may be hallucinated; where it
 * is bright and differences have long tails, from the percentiles 10 and 90. It never decreases with brightness, and is
 * never smaller than the noise.
 *
 * @param noise standard deviation of the noise in the differences, a lower bound
 */
function standardise(difference: Float32Array, level: Float32Array, noise: number): Float32Array {
  const brightest = level.reduce((a, b) => Math.max(a, b), 0);
  const floor = Math.max(noise, 1e-4 * brightest, 1e-30);
  const stepOf = (value: number) => (value < 2 * floor ? 0 : 1 + Math.floor(Math.log2(value / (2 * floor))));
  const steps = new Uint8Array(level.length);
  const counts = new Array<number>(stepOf(brightest) + 1).fill(0);
  for (let i = 0; i < steps.length; i++) {
    steps[i] = stepOf(level[i]);
    counts[steps[i]]++;
  }
  const strides = counts.map((count) => Math.ceil(count / maxSamples));
  const groups = counts.map((count, step) => new Float32Array(Math.ceil(count / strides[step]) || 0));
  counts.fill(0);
  for (let i = 0; i < steps.length; i++) {
    const [step, n] = [steps[i], counts[steps[i]]++];
    if (n % strides[step] === 0) groups[step][n / strides[step]] = difference[i];
  }
  let sigma = floor;
  const sigmas = groups.map((values, step) => {
    if (values.length < minPixels) return sigma;
    const [percent, deviations] = step < 3 ? [25, 0.6745] : [10, 1.2816];
    const [low, middle, high] = percentiles(values, [percent, 50, 100 - percent]);
    sigma = Math.max(sigma, (high - middle) / deviations, (middle - low) / deviations);
    return sigma;
  });
  return difference.map((value, i) => value / Math.hypot(sigmas[steps[i]], brightnessError * level[i]));
}

/**
 * Sets the border to 0. A structure on the border is only half visible and continued by its mirror image, so it cannot
 * be judged.
 */
function clearBorder({ data, height, width }: Plane, border: number): void {
  for (let y = 0; y < height; y++) {
    const inside = y >= border && y < height - border && width > 2 * border;
    if (inside) {
      data.fill(0, y * width, y * width + border);
      data.fill(0, (y + 1) * width - border, (y + 1) * width);
    } else data.fill(0, y * width, (y + 1) * width);
  }
}

/** @throws `usage` for a value outside of the bounds */
export function checkOption(option: string, got: number, low: number, high: number): void {
  if (got >= low && got <= high) return;
  throw wrongOption(option, got, high === Number.MAX_VALUE ? `a number, ${low} or more` : `${low} to ${high}`);
}

export function wrongOption(option: string, got: number, expected: string): ParfocalError {
  return new ParfocalError("usage", `Hallucinations: ${option} is ${got}; expected ${expected}.`, {
    option,
    got,
    expected,
  });
}
