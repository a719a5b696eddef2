/**
 * How sure a model is of every pixel, and whether it may be: the spread that a Laplace head tells, held against the errors that it made.
 *
 * What it cannot tell: a head knows the doubt of the images that it was taught with, and may be sure of itself on others. It says where to look
 * twice, not where to trust.
 *
 * Source: Weigert, Schmidt, et al., Nat. Methods 15, 1090 (2018); reliability: Lakshminarayanan, Pritzel and Blundell, "Simple and scalable
 * predictive uncertainty estimation using deep ensembles", NeurIPS 2017.
 */
import { evenly } from "../array/evenly.ts";
import { mean as meanOf, median, moments, percentiles } from "../array/statistics.ts";
import { throwIfAborted } from "../errors.ts";
import type { Stack } from "../image/image.ts";
import { pearson } from "../metrics/metrics.ts";
import type { Candidate } from "./candidate.ts";
import { type EveryPlane, isJudged } from "./every-plane.ts";
import { errorsOf, joined, maxPlanes, rowOf, type SpreadMap, spreadMaps, targetOf, typicalMap } from "./spread-map.ts";
import { cropToBox, type StudiedStack } from "./studied-stack.ts";

/** Whether the errors are as large as the spread says. */
export interface Calibration {
  /**
   * For nominal shares 0 to 1 of a Laplace distribution about each pixel, the share of the pixels whose error lies within. Where `found` is
   * below `nominal` the model is surer than it may be.
   */
  reliability: { nominal: number; found: number }[];
  /** By what the spread must be multiplied for half of the errors to lie within its half: 1 is right, 2 is twice as sure as it may be. */
  factor: number;
  /** Pearson's correlation of spread and absolute error, pixel by pixel; NaN for a spread that is the same everywhere. */
  correlation: number;
  /**
   * What that would be if all errors were drawn from the very distributions that the spread tells: 0.71 at most, since chance decides on
   * each. A correlation above it: doubtful and sure places differ more than the spread says.
   */
  expected: number;
}

/** Of a candidate that tells its own spread. */
export interface SpreadEvidence {
  /** That were measured, from 0. */
  planes: number[];
  /** Mean over all pixels and planes of the scale of the Laplace distribution, over the data range. */
  mean: number;
  /** What outputs are held against. */
  against: "truth" | "sharpest plane" | undefined;
  /** undefined where nothing is known to hold outputs against. */
  calibration: Calibration | undefined;
  /** The same of the brightest tenth of all pixels of the outputs alone: in most images dark background is the most of them. */
  bright: Calibration | undefined;
  typical: SpreadMap;
}

/** Shares of a distribution at which reliability is measured; 0.5, 0.8 and 0.95 are among them. */
const shares = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99];

/**
 * Has a candidate make the region of at most five planes, evenly through the stack, with its spread. Sections are brought to the truth by gain
 * and offset, as for their scores, and their spread by the same gain. The recorded sharpest plane, against which refocused planes are held,
 * has noise of its own, which counts as error.
 * @returns undefined for candidates that do not tell a spread, or where nothing was made within range
 * @throws interrupted; what the candidate throws
 */
export async function spreadEvidence(
  candidate: Candidate,
  { stack, truth, sharpest, region }: Pick<StudiedStack, "stack" | "truth" | "sharpest" | "region">,
  { outcomes, dataRange }: Pick<EveryPlane, "outcomes" | "dataRange">,
  whole: Stack,
  signal?: AbortSignal,
): Promise<SpreadEvidence | undefined> {
  const requests = evenly(outcomes.filter(isJudged), maxPlanes).map(({ plane, distance }) => ({ plane, distance }));
  if (candidate.makeWithSpread === undefined || requests.length === 0) return undefined;
  throwIfAborted(signal);
  const made = await candidate.makeWithSpread(cropToBox(stack, region), whole, requests, signal);
  const targets = targetOf(candidate, { stack, truth, sharpest, region });
  const doubted = requests.map((one, i) => ({ ...one, picture: made.planes[i], deviation: made.spread[i] }));
  const maps = spreadMaps(candidate, doubted, targets, dataRange);
  const spread = joined(maps.map((map) => map.spread));
  const error = errorsOf(maps);
  const output = joined(maps.map((map) => map.output));
  const [limit] = percentiles(output, [90]);
  const bright = (values: Float32Array): Float32Array => values.filter((_, i) => output[i] >= limit);
  return {
    planes: requests.map(({ plane }) => plane),
    mean: meanOf(spread),
    against: targets?.name,
    calibration: targets && calibrationOf(spread, error),
    bright: targets && calibrationOf(bright(spread), bright(error)),
    typical: typicalMap(candidate, maps, requests, sharpest),
  };
}

/**
 * Of any spreads and absolute errors in the same unit, pixel by pixel. A share p of a Laplace distribution of scale b lies within
 * -b ln(1 - p). If every error e is drawn so, |e| = b E with E exponential of mean 1, whence its correlation with b is
 * sd(b) / sqrt(2 sd(b)^2 + mean(b)^2).
 */
export function calibrationOf(spread: Float32Array, error: Float32Array): Calibration {
  // Without error even no spread is right; without spread any error is beyond measure.
  const ratios = error.map((value, i) => (value === 0 ? 0 : Math.min(1e9, value / spread[i])));
  const { mean, variance } = moments(spread);
  return {
    reliability: shares.map((nominal) => {
      const reach = -Math.log(1 - nominal);
      const within = ratios.reduce((sum, ratio) => sum + (ratio <= reach ? 1 : 0), 0);
      return { nominal, found: within / ratios.length };
    }),
    factor: median(ratios) / Math.LN2,
    correlation: pearson(rowOf(spread), rowOf(error)),
    expected: Math.sqrt(variance / (2 * variance + mean ** 2)),
  };
}
