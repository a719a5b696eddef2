/** Scores of a training as words. */
import type { TrainingProgress } from "../train/train.ts";

type Scores = Readonly<Record<string, number | null>>;

/** A line about a validation. */
export function newsOfStep({ step, steps, loss, validation }: TrainingProgress): string {
  const judged = validation ? `, validation: ${briefly(validation.scores)}` : "";
  return `step ${step} of ${steps}: loss ${loss.toPrecision(3)}${judged}`;
}

/** Scores by name, each beside that of the unchanged input where there is one. */
export function scoreRows(scores: Scores): [string, string][] {
  return Object.keys(scores).flatMap((name): [string, string][] => {
    if (name === "loss" || name.startsWith("input_")) return [];
    const input = scores[`input_${name}`];
    const value = withUnit(name, scores[name]);
    return [[titleOf(name), input === undefined ? value : `${value}, input ${withUnit(name, input)}`]];
  });
}

/** Scores in one line. */
export const briefly = (scores: Scores): string =>
  scoreRows(scores)
    .map(([name, value]) => `${name} ${value.replace(/, (input .*)$/, " ($1)")}`)
    .join(", ");

const titleOf = (name: string): string => (/^(psnr|ssim)$/.test(name) ? name.toUpperCase() : name.replaceAll("_", " "));

/** JSON has no infinity: that of a PSNR is null. */
function withUnit(name: string, value: number | null): string {
  if (name === "psnr") return value !== null && Number.isFinite(value) ? `${value.toFixed(2)} dB` : "infinite";
  return value === null ? "unknown" : value.toPrecision(4);
}
