/** Means over what a candidate is judged by: output, untouched first plane and best recorded baseline. */
import { mean as meanOf } from "../array/statistics.ts";
import { meanScores, type Scores } from "../metrics/metrics.ts";
import { type EveryPlane, isJudged } from "./every-plane.ts";

export interface MeanOutcome {
  /** Of the untouched first plane. */
  input: Scores;
  output: Scores;
  /** Of the best of the planes given, smoothed or interpolated; for each plane and score the best. */
  baseline: { psnr: number; ssim: number; detail: number; contrast: number };
  detail: { input: number; output: number };
  contrast: { input: number; output: number };
  planes: number;
}

/** Means over the planes within range whose wanted plane is not among those given; undefined where there is none, or none with a finite PSNR. */
export function meanOutcome({ every }: { every: Pick<EveryPlane, "outcomes"> }): MeanOutcome | undefined {
  const finite = every.outcomes
    .filter(isJudged)
    .filter(({ scores, baseline }) =>
      [scores.input.psnr, scores.output.psnr, baseline.psnr.value].every(Number.isFinite),
    );
  if (finite.length === 0) return undefined;
  const scoresOf = (of: "input" | "output"): Scores => meanScores(finite.map(({ scores }) => scores[of]));
  const mean = (of: (one: (typeof finite)[number]) => number): number =>
    meanOf(finite.map((one) => withoutNaN(of(one))));
  return {
    input: scoresOf("input"),
    output: scoresOf("output"),
    baseline: {
      psnr: mean(({ baseline }) => baseline.psnr.value),
      ssim: mean(({ baseline }) => baseline.ssim.value),
      detail: mean(({ baseline }) => baseline.detail.value),
      contrast: mean(({ baseline }) => baseline.contrast.value),
    },
    detail: { input: mean(({ detail }) => detail.input.mean), output: mean(({ detail }) => detail.output.mean) },
    contrast: {
      input: mean(({ detail }) => detail.input.contrast),
      output: mean(({ detail }) => detail.output.contrast),
    },
    planes: finite.length,
  };
}

/** A picture that is constant in a band has none of its detail. */
const withoutNaN = (value: number): number => (Number.isNaN(value) ? 0 : value);
