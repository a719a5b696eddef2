/**
 * Structure in an output that should not be there, and how faint it may be to be found.
 *
 * The pictures are compared through differences of Gaussians, matched to a spot and to twice and four times its size: an offset is gone,
 * and a structure that is only sharper or softer than it should be keeps its light, so that it does not stand out at all sizes. The
 * reference may lie a pixel beside the output, which is held against the strongest response around. How much two pictures of the same
 * thing differ is learnt from themselves: where the reference is empty that is noise, where it is bright it is more.
 *
 * What it does not see: structure that is hallucinated on or beside a brighter one, or moved by less than a few spots' width. Where structure is
 * everywhere (dense filaments, chromatin), that is most of it: even another specimen's picture then seems hallucinated in a few places only,
 * which correlation tells at once. An object that the reference shows blurred over more than about four spots' width counts as absent there.
 */
import { mean, percentile, percentiles } from "../array/statistics.ts";
import { weightedMedian } from "../array/weighted-median.ts";
import { noiseLevel } from "../classical/noise-level.ts";
import { ParfocalError } from "../errors.ts";
import type { Plane } from "../image/image.ts";
import { checkPair } from "./comparable.ts";
import { differenceNorm, gaussianNorm, responses, smooth, spotResponse } from "./difference-of-gaussians.ts";
import { reblurResidual } from "./reblur-residual.ts";
import { bestAround, largestAround, type Spot, spotsOf, structuresOf } from "./spots.ts";

export interface HallucinationInput {
  /** What is judged, any unit. */
  output: Plane;
  /** What is known to be there: the plane recorded at the output's height; same size. */
  reference: Plane;
  /** Standard deviation of the reference's noise, counts; default estimated from it. */
  noise?: number | undefined;
  /** Full width at half maximum of the smallest spot, pixels, 1 to 64; default 3. */
  fwhm?: number | undefined;
  /** Pixels by which the pictures may lie beside each other, 0 to 8; default 1. */
  shift?: number | undefined;
  /** z of a spot; default {@link defaultThreshold}. */
  threshold?: number | undefined;
}

export interface HallucinationMap {
  /**
   * By how many standard deviations of what differs anyhow, at such brightness, the structure in the output exceeds that of the reference;
   * below 0 where it does not.
   */
  z: Plane;
  /** Connected pixels of z above the threshold, the most significant first. */
  spots: Spot[];
  /** Share of the output's bright structures that are hallucinated, 0..1; 0 where there is none. */
  hallucinatedShare: number;
  /** output = gain x reference, by structure; 1 where either has none. */
  gain: number;
}

/** Two recordings of nothing but noise, 512 x 512, reach 3.2 (measured); pictures of structure have longer tails. */
export const defaultThreshold = 6;

/** A structure that is brighter than in the reference by this share is one standard deviation off. */
const brightnessError = 0.1;

/**
 * @throws `image.unfit` for pictures of different size or with pixels that are not finite; `usage` for options out of their range
 */
export function hallucinationMap(input: HallucinationInput): HallucinationMap {
  const { output, threshold = defaultThreshold } = input;
  return judge(output, knownOf(input), threshold);
}

export interface ExcessInput {
  /** The output, blurred again by the PSF; any unit. */
  blurred: Plane;
  /** What the camera saw, counts; same size. */
  input: Plane;
  /** Standard deviation of the input's noise, counts; default estimated from it. */
  noise?: number | undefined;
  /** Width of the PSF, pixels, 1 to 64; default 3. */
  fwhm?: number | undefined;
  /** Default {@link defaultThreshold}. */
  threshold?: number | undefined;
}

/**
 * Light that re-blurring forbids: light is never negative, so that nothing can take back what an output puts where the input saw none. The
 * other way round proves nothing: light of the input that the output does not explain may come from outside it.
 *
 * @returns the excess of the re-blurred output over the input, with gain and offset fitted, in standard deviations of what differs anyhow
 * @throws as {@link hallucinationMap}
 */
export function excessMap({
  blurred,
  input,
  noise,
  fwhm = 3,
  threshold = defaultThreshold,
}: ExcessInput): Pick<HallucinationMap, "z" | "spots"> {
  const known = knownOf({ reference: input, noise, fwhm, shift: 0 });
  const { residual, gain } = reblurResidual(blurred, input);
  if (!(gain > 0)) return judge(blurred, known, threshold);
  const centre = mean(residual.data);
  const excess = smooth(residual, known.sigmas[0]).data.map((value) => -value - centre);
  const bright = smooth(input, known.sigmas[0]).data;
  const low = percentile(bright, 5);
  const level = bright.map((value) => Math.max(0, value - low));
  const z = { ...input, data: standardise(excess, level, known.noise * gaussianNorm(known.sigmas[0])) };
  clearBorder(z, Math.ceil(fwhm));
  return { z, spots: spotsOf(z, threshold, fwhm) };
}

/** What an output is held against, at one size. */
export interface KnownSize {
  /** The difference of Gaussians of the reference. */
  response: Float32Array;
  /** The strongest response that a shift can bring here. */
  allowed: Float32Array;
  /** Standard deviation of the response of noise. */
  noise: number;
}

