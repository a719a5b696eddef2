/**
 * How uncertain a model is about every pixel, and whether that uncertainty is right: the spread that a Laplace head
 * predicts is compared with the errors that the model made.
 *
 * What this cannot show: a head knows the uncertainty of the images that it was trained with, and may be overconfident
 * on others. A large spread means that a place should be checked; a small spread does not mean that it can be trusted.
 *
 * Source: Weigert, Schmidt, et al., Nat. Methods 15, 1090 (2018); reliability: Lakshminarayanan, Pritzel and Blundell,
 * "Simple and scalable predictive uncertainty estimation using deep ensembles", NeurIPS 2017.
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

/** Whether the errors are as large as the predicted spread. */
export interface Calibration {
  /**
   * For nominal shares between 0 and 1 of a Laplace distribution around each pixel, the share of the pixels whose error
   * lies within. Where `found` is below `nominal` the model is overconfident.
   */
  reliability: { nominal: number; found: number }[];
  /**
   * The factor by which the spread must be multiplied so that half of the errors lie within its median: 1 is right, 2
   * means a spread that is half as large as it should be.
   */
  factor: number;
  /**
   * Pearson's correlation of spread and absolute error, pixel by pixel; NaN for a spread that is the same everywhere.
   */
  correlation: number;
  /**
   * The correlation that would result if all errors were drawn from the predicted distributions. It is at most 0.71,
   * since each error is random. If the measured correlation is higher, uncertain and certain places differ more than
   * the spread says.
   */
  expected: number;
}

/** The uncertainty of a candidate that predicts its own spread. */
export interface SpreadEvidence {
  /** The measured planes, counted from 0. */
  planes: number[];
  /** Mean scale of the Laplace distribution over all pixels and planes, divided by the data range. */
  mean: number;
  /** What outputs are compared with. */
  against: "truth" | "sharpest plane" | undefined;
  /** Undefined where there is nothing to compare outputs with. */
  calibration: Calibration | undefined;
  /**
   * The same for the brightest tenth of all output pixels only, since most pixels of most images are dark background.
   */
  bright: Calibration | undefined;
  typical: SpreadMap;
}

/** Shares of a distribution at which reliability is measured; 0.5, 0.8 and 0.95 are among them. */
const shares = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99];

/**
 * Lets a candidate make the region of at most five planes, evenly distributed over the stack, with its spread. Sections
 * are brought to the ground truth by gain and offset, as for their scores, and their spread by the same gain. Refocused
 * planes are compared with the recorded sharpest plane, whose own noise counts as error.
 * @returns undefined for candidates that do not predict a spread, or without outputs within range
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
  const uncertain = requests.map((one, i) => ({ ...one, picture: made.planes[i], deviation: made.spread[i] }));
  const maps = spreadMaps(candidate, uncertain, targets, dataRange);
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
 * Compares spreads and absolute errors in the same unit, pixel by pixel. A share p of a Laplace distribution of scale b
 * lies within -b ln(1 - p). If every error e is drawn from it, |e| = b E with E exponential of mean 1, so its
 * correlation with b is sd(b) / sqrt(2 sd(b)^2 + mean(b)^2).
 */
export function calibrationOf(spread: Float32Array, error: Float32Array): Calibration {
  // An error of 0 is right even for a spread of 0; any other error with a spread of 0 has a very large ratio.
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
