/** The validation report of a network that outputs images: scores of outputs and of inputs, and a contact sheet. */

import { meanOfFinite } from "../../array/mean-of-finite.ts";
import { contactSheet } from "../../figures/contact-sheet.ts";
import type { Plane } from "../../image/image.ts";
import { psnr } from "../../metrics/metrics.ts";
import type { RecordedPlane } from "../../metrics/recorded-baseline.ts";
import { ssim } from "../../metrics/ssim.ts";
import { judge } from "../judgement.ts";
import type { ValidationReport } from "../learner.ts";

/** One held-out example; planes of one size, normalised (data range 1). */
export interface ImageExample {
  /** The group that the example belongs to, such as "+2.00 um". */
  label: string;
  /** The distance, where groups are distances. */
  distance_um?: number;
  /** The first input plane, unprocessed. */
  input: Plane;
  /** All input planes; default `input` alone. */
  recorded?: readonly RecordedPlane[];
  output: Plane;
  truth: Plane;
}

/** The scores of such a validation in metrics.csv. */
export const imageMetrics = ["ssim", "psnr"] as const;

/**
 * Mean scores over all examples and over those of each label, in the given order: the mean absolute error (`loss`),
 * `psnr` and `ssim` of the output, and `input_psnr` and `input_ssim` of the input. Perfect examples are left out of
 * mean PSNRs. The sheet shows the first example of every label.
 *
 * @param options.pixelSize um, for a scale bar
 * @param options.thorough also compares the outputs with the best recorded baseline, and adds `baseline_psnr`,
 *   `baseline_ssim`, `detail` and `baseline_detail` to the scores
 */
export function imageReport(
  examples: readonly ImageExample[],
  {
    pixelSize,
    thorough = false,
    task = "refocus",
  }: { pixelSize?: number | undefined; thorough?: boolean | undefined; task?: "refocus" | "section" } = {},
): ValidationReport {
  const scored = examples.map((example) => ({ ...example, scores: scoresOf(example) }));
  const labels = [...new Set(examples.map(({ label }) => label))];
  const groups = labels.map((label) => {
    const same = scored.filter((example) => example.label === label);
    const { distance_um } = same[0];
    const scores = meansOf(same.map(({ scores }) => scores));
    return { label, ...(distance_um === undefined ? {} : { distance_um }), scores, first: same[0] };
  });
  // Examples whose target is an input plane are left out, since the network has nothing to compute there.
  const made = scored.filter(({ recorded = [] }) => recorded.every(({ distance }) => distance !== 0));
  const scores = meansOf((made.length > 0 ? made : scored).map(({ scores }) => scores));
  const perfect = made.filter(({ scores }) => isPerfect(scores)).length;
  const judgement =
    thorough && Number.isFinite(scores.loss)
      ? judge(
          task,
          examples.map((one) => ({ recorded: [{ plane: one.input, distance: 0 }], ...one })),
        )
      : undefined;
  return {
    loss: scores.loss,
    examples: examples.length,
    ...(perfect > 0 && { perfect }),
    scores: { ...scores, ...judgement?.means },
    groups: groups.map(({ first: _, ...group }) => group),
    ...(judgement && { judgement }),
    draw: async (title) =>
      contactSheet(
        groups.map(({ first: { label, input, output, truth, scores } }) => ({
          label,
          input,
          output,
          truth,
          inputScores: { psnr: scores.input_psnr, ssim: scores.input_ssim },
          outputScores: { psnr: scores.psnr, ssim: scores.ssim },
        })),
        { title, unit: "(normalised)", ...(pixelSize === undefined ? {} : { pixelSize }) },
      ),
  };
}

function scoresOf({ input, output, truth }: ImageExample): Record<string, number> {
  let error = 0;
  for (let i = 0; i < truth.data.length; i++) error += Math.abs(output.data[i] - truth.data[i]);
  const loss = error / truth.data.length;
  // The output of a diverged network cannot be scored; the loss is not finite.
  if (!Number.isFinite(loss)) return { loss, psnr: NaN, ssim: NaN, input_psnr: NaN, input_ssim: NaN };
  return {
    loss,
    psnr: psnr(output, truth, 1),
    ssim: ssim(output, truth, 1),
    input_psnr: psnr(input, truth, 1),
    input_ssim: ssim(input, truth, 1),
  };
}

/** Whether the input or the output of an example equals the ground truth, as for black padding or a repeated plane. */
const isPerfect = ({ psnr, input_psnr }: Record<string, number>): boolean =>
  psnr === Infinity || input_psnr === Infinity;

/**
 * Means of scores. Those of PSNR are over the same examples for output and input: those that are not perfect, if there
 * are any.
 */
function meansOf(all: readonly Record<string, number>[]): Record<string, number> {
  const imperfect = all.filter((scores) => !isPerfect(scores));
  const { psnr, input_psnr } = meanScores(imperfect.length > 0 ? imperfect : all);
  return { ...meanScores(all), psnr, input_psnr };
}

/**
 * Means of scores by name, without the infinite scores of perfect examples; NaN, the score of a diverged network, stays
 * NaN.
 */
export function meanScores(all: readonly Record<string, number>[]): Record<string, number> {
  const mean = (key: string): number => {
    const values = all.map((scores) => scores[key]);
    return values.some(Number.isNaN) ? Number.NaN : meanOfFinite(values);
  };
  return Object.fromEntries(Object.keys(all[0]).map((key) => [key, mean(key)]));
}
