/**
 * Judging models: experiments on a recorded stack, and verdicts.
 * @module
 */

export type { Purpose } from "./assessment.ts";
export type { ScaleResult } from "./at-scales.ts";
export type { Candidate, PlaneRequest, PlanesWithSpread } from "./candidate.ts";
export { classicalCandidates } from "./classical-candidate.ts";
export {
  type CompareOptions,
  type Comparison,
  compareStacks,
  type DataRange,
  type OfEach,
  type PlaneScores,
} from "./compare-stacks.ts";
export { comparisonSheet } from "./comparison-sheet.ts";
export type { DirectionJudgement, DirectionVotes } from "./direction-vote.ts";
export type { DistanceBin, DistanceTable } from "./distance-table.ts";
export type { Effect, PlaneWidths } from "./effect.ts";
export type { EveryPlane, Outcome } from "./every-plane.ts";
export type { Figure } from "./figure.ts";
export { studyFigures } from "./figures.ts";
export type { CurveAlignment, FocusAlignment, FocusPoint, VirtualStack } from "./focus-alignment.ts";
export type { GivenPlane } from "./given-planes.ts";
export type { HallucinationEvidence } from "./hallucination-evidence.ts";
export type { Headline } from "./headline.ts";
export type { Profile, Profiles } from "./line-profiles.ts";
export { modelCandidate } from "./model-candidate.ts";
export { readComparable } from "./read-comparable.ts";
export type { ReblurEvidence } from "./reblur-evidence.ts";
export type { Calibration, SpreadEvidence } from "./spread-evidence.ts";
export type { SpreadMap } from "./spread-map.ts";
export { type Box, openStudiedStack, type StudiedStack, type StudiedStackOptions } from "./studied-stack.ts";
export { type CandidateStudy, type StudyOptions, study } from "./study.ts";
export type { ThinnedAgreement, ThinningEvidence } from "./thinning-evidence.ts";
export type { DistanceRow } from "./through-distances.ts";
export type { Verdict } from "./verdict.ts";
export type { OwnSharpness, SharpnessPair, WithoutTruth } from "./without-truth.ts";