export interface Known {
  plane: Plane;
  fwhm: number;
  noise: number;
  /** Of the Gaussians, pixels: of a spot, and twice, four times and eight times that. */
  sigmas: number[];
  sizes: KnownSize[];
  /** How bright the reference's structures are around here, at the first two sizes. */
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
    allowed: largestAround(response, Math.ceil(shift)).data,
    noise: white * differenceNorm(sigmas[k]),
  }));
  const levels = [1, 2].map((size, k) =>
    largestAround(made[k], Math.ceil(fwhm * size)).data.map((value) => Math.max(0, value)),
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
  const hallucinated = structures.filter(({ x, y }) => bestAround(z, x, y, 1) >= threshold);
  return {
    z,
    spots: spotsOf(z, threshold, known.fwhm),
    hallucinatedShare: structures.length > 0 ? hallucinated.length / structures.length : 0,
    gain,
  };
}

/**
 * Structure that the reference shows blurred brings no light with it: at four times the size of a spot little of the excess is left, where
 * new light would all be there.
 *
 * @param left the share that is left there
 * @returns what z is multiplied with, 0..1
 */
const newLight = (left: number): number => Math.min(1, Math.max(0, (left - 0.4) / 0.4));

/**
 * What the output makes of the reference's structure: the median of the ratio where the reference has some, weighted by it, which is the
 * line of least absolute deviations. Hallucinations lie where the reference has none and have no say.
 */
function gainOf(seen: Float32Array, { response, noise }: KnownSize): number {
  const least = Math.max(4 * noise, 0.1 * percentile(response, 99.8), Number.MIN_VALUE);
  const [ratios, weights]: [number[], number[]] = [[], []];
  const stride = Math.ceil(response.length / enough);
  for (let i = 0; i < response.length; i += stride) {
    if (response[i] < least) continue;
    ratios.push(seen[i] / response[i]);
    weights.push(response[i]);
  }
  const middle = weightedMedian(ratios, weights);
  // An output that has nothing of the reference is compared by the brightness of its own structure.
  const [own, theirs] = [percentile(seen, 99.8), percentile(response, 99.8)];
  const fallback = own > 0 && theirs > 0 ? own / theirs : 1;
  return middle > 0.1 * fallback ? middle : fallback;
}

/** With fewer pixels a step of brightness says too little, and that below it counts. */
const fewest = 200;

/** As many pixels tell a percentile well enough. */
const enough = 1e5;

/**
 * Differences over their standard deviation, which is learnt in steps of brightness (factors of 2). Where the reference is empty, from the
 * quartiles, so that a quarter of the pixels may be hallucinated; where it is bright and differences have long tails, from the 10th and 90th
 * percentile. It does not fall with brightness, and not below the noise.
 *
 * @param noise standard deviation of the noise in the differences, a lower bound
 */
function standardise(difference: Float32Array, level: Float32Array, noise: number): Float32Array {
  const most = level.reduce((a, b) => Math.max(a, b), 0);
  const floor = Math.max(noise, 1e-4 * most, 1e-30);
  const stepOf = (value: number) => (value < 2 * floor ? 0 : 1 + Math.floor(Math.log2(value / (2 * floor))));
  const steps = new Uint8Array(level.length);
  const counts = new Array<number>(stepOf(most) + 1).fill(0);
  for (let i = 0; i < steps.length; i++) {
    steps[i] = stepOf(level[i]);
    counts[steps[i]]++;
  }
  const strides = counts.map((count) => Math.ceil(count / enough));
  const groups = counts.map((count, step) => new Float32Array(Math.ceil(count / strides[step]) || 0));
  counts.fill(0);
  for (let i = 0; i < steps.length; i++) {
    const [step, n] = [steps[i], counts[steps[i]]++];
    if (n % strides[step] === 0) groups[step][n / strides[step]] = difference[i];
  }
  let sigma = floor;
  const sigmas = groups.map((values, step) => {
    if (values.length < fewest) return sigma;
    const [percent, deviations] = step < 3 ? [25, 0.6745] : [10, 1.2816];
    const [low, middle, high] = percentiles(values, [percent, 50, 100 - percent]);
    sigma = Math.max(sigma, (high - middle) / deviations, (middle - low) / deviations);
    return sigma;
  });
  return difference.map((value, i) => value / Math.hypot(sigmas[steps[i]], brightnessError * level[i]));
}

/** Half of a structure that lies on the border is not seen, and its mirror image stands for it: nothing is said there. */
function clearBorder({ data, height, width }: Plane, border: number): void {
  for (let y = 0; y < height; y++) {
    const inside = y >= border && y < height - border && width > 2 * border;
    if (inside) {
      data.fill(0, y * width, y * width + border);
      data.fill(0, (y + 1) * width - border, (y + 1) * width);
    } else data.fill(0, y * width, (y + 1) * width);
  }
}

/** @throws `usage` outside of the bounds */
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
