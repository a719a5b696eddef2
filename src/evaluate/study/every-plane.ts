/** What a candidate makes of every plane of a stack, scored against what it should be, beside the untouched plane. */
import { throwIfAborted } from "../../errors.ts";
import { type Plane, planeOf, type Stack } from "../../image/image.ts";
import { fitIntensity } from "../intensity-fit.ts";
import { type Scores, score, signalRange } from "../metrics.ts";
import { type Candidate, canTake, canTravel, type Wanted } from "./candidate.ts";
import type { Subject } from "./subject.ts";

/** One output beside its input. */
export interface Outcome {
  plane: number;
  /** um asked for; 0 for sections. */
  distance: number;
  /** Whether the candidate was made for this distance. */
  inRange: boolean;
  /** Whether the wanted plane is one of those that it was given: there is nothing to be made, and nothing to be learnt from its scores. */
  given: boolean;
  output: Plane;
  scores: { input: Scores; output: Scores };
}

export interface EveryPlane {
  outcomes: Outcome[];
  /**
   * What the scores are against: the recorded sharpest plane, to which all are refocused; the truth of the same plane; or, of sections
   * without a truth, the sharpest plane again, as the review had it, which no section should equal.
   */
  against: "sharpest plane" | "truth";
  /** Of PSNR and SSIM, counts. */
  dataRange: number;
}

/** Distances beyond the range that are still tried, as a share of it: to see where a model stops being of use. */
const beyond = 1.5;

/** The planes that a candidate is asked about, and how far each lies from the sharpest one. */
export function requestsToFocus(candidate: Candidate, stack: Stack, sharpest: number): Wanted[] {
  const step = stack.zStep ?? 1;
  const all = Array.from({ length: stack.depth }, (_, plane) => ({ plane, distance: (sharpest - plane) * step }));
  if (candidate.task === "section") return all.map(({ plane }) => ({ plane, distance: 0 }));
  const [low, high] = candidate.range ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  return all.filter(
    ({ plane, distance }) =>
      canTake(candidate, stack, plane) &&
      canTravel(candidate, distance) &&
      distance >= beyond * low - 1e-6 &&
      distance <= beyond * high + 1e-6,
  );
}

export const isInRange = ({ range }: Candidate, distance: number): boolean =>
  range === undefined || (distance >= range[0] - 1e-6 && distance <= range[1] + 1e-6);

/** Of stacks that several candidates are asked about: untouched planes score the same for all of them. */
const scored = new WeakMap<Stack, Map<string, Scores>>();
function inputScores(stack: Stack, key: string, measure: () => Scores): Scores {
  const known = scored.get(stack) ?? new Map<string, Scores>();
  scored.set(stack, known);
  const found = known.get(key) ?? measure();
  known.set(key, found);
  return found;
}

/** Whether the wanted plane is among those that a candidate takes. */
export const isGiven = ({ task, offsets }: Candidate, distance: number, step: number): boolean =>
  task === "refocus" && offsets.some((um) => Math.round((um - distance) / step) === 0);

/** Every plane refocused to the sharpest one, or made a section. @throws interrupted, and what the candidate throws */
export async function everyPlane(
  candidate: Candidate,
  { stack, truth, sharpest, dataRange }: Pick<Subject, "stack" | "truth" | "sharpest" | "dataRange">,
  whole: Stack,
  signal?: AbortSignal,
): Promise<EveryPlane> {
  const wanted = requestsToFocus(candidate, stack, sharpest);
  const outputs = await candidate.make(stack, whole, wanted, signal);
  const known = candidate.task === "section" && truth !== undefined;
  const range = known ? signalRange({ ...truth, height: truth.height * truth.depth }) : dataRange;
  const outcomes: Outcome[] = [];
  for (const [i, { plane, distance }] of wanted.entries()) {
    throwIfAborted(signal);
    const target = known ? planeOf(truth, plane) : planeOf(stack, sharpest);
    const output = outputs[i];
    const input = planeOf(stack, plane);
    // Sections are another kind of image than the stack: gain and offset are nobody's fault, and are fitted for input and output alike.
    const seen = (one: Plane): Plane => (candidate.task === "section" ? fitIntensity(one, target) : one);
    const of = (one: Plane): Scores => score(one, target, { dataRange: range });
    outcomes.push({
      plane,
      distance,
      inRange: isInRange(candidate, distance),
      given: isGiven(candidate, distance, stack.zStep),
      output,
      scores: {
        input: inputScores(stack, `${candidate.task} ${known} ${sharpest} ${range} ${plane}`, () => of(seen(input))),
        output: of(seen(output)),
      },
    });
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  return { outcomes, against: known ? "truth" : "sharpest plane", dataRange: range };
}
