/** Mean scores of a candidate: output, first input plane (unchanged) and best recorded baseline. */
import { mean as meanOf } from "../array/statistics.ts";
import { meanScores, type Scores } from "../metrics/metrics.ts";
import { type EveryPlane, isJudged } from "./every-plane.ts";

export interface MeanOutcome {
  /** Scores of the first input plane, unchanged. */
  input: Scores;
  output: Scores;
  /** Scores of the best recorded baseline, chosen for each plane and score. */
  baseline: { psnr: number; ssim: number; detail: number; contrast: number };
  detail: { input: number; output: number };
  contrast: { input: number; output: number };
  planes: number;
}

/**
 * Means over the planes within range whose target was not an input plane; undefined where there are none with a finite
 * PSNR.
 */
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

/** An image that is constant in a band has none of its detail. */
const withoutNaN = (value: number): number => (Number.isNaN(value) ? 0 : value);
