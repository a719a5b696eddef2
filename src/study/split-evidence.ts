/**
 * What of an output stands on the specimen and what on the noise, without any truth: the candidate is given two stacks that differ in
 * nothing but their noise (`split-halves.ts`), and its two outputs are compared, by Fourier ring correlation and by how far apart they are.
 *
 * What it tells: how much of the noise reaches the output, and up to which detail the output is the same whatever the noise was.
 *
 * What it cannot tell: whether what is the same is true. A structure that a network hallucinates in both outputs alike counts as resolved, and
 * so does its checkerboard. Every linear filter, a blur as well as a sharpening, leaves the curve as it was, since it changes signal and
 * noise of a ring alike: only the noise gain tells these apart (a blur that leaves less in a ring than leaks there from coarser ones,
 * whose signal is the same in both, lets the curve rise again; its first fall stays). And the halves are noisier than the recording,
 * each with twice its variance: resolutions are those of half the light, and compare with each other only.
 */
import { Random } from "../array/random.ts";
import { extent, mean, percentiles } from "../array/statistics.ts";
import { throwIfAborted } from "../errors.ts";
import { type Plane, planeOf, type Stack } from "../image/image.ts";
import { fourierRingCorrelation, frcResolution, type RingCorrelation } from "../metrics/fourier-ring-correlation.ts";
import { meanSquaredError, pearson } from "../metrics/metrics.ts";
import { type NoiseModel, noiseModelOf, splitHalves } from "../metrics/split-halves.ts";
import type { Candidate, Wanted } from "./candidate.ts";
import { type EveryPlane, isJudged, type Outcome } from "./every-plane.ts";
import { around, cropToBox, type Subject } from "./subject.ts";

/** How far two pictures made of both halves agree; means over the planes. */
export interface HalvesAgreement {
  /** Fourier ring correlation, frequencies in cycles per pixel. */
  curve: RingCorrelation;
  /**
   * Where the curve falls below 1/7, um, or pixels where the pixel size is not known: Infinity where nothing agrees, and two pixels
   * where all does that pixels can show.
   */
  resolution: number;
  /** Pearson's correlation of the pixels; NaN for pictures without contrast. */
  correlation: number;
  /** Root mean square difference over the range of the picture (its percentiles 0.1 to 99.9); NaN for pictures without contrast. */
  nrmse: number;
}

export interface SplitEvidence {
  /** Of the recording. */
  noise: NoiseModel;
  /** The planes that were given, twice each, from 0. */
  planes: number[];
  /** Of resolutions. */
  unit: "um" | "pixels";
  input: HalvesAgreement;
  output: HalvesAgreement;
  /** Of the recorded sharpest plane: what refocusing can hope for where nothing is averaged. */
  sharpest: HalvesAgreement;
  /**
   * Root mean square difference of the outputs over that of the inputs, both in counts: 1 where noise passes, above 1 where it is
   * amplified. Sections may be in other counts than the stack; for those compare the two {@link HalvesAgreement.nrmse}.
   */
  noiseGain: number;
  /**
   * Whether the halves are independent: their correlation in the finest fifth of the frequencies of the plane farthest from focus, where
   * blur leaves no signal. 0 is right. Above it some noise is in both halves (it is alike in neighbouring pixels, or a pattern of the
   * camera), and all resolutions come out too fine; below it the noise was taken for stronger than it is, and they come out too coarse.
   */
  leftover: number;
}

/** Shorter sides have too few rings for a curve, pixels. */
const leastSide = 64;
/** Classical methods, which are slow, see the middle of the region only, pixels. */
const classicalSide = 192;
/** From here on frequencies are the finest, cycles per pixel. */
const finest = 0.4;
/** The same halves for every candidate. */
const seed = 20;

/**
 * Asks a candidate for the region of at most two planes, of both halves each. Brightness is measured on the recorded stack, the same
 * for both halves.
 * @param whole what brightness, and the noise, are measured on
 * @returns undefined for a region below 64 x 64, a stack without noise, or where nothing was made within range
 * @throws interrupted; what the candidate throws
 */
export async function splitEvidence(
  candidate: Candidate,
  { stack, sharpest, region }: Pick<Subject, "stack" | "sharpest" | "region">,
  { outcomes }: Pick<EveryPlane, "outcomes">,
  whole: Stack,
  signal?: AbortSignal,
): Promise<SplitEvidence | undefined> {
  const { top, left, height, width } = region;
  if (Math.min(height, width) < leastSide) return undefined;
  const middle = { y: top + height / 2, x: left + width / 2 };
  const box = candidate.kind === "classical" ? around(middle, planeOf(stack, 0), classicalSide) : region;
  const wanted = typicalOf(candidate, outcomes, sharpest);
  if (wanted.length === 0) return undefined;
  const noise = noiseModelOf(whole);
  if (noise === undefined) return undefined;
  const halves = splitHalves(cropToBox(stack, box), noise, new Random(seed));
  const made: Plane[][] = [];
  for (const half of halves) {
    throwIfAborted(signal);
    made.push(await candidate.make(half, whole, wanted, signal));
  }
  const pixelSize = stack.pixelSize?.x;
  const both = (z: number): Pair => [planeOf(halves[0], z), planeOf(halves[1], z)];
  const agreed = (pairs: readonly Pair[]): HalvesAgreement => agreementOf(pairs, pixelSize ?? 1);
  const inputs = wanted.map(({ plane }) => both(plane));
  const outputs = wanted.map((_, i): Pair => [made[0][i], made[1][i]]);
  const best = agreed([both(sharpest)]);
  const farthest = agreed([both(sharpest < (stack.depth - 1) / 2 ? stack.depth - 1 : 0)]).curve;
  return {
    noise,
    planes: wanted.map(({ plane }) => plane),
    unit: pixelSize === undefined ? "pixels" : "um",
    input: agreed(inputs),
    output: agreed(outputs),
    sharpest: best,
    noiseGain: apart(outputs) / apart(inputs),
    leftover: mean(farthest.correlation.filter((_, i) => farthest.frequency[i] >= finest)),
  };
}

/**
 * What is asked of every candidate where all planes would take too long: of refocusing, from both sides of focus, half as far as it goes;
 * of sections, the sharpest plane and the one after it.
 */
export function typicalOf(
  { task }: Pick<Candidate, "task">,
  outcomes: readonly Pick<Outcome, "plane" | "distance" | "inRange" | "given">[],
  sharpest: number,
): Wanted[] {
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

/** Root mean square difference, over all pairs. */
const apart = (pairs: readonly Pair[]): number => Math.sqrt(mean(pairs.map(([a, b]) => meanSquaredError(a, b))));

function agreementOf(pairs: readonly Pair[], pixelSize: number): HalvesAgreement {
  const curves = pairs.map(([a, b]) => {
    const found = fourierRingCorrelation(a, b);
    // Of a constant picture rounding would be correlated.
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

/** As {@link HalvesAgreement.resolution}. */
function resolutionOf({ frequency, correlation, count }: RingCorrelation, pixelSize: number): number {
  // Beyond half a cycle per pixel nothing is seen: a curve that is still high there falls at its end, and one that never was stays undefined.
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
