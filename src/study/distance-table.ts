/** What a study found, distance by distance: the one table from which all verdicts and the headline follow. */
import { meanOfKnown } from "../array/mean-of-known.ts";
import { mean } from "../array/statistics.ts";
import { detailMargin } from "../metrics/detail.ts";
import type { Candidate } from "./candidate.ts";
import type { EveryPlane, Outcome } from "./every-plane.ts";
import type { Nature, PlaneWidths } from "./nature.ts";

/** The outputs of one distance, or of one height for sections; means over them, against the best recorded baseline. */
export interface DistanceBin {
  /** um: of refocusing what was asked for, z(wanted) - z(input); of sections the height of the plane above the sharpest one. */
  distance: number;
  /** Outputs. */
  n: number;
  /** Whether the candidate was made for this distance. */
  inRange: boolean;
  /** Whether the wanted plane is one of those that it was given: kept apart, since there is nothing to be made. */
  given: boolean;
  /** PSNR of outputs minus that of the best recorded baseline, dB; no PSNR counts for more than 100 dB. */
  psnrGain: number;
  /** The same of SSIM, and of the detail score. */
  ssimGain: number;
  detailDifference: number;
  /** And of the contrast of detail. */
  contrastDifference: number;
  /** PSNR of outputs minus that of the untouched first plane, dB. */
  psnrGainOverInput: number;
  /** Share of outputs below the baseline in PSNR, SSIM or detail, by more than the {@link margins}. */
  shareWorse: number;
  /** Median width of structures of the output over that of the input, minus 1; undefined where too few could be measured. */
  widthChange: number | undefined;
  /** Share of the excess width of blurred structures that is gone; undefined where too few are blurred. */
  widthRecovered: number | undefined;
  /** Of the brightness that blur took from them, the share that came back. */
  lightRecovered: number | undefined;
  /** Structures that those rest on. */
  structures: number;
  /** Counts of the output for one count of what was wanted; 1 keeps brightness. */
  photometricSlope: number;
  /** Root mean square change of the input, as a share of what was wanted; 0 where the input is given back. */
  changed: number;
}

export interface DistanceTable {
  task: Candidate["task"];
  /** In order of their distances. */
  bins: DistanceBin[];
  against: EveryPlane["against"];
  /** Share of the out-of-focus light that goes where the input is in focus; undefined where there is next to none. */
  backgroundRemoved: number | undefined;
}

/** Differences up to these are none: of PSNR, dB, what is rounded away where it is shown; of SSIM and detail. */
export const margins = { psnr: 0.05, ssim: 0.02, detail: detailMargin } as const;

/** An output that is identical to its target has no end of PSNR; none counts for more than this, dB. */
const highest = 100;

/**
 * One row for each distance that was asked for (for sections: each plane).
 * @param subject the step between planes, um, and the sharpest of them
 */
export function distanceTable(
  { task }: Pick<Candidate, "task">,
  { outcomes, against }: Pick<EveryPlane, "outcomes" | "against">,
  { widths, hazeRemoved }: Pick<Nature, "widths" | "hazeRemoved">,
  subject: { zStep: number; sharpest: number },
): DistanceTable {
  // Without the last digits of 3 * 0.1.
  const at = ({ plane, distance }: Outcome): number =>
    Number((task === "section" ? (plane - subject.sharpest) * subject.zStep : distance).toFixed(6));
  const steps = (one: Outcome): number => Math.round(at(one) / subject.zStep);
  const all = [...new Set(outcomes.map(steps))].sort((a, b) => a - b);
  const bins = all.map((step) => {
    const own = outcomes.filter((one) => steps(one) === step);
    const planes = own.flatMap(({ plane }) => widths.find((width) => width.plane === plane) ?? []);
    return binOf(at(own[0]), own, planes);
  });
  return { task, bins, against, backgroundRemoved: hazeRemoved };
}

function binOf(distance: number, own: readonly Outcome[], widths: readonly PlaneWidths[]): DistanceBin {
  const capped = (psnr: number): number => Math.min(highest, psnr);
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
    lightRecovered: meanOfKnown(widths.map(({ lightRecovered }) => lightRecovered)),
    structures: widths.reduce((sum, { structures }) => sum + structures, 0),
    photometricSlope: meanOfKnown(own.map(({ slope }) => slope)) ?? Number.NaN,
    changed: meanOfKnown(own.map(({ changed }) => changed)) ?? Number.NaN,
  };
}

/** A picture that is constant in a band has none of its detail. */
const withoutNaN = (value: number): number => (Number.isNaN(value) ? 0 : value);
