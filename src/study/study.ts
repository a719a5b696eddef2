/** Runs all experiments of the review on a stack, for any candidates, and derives the verdicts. */
import { throwIfAborted } from "../errors.ts";
import type { Stack } from "../image/image.ts";
import { atScales, type ScaleResult } from "./at-scales.ts";
import type { Candidate } from "./candidate.ts";
import { type DirectionJudgement, judgeDirection } from "./direction-vote.ts";
import { type DistanceTable, distanceTable } from "./distance-table.ts";
import { type Effect, effectOf } from "./effect.ts";
import { type EnsembleSpread, ensembleSpread } from "./ensemble-spread.ts";
import { type EveryPlane, everyPlane } from "./every-plane.ts";
import { type FocusAlignment, focusAlignment } from "./focus-alignment.ts";
import { type GivenPlane, givenPlanes } from "./given-planes.ts";
import { type HallucinationEvidence, hallucinationEvidence } from "./hallucination-evidence.ts";
import type { Headline } from "./headline.ts";
import { lineProfiles, type Profiles } from "./line-profiles.ts";
import { type ReblurEvidence, reblurEvidence } from "./reblur-evidence.ts";
import { type SpreadEvidence, spreadEvidence } from "./spread-evidence.ts";
import { cropToBox, type StudiedStack } from "./studied-stack.ts";
import { type ThinningEvidence, thinningEvidence } from "./thinning-evidence.ts";
import { type DistanceRow, throughDistances } from "./through-distances.ts";
import type { Verdict } from "./verdict.ts";
import { judge } from "./verdicts.ts";
import { sharpnessWithoutTruth, type WithoutTruth } from "./without-truth.ts";

/** All results for one candidate. */
export interface CandidateStudy {
  candidate: Candidate;
  /**
   * The stack that this candidate was applied to: the whole field, or for classical methods, which are slow, the region
   * only.
   */
  studied: StudiedStack;
  every: EveryPlane;
  distances: DistanceRow[];
  scales: ScaleResult[];
  profiles: Profiles;
  effect: Effect;
  direction: DirectionJudgement | undefined;
  hallucinations: HallucinationEvidence | undefined;
  withoutTruth: WithoutTruth;
  reblur: ReblurEvidence | undefined;
  focusAlignment: FocusAlignment | undefined;
  thinning: ThinningEvidence | undefined;
  spread: SpreadEvidence | undefined;
  /** The table of distances, from which headline and verdicts follow. */
  byDistance: DistanceTable;
  /** For refocusing: how its input planes changed. */
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
 * Studies all candidates on one stack.
 * @returns one entry for each candidate, in their order
 * @throws interrupted; what a candidate throws
 */
export async function study(
  studied: StudiedStack,
  candidates: readonly Candidate[],
  { signal, onProgress }: StudyOptions = {},
): Promise<CandidateStudy[]> {
  const whole = studied.stack;
  // All classical methods share this object, so that its planes are measured only once.
  const part = candidates.some(({ kind }) => kind === "classical") ? ofRegion(studied) : studied;
  const found: CandidateStudy[] = [];
  const total = candidates.length * 4;
  let done = 0;
  const next = (what: string): void => {
    throwIfAborted(signal);
    onProgress?.({ done: done++, total, what });
  };
  for (const candidate of candidates) {
    const begun = performance.now();
    const seen = candidate.kind === "classical" ? part : studied;
    next(`${candidate.name}: every plane`);
    const every = await everyPlane(candidate, seen, whole, signal);
    next(`${candidate.name}: distances`);
    const distances = await throughDistances(candidate, seen, whole, signal);
    next(`${candidate.name}: scales`);
    // A classical method gets its PSF in um, so rescaling the image would not show anything new.
    const scales = candidate.kind === "classical" ? [] : await atScales(candidate, seen, whole, signal);
    next(`${candidate.name}: verdicts`);
    const { stack, sharpest, structure } = seen;
    const { outcomes } = every;
    const direction = candidate.task === "refocus" ? judgeDirection(stack, sharpest, outcomes) : undefined;
    const effect = effectOf(stack, sharpest, outcomes);
    const hallucinations = hallucinationEvidence(candidate, seen, every);
    const byDistance = distanceTable(candidate, every, effect, { zStep: stack.zStep, sharpest });
    const given = candidate.task === "refocus" ? givenPlanes(every, stack, sharpest) : [];
    found.push({
      candidate,
      studied: seen,
      every,
      distances,
      scales,
      profiles: lineProfiles(stack, sharpest, structure, every),
      effect,
      direction,
      hallucinations,
      withoutTruth: sharpnessWithoutTruth(seen, every),
      reblur: reblurEvidence(candidate, seen, every),
      focusAlignment: await focusAlignment(candidate, seen, whole, signal),
      thinning: await thinningEvidence(candidate, seen, every, whole, signal),
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

/** The disagreement of the models of each task, where there are two or more. */
export function ensemblesOf(studied: StudiedStack, studies: readonly CandidateStudy[]): EnsembleSpread[] {
  const found = (["refocus", "section"] as const).map((task) => ensembleSpread(task, studied, studies));
  return found.filter((one) => one !== undefined);
}

/** The studied stack, cropped to its region. */
function ofRegion(studied: StudiedStack): StudiedStack {
  const { stack, truth, region, structure } = studied;
  const cut = (one: Stack): Stack => cropToBox(one, region);
  return {
    ...studied,
    stack: { ...cut(stack), zStep: stack.zStep },
    truth: truth && cut(truth),
    structure: { ...structure, top: structure.top - region.top, left: structure.left - region.left },
    region: { ...region, top: 0, left: 0 },
  };
}
