/** The results of a study, distance by distance. All verdicts and the headline follow from this one table. */
import { meanOfKnown } from "../array/mean-of-known.ts";
import { mean } from "../array/statistics.ts";
import { detailMargin } from "../metrics/detail.ts";
import type { Candidate } from "./candidate.ts";
import type { Effect, PlaneWidths } from "./effect.ts";
import type { EveryPlane, Outcome } from "./every-plane.ts";

/** Means over the outputs at one distance (for sections: at one height), compared with the best recorded baseline. */
export interface DistanceBin {
  /**
   * um. For refocusing the requested distance, z(target) - z(input); for sections the height of the plane above the
   * sharpest one.
   */
  distance: number;
  /** Number of outputs. */
  n: number;
  /** Whether the candidate was made for this distance. */
  inRange: boolean;
  /**
   * Whether the target plane is one of the input planes. Such bins are kept apart, since the output need only repeat
   * its input.
   */
  given: boolean;
  /** PSNR of the outputs minus that of the best recorded baseline, dB. Every PSNR is limited to 100 dB. */
  psnrGain: number;
  /** The same for SSIM and for the detail score. */
  ssimGain: number;
  detailDifference: number;
  /** The same for the contrast of detail. */
  contrastDifference: number;
  /** PSNR of the outputs minus that of the first input plane, unchanged, dB. */
  psnrGainOverInput: number;
  /**
   * Share of the outputs that are below the baseline in PSNR, SSIM or detail by more than the `margins`, 0..1.
   */
  shareWorse: number;
  /**
   * Median width of structures of the output over that of the input, minus 1; undefined where too few could be
   * measured.
   */
  widthChange: number | undefined;
  /** Share of the excess width of blurred structures that is removed; undefined where too few are blurred. */
  widthRecovered: number | undefined;
  /** Share of the peak brightness lost by blur that is recovered. */
  brightnessRecovered: number | undefined;
  /** Number of structures behind the two numbers above. */
  structures: number;
  /** Counts of the output for one count of the target; 1 means that brightness is kept. */
  photometricSlope: number;
  /**
   * Root mean square difference of output and input, divided by that of target and input; 0 where the input is returned
   * unchanged.
   */
  relativeChange: number;
}

export interface DistanceTable {
  task: Candidate["task"];
  /** Ordered by distance. */
  bins: DistanceBin[];
  against: EveryPlane["against"];
  /**
   * Share of the out-of-focus light that is removed where the input is in focus; undefined where there is hardly any.
   */
  backgroundRemoved: number | undefined;
}

/** Smaller differences in PSNR (dB), SSIM and detail are ignored. That of PSNR would be rounded away on the page. */
export const margins = { psnr: 0.05, ssim: 0.02, detail: detailMargin } as const;

/** The PSNR of an output that is identical to its target is infinite. Every PSNR is limited to this, dB. */
const maxPsnr = 100;

/**
 * Makes one row for each requested distance (for sections: for each plane).
 * @param studied the step between planes, um, and the index of the sharpest plane
 */
export function distanceTable(
  { task }: Pick<Candidate, "task">,
  { outcomes, against }: Pick<EveryPlane, "outcomes" | "against">,
  { widths, backgroundRemoved }: Pick<Effect, "widths" | "backgroundRemoved">,
  studied: { zStep: number; sharpest: number },
): DistanceTable {
  // Rounded, so that 3 * 0.1 equals 0.3.
  const at = ({ plane, distance }: Outcome): number =>
    Number((task === "section" ? (plane - studied.sharpest) * studied.zStep : distance).toFixed(6));
  const steps = (one: Outcome): number => Math.round(at(one) / studied.zStep);
  const all = [...new Set(outcomes.map(steps))].sort((a, b) => a - b);
  const bins = all.map((step) => {
    const own = outcomes.filter((one) => steps(one) === step);
    const planes = own.flatMap(({ plane }) => widths.find((width) => width.plane === plane) ?? []);
    return binOf(at(own[0]), own, planes);
  });
  return { task, bins, against, backgroundRemoved: backgroundRemoved };
}

function binOf(distance: number, own: readonly Outcome[], widths: readonly PlaneWidths[]): DistanceBin {
  const capped = (psnr: number): number => Math.min(maxPsnr, psnr);
  const gains = own.map(({ scores, detail, baseline }) => ({
    psnr: capped(scores.output.psnr) - capped(baseline.psnr.value),
    ssim: scores.output.ssim - baseline.ssim.value,
    detail: withoutNaN(detail.output.mean) - withoutNaN(baseline.detail.value),
    contrast: withoutNaN(detail.output.contrast) - withoutNaN(baseline.contrast.value),
    overInput: capped(scores.output.psnr) - capped(scores.input.psnr),
  }));
  const isWorse = ({ psnr, ssim, detail }: (typeof gains)[number]): boolean =>
    psnr < -margins.psnr || ssim < -margins.ssim || detail < -margins.detail;
  return {
    distance,
    n: own.length,
    inRange: own[0].inRange,
    given: own[0].given,
    psnrGain: mean(gains.map(({ psnr }) => psnr)),
    ssimGain: mean(gains.map(({ ssim }) => ssim)),
    detailDifference: mean(gains.map(({ detail }) => detail)),
    contrastDifference: mean(gains.map(({ contrast }) => contrast)),
    psnrGainOverInput: mean(gains.map(({ overInput }) => overInput)),
    shareWorse: gains.filter(isWorse).length / gains.length,
    widthChange: meanOfKnown(widths.map(({ input, output }) => output / input - 1)),
    widthRecovered: meanOfKnown(widths.map(({ widthRecovered }) => widthRecovered)),
    brightnessRecovered: meanOfKnown(widths.map(({ brightnessRecovered }) => brightnessRecovered)),
    structures: widths.reduce((sum, { structures }) => sum + structures, 0),
    photometricSlope: meanOfKnown(own.map(({ slope }) => slope)) ?? Number.NaN,
    relativeChange: meanOfKnown(own.map(({ relativeChange }) => relativeChange)) ?? Number.NaN,
  };
}

/** An image that is constant in a band has none of its detail. */
const withoutNaN = (value: number): number => (Number.isNaN(value) ? 0 : value);
