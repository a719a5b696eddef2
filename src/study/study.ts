/** Every experiment of the review on a stack and any candidates, and what they say. */
import { throwIfAborted } from "../errors.ts";
import type { Stack } from "../image/image.ts";
import { atScales, type ScaleResult } from "./at-scales.ts";
import type { Candidate } from "./candidate.ts";
import { type DirectionJudgement, judgeDirection } from "./direction-vote.ts";
import { type DistanceTable, distanceTable } from "./distance-table.ts";
import { type EnsembleSpread, ensembleSpread } from "./ensemble-spread.ts";
import { type EveryPlane, everyPlane } from "./every-plane.ts";
import { type FocusAlignment, focusAlignment } from "./focus-alignment.ts";
import { type GivenPlane, givenPlanes } from "./given-planes.ts";
import { type HallucinationEvidence, hallucinationEvidence } from "./hallucination-evidence.ts";
import type { Headline } from "./headline.ts";
import { lineProfiles, type Profiles } from "./line-profiles.ts";
import { type Nature, natureOf } from "./nature.ts";
import { type ReblurEvidence, reblurEvidence } from "./reblur-evidence.ts";
import { type SplitEvidence, splitEvidence } from "./split-evidence.ts";
import { type SpreadEvidence, spreadEvidence } from "./spread-evidence.ts";
import { cropToBox, type Subject } from "./subject.ts";
import { type DistanceRow, throughDistances } from "./through-distances.ts";
import type { Verdict } from "./verdict.ts";
import { judge } from "./verdicts.ts";
import { sharpnessWithoutTruth, type WithoutTruth } from "./without-truth.ts";

/** What was found of one candidate. */
export interface CandidateStudy {
  candidate: Candidate;
  /** The subject as this candidate saw it: all of the field, or for classical methods, which are slow, its region. */
  subject: Subject;
  every: EveryPlane;
  distances: DistanceRow[];
  scales: ScaleResult[];
  profiles: Profiles;
  nature: Nature;
  direction: DirectionJudgement | undefined;
  hallucinations: HallucinationEvidence | undefined;
  withoutTruth: WithoutTruth;
  reblur: ReblurEvidence | undefined;
  focusAlignment: FocusAlignment | undefined;
  split: SplitEvidence | undefined;
  spread: SpreadEvidence | undefined;
  /** The numbers that headline and verdicts follow from. */
  byDistance: DistanceTable;
  /** Of refocusing: what became of the planes that it was given. */
  given: GivenPlane[];
  headline: Headline;
  verdicts: Verdict[];
  seconds: number;
}

export interface StudyOptions {
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: { done: number; total: number; what: string }) => void) | undefined;
}

/**
 * @returns one entry for each candidate, in their order
 * @throws interrupted; what a candidate throws
 */
export async function study(
  subject: Subject,
  candidates: readonly Candidate[],
  { signal, onProgress }: StudyOptions = {},
): Promise<CandidateStudy[]> {
  const whole = subject.stack;
  // One for all, so that its planes are measured once.
  const part = candidates.some(({ kind }) => kind === "classical") ? ofRegion(subject) : subject;
  const found: CandidateStudy[] = [];
  const total = candidates.length * 4;
  let done = 0;
  const next = (what: string): void => {
    throwIfAborted(signal);
    onProgress?.({ done: done++, total, what });
  };
  for (const candidate of candidates) {
    const begun = performance.now();
    const seen = candidate.kind === "classical" ? part : subject;
    next(`${candidate.name}: every plane`);
    const every = await everyPlane(candidate, seen, whole, signal);
    next(`${candidate.name}: distances`);
    const distances = await throughDistances(candidate, seen, whole, signal);
    next(`${candidate.name}: scales`);
    // A classical method is told its PSF in um; there is nothing to be learnt from rescaling.
    const scales = candidate.kind === "classical" ? [] : await atScales(candidate, seen, whole, signal);
    next(`${candidate.name}: verdicts`);
    const { stack, sharpest, object } = seen;
    const { outcomes } = every;
    const direction = candidate.task === "refocus" ? judgeDirection(stack, sharpest, outcomes) : undefined;
    const nature = natureOf(stack, sharpest, outcomes);
    const hallucinations = hallucinationEvidence(candidate, seen, every);
    const byDistance = distanceTable(candidate, every, nature, { zStep: stack.zStep, sharpest });
    const given = candidate.task === "refocus" ? givenPlanes(every, stack, sharpest) : [];
    found.push({
      candidate,
      subject: seen,
      every,
      distances,
      scales,
      profiles: lineProfiles(stack, sharpest, object, every),
      nature,
      direction,
      hallucinations,
      withoutTruth: sharpnessWithoutTruth(seen, every),
      reblur: reblurEvidence(candidate, seen, every),
      focusAlignment: await focusAlignment(candidate, seen, whole, signal),
      split: await splitEvidence(candidate, seen, every, whole, signal),
      spread: await spreadEvidence(candidate, seen, every, whole, signal),
      byDistance,
      given,
      ...judge(candidate, { table: byDistance, direction, scales, hallucinations, given }),
      seconds: (performance.now() - begun) / 1000,
    });
  }
  onProgress?.({ done: total, total, what: "done" });
  return found;
}

/** How far the models of each task lie apart, where there are two or more. */
export function ensemblesOf(subject: Subject, studies: readonly CandidateStudy[]): EnsembleSpread[] {
  const found = (["refocus", "section"] as const).map((task) => ensembleSpread(task, subject, studies));
  return found.filter((one) => one !== undefined);
}

/** The subject cut to its region. */
function ofRegion(subject: Subject): Subject {
  const { stack, truth, region, object } = subject;
  const cut = (one: Stack): Stack => cropToBox(one, region);
  return {
    ...subject,
    stack: { ...cut(stack), zStep: stack.zStep },
    truth: truth && cut(truth),
    object: { ...object, top: object.top - region.top, left: object.left - region.left },
    region: { ...region, top: 0, left: 0 },
  };
}
