/**
 * Which part of an output comes from the specimen and which from the noise, measured without a ground truth. The
 * candidate is applied to two stacks that differ only in their noise (`data-thinning.ts`). The two outputs are compared
 * by Fourier ring correlation and by their root mean square difference.
 *
 * What this shows: how much of the noise reaches the output, and down to which detail the output does not depend on the
 * noise.
 *
 * What this cannot show: whether the common part is true. A structure that a network hallucinates in both outputs
 * counts as resolved, and so does its checkerboard pattern. A linear filter, whether it blurs or sharpens, does not
 * change the curve, since it changes signal and noise of a ring by the same factor. Only the noise gain tells these
 * filters apart. (If a blur leaves less in a ring than leaks there from coarser rings, whose signal is the same in both
 * stacks, the curve rises again; its first fall stays.) The thinned stacks have twice the variance of the recording, so
 * resolutions are those of a recording with half the light, and should only be compared with each other.
 */
import { Random } from "../array/random.ts";
import { extent, mean, percentiles } from "../array/statistics.ts";
import { throwIfAborted } from "../errors.ts";
import { type Plane, planeOf, type Stack } from "../image/image.ts";
import { type NoiseModel, noiseModelOf, thinStack } from "../metrics/data-thinning.ts";
import { fourierRingCorrelation, frcResolution, type RingCorrelation } from "../metrics/fourier-ring-correlation.ts";
import { meanSquaredError, pearson } from "../metrics/metrics.ts";
import type { Candidate, PlaneRequest } from "./candidate.ts";
import { type EveryPlane, isJudged, type Outcome } from "./every-plane.ts";
import { around, cropToBox, type StudiedStack } from "./studied-stack.ts";

/** How well two images agree that were made from the two thinned stacks; means over the planes. */
export interface ThinnedAgreement {
  /** Fourier ring correlation, frequencies in cycles per pixel. */
  curve: RingCorrelation;
  /**
   * The length at which the curve falls below 1/7, in um, or in pixels where the pixel size is not known. Infinity
   * where the images do not agree at any frequency; two pixels where they agree at all frequencies.
   */
  resolution: number;
  /** Pearson's correlation of the pixels; NaN for images without contrast. */
  correlation: number;
  /**
   * Root mean square difference divided by the range of the image (its percentiles 0.1 to 99.9); NaN for images without
   * contrast.
   */
  nrmse: number;
}

export interface ThinningEvidence {
  /** The noise of the recording. */
  noise: NoiseModel;
  /** The input planes, counted from 0; each was used in both thinned stacks. */
  planes: number[];
  /** Unit of the resolutions. */
  unit: "um" | "pixels";
  input: ThinnedAgreement;
  output: ThinnedAgreement;
  /** The same for the recorded sharpest plane: the best result of refocusing without averaging. */
  sharpest: ThinnedAgreement;
  /**
   * Root mean square difference of the outputs divided by that of the inputs, both in counts: 1 where noise passes
   * unchanged, above 1 where it is amplified. Sections may be in other counts than the stack; for those compare the two
   * `nrmse`.
   */
  noiseGain: number;
  /**
   * A check that the thinned stacks are independent: their correlation in the highest fifth of the frequencies of the
   * plane farthest from focus, where blur leaves no signal. It should be 0. If it is above 0, both stacks share some
   * noise (because noise is correlated between neighbouring pixels, or is a fixed pattern of the camera), and all
   * resolutions come out too fine. If it is below 0, the noise was overestimated, and they come out too coarse.
   */
  noiseCorrelation: number;
}

/** Regions with a shorter side have too few rings for a curve, pixels. */
const minSide = 64;
/** Classical methods are slow and are applied to the middle of the region only, pixels. */
const classicalSide = 192;
/** From this frequency on only noise is expected far from focus, cycles per pixel. */
const minNoiseFrequency = 0.4;
/** Every candidate gets the same thinned stacks. */
const seed = 20;

/**
 * Applies a candidate to the region of at most two planes, in both thinned stacks. Brightness is measured on the
 * recorded stack, so that it is the same for both.
 * @param whole the stack on which brightness and noise are measured
 * @returns undefined for a region below 64 x 64, a stack without noise, or a candidate without outputs within range
 * @throws interrupted; what the candidate throws
 */
