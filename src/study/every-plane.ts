/**
 * Applies a candidate to every plane of a stack, and scores its outputs and the recorded planes against their targets.
 */
import { throwIfAborted } from "../errors.ts";
import { type Plane, planeOf, type Stack } from "../image/image.ts";
import { type Detail, detailAgainst } from "../metrics/detail.ts";
import { type IntensityFit, intensityFit, withIntensity } from "../metrics/intensity-fit.ts";
import { type Scores, score, signalRange } from "../metrics/metrics.ts";
import { photometricSlope, shareChanged } from "../metrics/photometric-slope.ts";
import { type BaselineScores, bestRecorded } from "../metrics/recorded-baseline.ts";
import { type Candidate, canTake, canTravel, givenPlanesOf, type PlaneRequest } from "./candidate.ts";
import { measureOnce } from "./measure-once.ts";
import { sectionBaselines } from "./section-baselines.ts";
import type { StudiedStack } from "./studied-stack.ts";

/** One output with its scores and those of its input. */
export interface Outcome {
  plane: number;
  /** Requested distance, um; 0 for sections. */
  distance: number;
  /** Whether the candidate was made for this distance. */
  inRange: boolean;
  /** Whether the target is one of the input planes. Such scores say nothing about the candidate. */
  given: boolean;
  output: Plane;
  /** Scores of the first input plane, unchanged, and of the output. */
  scores: { input: Scores; output: Scores };
  detail: { input: Detail; output: Detail };
  /** For each score the best of the input planes, smoothed or not, and of their interpolation. */
  baseline: BaselineScores;
  /**
   * Root mean square difference of output and input, divided by that of target and input: 0 where the input is returned
   * unchanged, NaN where target and input are equal.
   */
  relativeChange: number;
  /** Counts of the output for one count of the target: 1 means that brightness is kept (`photometricSlope`). */
  slope: number;
}

export interface EveryPlane {
  outcomes: Outcome[];
  /**
   * The target of the scores. Refocused planes are compared with the recorded sharpest plane; sections with the ground
   * truth of the same plane. Without a ground truth, sections are also compared with the sharpest plane, as in the
   * review, although no good section equals it.
   */
  against: "sharpest plane" | "truth";
  /** Data range of PSNR and SSIM, counts. */
  dataRange: number;
  /**
   * Brings outputs to the counts of the stack. It is fitted to the input in focus for sections; refocused planes need
   * no fit.
   */
  toStack: IntensityFit;
}

/** Distances up to this multiple of the range are tried, to see where a model stops being useful. */
const maxRangeFactor = 1.5;

/** The requests to a candidate: every input plane, with its distance to the sharpest one. */
export function requestsToFocus(candidate: Candidate, stack: Stack, sharpest: number): PlaneRequest[] {
  const step = stack.zStep ?? 1;
  const all = Array.from({ length: stack.depth }, (_, plane) => ({ plane, distance: (sharpest - plane) * step }));
  if (candidate.task === "section") return all.map(({ plane }) => ({ plane, distance: 0 }));
  const [low, high] = candidate.range ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  return all.filter(
    ({ plane, distance }) =>
      canTake(candidate, stack, plane) &&
      canTravel(candidate, distance) &&
      distance >= maxRangeFactor * low - 1e-6 &&
      distance <= maxRangeFactor * high + 1e-6,
  );
}

export const isInRange = ({ range }: Candidate, distance: number): boolean =>
  range === undefined || (distance >= range[0] - 1e-6 && distance <= range[1] + 1e-6);

/** Whether an output is judged: its distance lies within range, and its target was not an input plane. */
export const isJudged = ({ inRange, given }: Pick<Outcome, "inRange" | "given">): boolean => inRange && !given;

/** Whether the target plane is one of the input planes. */
export const isGiven = ({ task, offsets }: Candidate, distance: number, step: number): boolean =>
  task === "refocus" && offsets.some((um) => Math.round((um - distance) / step) === 0);

