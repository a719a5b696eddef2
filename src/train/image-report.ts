/** A validation of a network that makes images: scores of output beside untouched input, and a sheet to look at. */
import { contactSheet } from "../evaluate/contact-sheet.ts";
import { psnr } from "../evaluate/metrics.ts";
import { ssim } from "../evaluate/ssim.ts";
import type { Plane } from "../image/image.ts";
import type { ValidationReport } from "./learner.ts";

/** One held-out example; planes of one size, normalised (data range 1). */
export interface ImageExample {
  /** What examples that belong together share, such as "+2.00 um". */
  label: string;
  /** Where labels are distances. */
  distance_um?: number;
  input: Plane;
  output: Plane;
  truth: Plane;
}

/** Scores that metrics.csv shows of such a validation. */
export const imageMetrics = ["ssim", "psnr"] as const;

/**
 * Mean scores of all examples and of each label, in the order given: mean absolute error (`loss`), `psnr` and `ssim` of the output,
 * and `input_psnr`, `input_ssim` of the input. The sheet shows the first example of every label.
 *
 * @param pixelSize um, for a scale bar
 */
export function imageReport(examples: readonly ImageExample[], pixelSize?: number): ValidationReport {
  const scored = examples.map((example) => ({ ...example, scores: scoresOf(example) }));
  const labels = [...new Set(examples.map(({ label }) => label))];
  const groups = labels.map((label) => {
    const same = scored.filter((example) => example.label === label);
    const { distance_um } = same[0];
    const scores = meanScores(same.map(({ scores }) => scores));
    return { label, ...(distance_um === undefined ? {} : { distance_um }), scores, first: same[0] };
  });
  const scores = meanScores(scored.map(({ scores }) => scores));
  return {
    loss: scores.loss,
    scores,
    groups: groups.map(({ first: _, ...group }) => group),
    draw: (title) =>
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
  // A network that has diverged cannot be scored; the loss says so.
  if (!Number.isFinite(loss)) return { loss, psnr: NaN, ssim: NaN, input_psnr: NaN, input_ssim: NaN };
  return {
    loss,
    psnr: psnr(output, truth, 1),
    ssim: ssim(output, truth, 1),
    input_psnr: psnr(input, truth, 1),
    input_ssim: ssim(input, truth, 1),
  };
}

/** Means of scores of the same names. */
export function meanScores(all: readonly Record<string, number>[]): Record<string, number> {
  const mean = (key: string): number => all.reduce((sum, scores) => sum + scores[key], 0) / all.length;
  return Object.fromEntries(Object.keys(all[0]).map((key) => [key, mean(key)]));
}