export async function thinningEvidence(
  candidate: Candidate,
  { stack, sharpest, region }: Pick<StudiedStack, "stack" | "sharpest" | "region">,
  { outcomes }: Pick<EveryPlane, "outcomes">,
  whole: Stack,
  signal?: AbortSignal,
): Promise<ThinningEvidence | undefined> {
  const { top, left, height, width } = region;
  if (Math.min(height, width) < minSide) return undefined;
  const middle = { y: top + height / 2, x: left + width / 2 };
  const box = candidate.kind === "classical" ? around(middle, planeOf(stack, 0), classicalSide) : region;
  const requests = typicalOf(candidate, outcomes, sharpest);
  if (requests.length === 0) return undefined;
  const noise = noiseModelOf(whole);
  if (noise === undefined) return undefined;
  const thinned = thinStack(cropToBox(stack, box), noise, new Random(seed));
  const made: Plane[][] = [];
  for (const one of thinned) {
    throwIfAborted(signal);
    made.push(await candidate.make(one, whole, requests, signal));
  }
  const pixelSize = stack.pixelSize?.x;
  const both = (z: number): Pair => [planeOf(thinned[0], z), planeOf(thinned[1], z)];
  const agreed = (pairs: readonly Pair[]): ThinnedAgreement => agreementOf(pairs, pixelSize ?? 1);
  const inputs = requests.map(({ plane }) => both(plane));
  const outputs = requests.map((_, i): Pair => [made[0][i], made[1][i]]);
  const best = agreed([both(sharpest)]);
  const farthest = agreed([both(sharpest < (stack.depth - 1) / 2 ? stack.depth - 1 : 0)]).curve;
  return {
    noise,
    planes: requests.map(({ plane }) => plane),
    unit: pixelSize === undefined ? "pixels" : "um",
    input: agreed(inputs),
    output: agreed(outputs),
    sharpest: best,
    noiseGain: apart(outputs) / apart(inputs),
    noiseCorrelation: mean(farthest.correlation.filter((_, i) => farthest.frequency[i] >= minNoiseFrequency)),
  };
}

/**
 * Chooses the planes for measurements that would take too long on all planes. For refocusing these are one plane on
 * each side of focus, half as far away as the candidate goes; for sections the sharpest plane and the next one.
 */
export function typicalOf(
  { task }: Pick<Candidate, "task">,
  outcomes: readonly Pick<Outcome, "plane" | "distance" | "inRange" | "given">[],
  sharpest: number,
): PlaneRequest[] {
  const able = outcomes.filter(isJudged);
  const nearest = (wish: number, side: typeof able): typeof able =>
    [...side].sort((a, b) => Math.abs(a.plane - wish) - Math.abs(b.plane - wish)).slice(0, 1);
  const chosen =
    task === "section"
      ? [...nearest(sharpest, able), ...nearest(sharpest + 1, able)]
      : [able.filter(({ plane }) => plane < sharpest), able.filter(({ plane }) => plane > sharpest)].flatMap((side) => {
          const far = side.reduce((most, { plane }) => Math.max(most, Math.abs(plane - sharpest)), 0);
          return nearest(sharpest + Math.sign(side[0]?.plane - sharpest) * Math.ceil(far / 2), side);
        });
  return [...new Map(chosen.map(({ plane, distance }) => [plane, { plane, distance }])).values()];
}

type Pair = readonly [Plane, Plane];

/** Root mean square difference over all pairs. */
const apart = (pairs: readonly Pair[]): number => Math.sqrt(mean(pairs.map(([a, b]) => meanSquaredError(a, b))));

function agreementOf(pairs: readonly Pair[], pixelSize: number): ThinnedAgreement {
  const curves = pairs.map(([a, b]) => {
    const found = fourierRingCorrelation(a, b);
    // For a constant image the correlation would be that of rounding errors.
    return isConstant(a) || isConstant(b) ? { ...found, correlation: found.correlation.map(() => 0) } : found;
  });
  const curve = {
    ...curves[0],
    correlation: curves[0].correlation.map((_, i) => mean(curves.map((one) => one.correlation[i]))),
  };
  return {
    curve,
    resolution: resolutionOf(curve, pixelSize),
    correlation: mean(pairs.map(([a, b]) => pearson(a, b))),
    nrmse: mean(
      pairs.map(([a, b]) => {
        const [low, high] = percentiles(
          a.data.map((value, i) => (value + b.data[i]) / 2),
          [0.1, 99.9],
        );
        return high > low ? Math.sqrt(meanSquaredError(a, b)) / (high - low) : Number.NaN;
      }),
    ),
  };
}

function isConstant({ data }: Plane): boolean {
  const { min, max } = extent(data);
  return min === max;
}

/** The resolution of a curve, see {@link ThinnedAgreement.resolution}. */
function resolutionOf({ frequency, correlation, count }: RingCorrelation, pixelSize: number): number {
  // Beyond half a cycle per pixel the curve is continued with 0, so that a curve that is still high there falls at its
  // end.
  const last = frequency.length - 1;
  const step = frequency[1] - frequency[0];
  const beyond = [1, 2, 3];
  const found = frcResolution(
    {
      frequency: [...frequency, ...beyond.map((k) => frequency[last] + k * step)],
      correlation: [...correlation, ...beyond.map(() => 0)],
      count: [...count, ...beyond.map(() => count[last])],
    },
    { pixelSize },
  );
  return found === undefined ? Number.POSITIVE_INFINITY : Math.max(2 * pixelSize, found.resolution);
}
