/** Summarises what a trained model can be used for, in one sentence and in fields with the same content. */

import { signed } from "../array/signed.ts";
import { detailMargin } from "../metrics/detail.ts";
import { intervalsOf } from "../study/assessment.ts";
import { margins } from "../study/distance-table.ts";
import { inWords } from "../study/headline.ts";
import type { JudgementMeans, JudgementRow } from "./judgement-row.ts";

export interface ModelVerdict {
  /** true: better than the best recorded baseline in every group; "only": in some groups; false: in none. */
  use: true | "only" | false;
  /** "denoising": PSNR is higher than that of the best recorded baseline, but detail is not. */
  for: "refocusing" | "sectioning" | "denoising" | "nothing";
  /** For refocusing: intervals of distances where the model is better than the best recorded baseline, um. */
  distances_um: [number, number][];
  /** Whether brightness is kept: slope and mean ratio within `photometricMargin` of 1. */
  photometric: boolean;
  sentence: string;
}

/** Minimum mean gain of PSNR that counts as a gain, dB. */
const minGain = 0.3;

/** Maximum deviation of slope and mean ratio from 1. */
const photometricMargin = 0.01;

/** Better in PSNR, and not worse in SSIM or detail, by more than their margins. */
const isBetter = (row: JudgementRow): boolean =>
  row.gain_db > margins.psnr &&
  row.ssim - row.baseline_ssim >= -margins.ssim &&
  row.detail - row.baseline_detail >= -detailMargin;

export function modelVerdict(
  task: "refocus" | "section",
  { rows, means }: { rows: readonly JudgementRow[]; means: JudgementMeans },
): ModelVerdict {
  const judged = rows.filter(({ given }) => !given);
  const good = judged.filter(isBetter);
  const photometric =
    Math.abs(means.slope - 1) <= photometricMargin && Math.abs(means.mean_ratio - 1) <= photometricMargin;
  const verdict = (of: Omit<ModelVerdict, "photometric">): ModelVerdict => ({
    ...of,
    photometric,
    sentence: `${of.sentence}${photometric || of.use === false ? "" : brightness(means)}`,
  });
  const no = (reason: string): ModelVerdict =>
    verdict({ use: false, for: "nothing", distances_um: [], sentence: `Do not use this model: ${reason}` });
  const [gain, detail] = [means.gain_db, means.detail - means.baseline_detail];
  if (good.length === 0) {
    const little = judged.every((row) => Math.abs(row.gain_db) < minGain) && Math.abs(detail) < detailMargin;
    return no(
      little
        ? `its outputs are no better than the recorded planes (PSNR ${signed(gain, 1)} dB relative to the best recorded baseline). Train longer, on more stacks, or with input planes at another distance.`
        : `it is nowhere better than the best recorded baseline (PSNR ${signed(gain, 1)} dB, detail ${signed(detail, 2)}). Train longer or on more stacks.`,
    );
  }
  const average = (of: (row: JudgementRow) => number): number =>
    good.reduce((sum, row) => sum + row.examples * of(row), 0) / good.reduce((sum, row) => sum + row.examples, 0);
  const [won, sharper] = [average((row) => row.gain_db), average((row) => row.detail - row.baseline_detail)];
  if (won < minGain) return no(`it is hardly better than the best recorded baseline (PSNR ${signed(won, 2)} dB).`);
  const purpose = sharper <= 0 ? "denoising" : task === "refocus" ? "refocusing" : "sectioning";
  const bins = rows.flatMap(({ label, distance_um, given }) =>
    distance_um === undefined ? [] : [{ label, distance: Number(distance_um.toFixed(3)), given, inRange: true }],
  );
  const distances_um = intervalsOf(
    bins,
    bins.filter(({ label }) => good.some((row) => row.label === label)),
  );
  const whole = good.length === judged.length;
  const where = distances_um.length > 0 ? ` ${inWords(distances_um)}` : "";
  const worst = judged.filter((row) => !good.includes(row)).sort((a, b) => a.gain_db - b.gain_db)[0];
  const sentence =
    `${whole ? "Use" : "Use only"} this model for ${purpose}${where}: PSNR ${signed(won, 1)} dB and detail ${signed(sharper, 2)} relative to the best recorded baseline.` +
    (purpose === "denoising"
      ? " Its outputs are closer to the ground truth than the recorded planes, but show no more detail."
      : "") +
    (worst === undefined
      ? ""
      : ` Elsewhere use the recorded planes: at ${worst.label} the output is not better (PSNR ${signed(worst.gain_db, 1)} dB, detail ${signed(worst.detail - worst.baseline_detail, 2)}).`);
  return verdict({ use: whole ? true : "only", for: purpose, distances_um, sentence });
}

function brightness({ slope, mean_ratio }: JudgementMeans): string {
  return ` Do not measure brightness in its outputs: a difference of 1 in the output corresponds to ${slope.toFixed(3)} in the ground truth, and the mean of the output is ${mean_ratio.toFixed(3)} times that of the ground truth.`;
}