function nearestTo(sharpest: number, requests: readonly PlaneRequest[]): number[] {
  const off = (i: number): number => Math.abs(requests[i].plane - sharpest);
  const all = requests.map((_, i) => i);
  return all.length === 0 ? [] : [all.reduce((a, b) => (off(b) < off(a) ? b : a))];
}

/**
 * Refocuses every plane to the sharpest one, or makes a section of it, and scores the result.
 * @throws interrupted, and what the candidate throws
 */
export async function everyPlane(
  candidate: Candidate,
  { stack, truth, sharpest, dataRange }: Pick<StudiedStack, "stack" | "truth" | "sharpest" | "dataRange">,
  whole: Stack,
  signal?: AbortSignal,
): Promise<EveryPlane> {
  const requests = requestsToFocus(candidate, stack, sharpest);
  const outputs = await candidate.make(stack, whole, requests, signal);
  const known = candidate.task === "section" && truth !== undefined;
  const range = known ? signalRange({ ...truth, height: truth.height * truth.depth }) : dataRange;
  const inputs = requests.map(({ plane }) => planeOf(stack, plane));
  const targets = requests.map(({ plane }) => (known ? planeOf(truth, plane) : planeOf(stack, sharpest)));
  // Sections have another gain and offset than the stack, which is not an error. Both are fitted for inputs and outputs
  // alike: once for all planes, or without a ground truth at the sharpest plane, the only one whose input is the
  // target.
  const alike = known ? requests.map((_, i) => i) : nearestTo(sharpest, requests);
  const intensity = (planes: readonly Plane[], truths: readonly Plane[], which: readonly number[]): IntensityFit =>
    candidate.task === "section" && which.length > 0
      ? intensityFit(
          which.map((i) => planes[i]),
          which.map((i) => truths[i]),
        )
      : { gain: 1, offset: 0 };
  const fits = { input: intensity(inputs, targets, alike), output: intensity(outputs, targets, alike) };
  const toStack = intensity(outputs, inputs, nearestTo(sharpest, requests));
  const other = known ? truth : stack;
  const sectionBaseline =
    candidate.task === "section"
      ? measureOnce(
          stack,
          `baselines ${known} ${sharpest} ${range}`,
          () => sectionBaselines(inputs, targets, alike, range),
          other,
        )
      : undefined;
  // Refocusing has a single target, so its differences of Gaussians are computed only once.
  const shared = candidate.task === "refocus" && targets.length > 0 ? detailAgainst(targets[0]) : undefined;
  const outcomes: Outcome[] = [];
  for (const [i, { plane, distance }] of requests.entries()) {
    throwIfAborted(signal);
    const target = targets[i];
    const fitted = (one: Plane, fit: IntensityFit): Plane =>
      candidate.task === "section" ? withIntensity(one, fit) : one;
    const [input, output] = [fitted(inputs[i], fits.input), fitted(outputs[i], fits.output)];
    const detail = shared ?? detailAgainst(target);
    const of = `${candidate.task} ${known} ${sharpest} ${range} ${plane}`;
    const given = givenPlanesOf(candidate, stack, { plane, distance });
    const baseline =
      sectionBaseline?.(i) ??
      measureOnce(stack, `baseline ${of} ${given.map((one) => `${one.index} ${one.distance}`).join()}`, () => {
        const planes = given.map((one) => ({ plane: planeOf(stack, one.index), distance: one.distance }));
        const { image: _, ...scores } = bestRecorded(planes, target, range);
        return scores;
      });
    outcomes.push({
      plane,
      distance,
      inRange: isInRange(candidate, distance),
      given: isGiven(candidate, distance, stack.zStep),
      output: outputs[i],
      scores: {
        input: measureOnce(stack, `scores ${of}`, () => score(input, target, { dataRange: range }), other),
        output: score(output, target, { dataRange: range }),
      },
      detail: {
        input: measureOnce(stack, `detail ${of}`, () => detail(input), other),
        output: detail(output),
      },
      baseline,
      relativeChange: shareChanged(input, output, target),
      slope: photometricSlope(output, target),
    });
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  return { outcomes, against: known ? "truth" : "sharpest plane", dataRange: range, toStack };
}
