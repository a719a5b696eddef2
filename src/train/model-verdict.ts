/** What a finished model is good for, in one sentence and in fields that say the same. */

import { detailMargin } from "../metrics/detail.ts";
import { signed } from "../metrics/signed.ts";
import { intervalsOf } from "../study/appraisal.ts";
import { margins } from "../study/distance-table.ts";
import { inWords } from "../study/headline.ts";
import type { JudgementMeans, JudgementRow } from "./judgement-row.ts";

export interface ModelVerdict {
  /** true: better than what was recorded in every group; "only": in some; false: in none. */
  use: true | "only" | false;
  /** "denoising": PSNR rises over what was recorded and detail does not. */
  for: "refocusing" | "sectioning" | "denoising" | "nothing";
  /** Refocusing: runs of distances where it is better than the best recorded baseline, um, each from its first to its last. */
  distances_um: [number, number][];
  /** Whether brightness is kept: slope and mean within {@link photometricMargin}. */
  photometric: boolean;
  sentence: string;
}

/** Mean gains below this are none, dB. */
const leastGain = 0.3;

/** How far slope and mean of the outputs may be from those of the ground truth. */
export const photometricMargin = 0.01;

/** Better in PSNR, and not worse in SSIM or detail, by more than their margins. */
export const isBetter = (row: JudgementRow): boolean =>
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
    const little = judged.every((row) => Math.abs(row.gain_db) < leastGain) && Math.abs(detail) < detailMargin;
    return no(
      little
        ? `it gives back what was recorded (PSNR ${signed(gain, 1)} dB over the best of it). Train longer, on more stacks, or with input planes at another distance.`
        : `nowhere is it better than the best of what was recorded (PSNR ${signed(gain, 1)} dB, detail ${signed(detail, 2)}). Train longer or on more stacks.`,
    );
  }
  const average = (of: (row: JudgementRow) => number): number =>
    good.reduce((sum, row) => sum + row.examples * of(row), 0) / good.reduce((sum, row) => sum + row.examples, 0);
  const [won, sharper] = [average((row) => row.gain_db), average((row) => row.detail - row.baseline_detail)];
  if (won < leastGain)
    return no(`it gains next to nothing over the best of what was recorded (PSNR ${signed(won, 2)} dB).`);
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
    `${whole ? "Use" : "Use only"} this model for ${purpose}${where}: PSNR ${signed(won, 1)} dB and detail ${signed(sharper, 2)} over the best of what was recorded.` +
    (purpose === "denoising"
      ? " It comes nearer to the ground truth without showing more of its detail than what was recorded shows."
      : "") +
    (worst === undefined
      ? ""
      : ` Elsewhere keep what was recorded: at ${worst.label} the output is not better (PSNR ${signed(worst.gain_db, 1)} dB, detail ${signed(worst.detail - worst.baseline_detail, 2)}).`);
  return verdict({ use: whole ? true : "only", for: purpose, distances_um, sentence });
}

function brightness({ slope, mean_ratio }: JudgementMeans): string {
  return ` Do not measure brightness in its outputs: a change of 1 in them stands for ${slope.toFixed(3)} in the ground truth, and their mean is ${mean_ratio.toFixed(3)} of its mean.`;
}
