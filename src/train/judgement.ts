/**
 * Measures what a trained model gains over the recorded planes, group by group: each distance, or each part of the
 * depth.
 */

import { mean as meanOf } from "../array/statistics.ts";
import type { Plane } from "../image/image.ts";
import { detailAgainst } from "../metrics/detail.ts";
import { psnr } from "../metrics/metrics.ts";
import { bestRecorded, type RecordedPlane } from "../metrics/recorded-baseline.ts";
import { ssim } from "../metrics/ssim.ts";
import { averaged, type JudgementMeans, type JudgementRow } from "./judgement-row.ts";
import { type ModelVerdict, modelVerdict } from "./model-verdict.ts";

/** A held-out output of the model with its inputs and ground truth; planes of one size, normalised (data range 1). */
export interface JudgedExample {
  label: string;
  distance_um?: number;
  recorded: readonly RecordedPlane[];
  output: Plane;
  truth: Plane;
}

export interface Judgement {
  verdict: ModelVerdict;
  rows: JudgementRow[];
  /** Means over the examples whose target plane is not one of the input planes. */
  means: JudgementMeans;
}

/** Maximum side of a region, pixels. */
const maxRegionSide = 48;

/** Maximum PSNR, dB. The PSNR of an output that equals its ground truth is infinite and counts as this. */
const maxPsnr = 100;

/**
 * Evaluates a model by its held-out examples. Examples whose best recorded baseline equals the ground truth (black
 * padding, a repeated plane) are left out, since nothing can be gained on them, except those whose target is an input
 * plane.
 * @param examples one or more
 * @returns undefined where no example is left
 */
export function judge(task: "refocus" | "section", examples: readonly JudgedExample[]): Judgement | undefined {
  const labels = [...new Set(examples.map(({ label }) => label))];
  const rows = labels.flatMap((label) => rowOf(examples.filter((one) => one.label === label)) ?? []);
  if (rows.length < labels.length && rows.every(({ given }) => given)) return undefined;
  const made = rows.filter(({ given }) => !given);
  const shown = made.length > 0 ? made : rows;
  const mean = (key: (typeof averaged)[number]): number =>
    meanOf(shown.flatMap((row) => new Array<number>(row.examples).fill(row[key])));
  const means = Object.fromEntries(averaged.map((key) => [key, mean(key)])) as JudgementMeans;
  return { verdict: modelVerdict(task, { rows, means }), rows, means };
}

function rowOf(all: readonly JudgedExample[]): JudgementRow | undefined {
  const [{ label, distance_um, recorded }] = all;
  const given = distance_um !== undefined && recorded.some(({ distance }) => distance === 0);
  const scored = all.flatMap((example) => {
    const { recorded, output, truth } = example;
    const best = bestRecorded(recorded, truth, 1);
    if (!given && best.psnr.value === Infinity) return [];
    return {
      example,
      psnr: Math.min(maxPsnr, psnr(output, truth, 1)),
      ssim: ssim(output, truth, 1),
      detail: withoutNaN(detailAgainst(truth)(output).mean),
      baseline_psnr: Math.min(maxPsnr, best.psnr.value),
      baseline_ssim: best.ssim.value,
      baseline_detail: withoutNaN(best.detail.value),
      baseline: best.psnr.name,
      worse: regionsWorse(output, best.image, truth),
    };
  });
  if (scored.length === 0) return undefined;
  const mean = (key: Exclude<keyof (typeof scored)[number], "baseline" | "example">): number =>
    meanOf(scored.map((one) => one[key]));
  return {
    label,
    ...(distance_um === undefined ? {} : { distance_um }),
    examples: scored.length,
    given,
    psnr: mean("psnr"),
    ssim: mean("ssim"),
    detail: mean("detail"),
    baseline_psnr: mean("baseline_psnr"),
    baseline_ssim: mean("baseline_ssim"),
    baseline_detail: mean("baseline_detail"),
    baseline: mostOften(scored.map(({ baseline }) => baseline)),
    gain_db: mean("psnr") - mean("baseline_psnr"),
    regions_worse: mean("worse"),
    ...photometry(scored.map(({ example }) => example)),
  };
}

/** Share of the regions of a plane, which have about equal size, whose error is larger than that of the baseline. */
function regionsWorse(output: Plane, baseline: Plane, truth: Plane): number {
  const { height, width } = truth;
  const [rows, columns] = [height, width].map((edge) => Math.max(1, Math.ceil(edge / maxRegionSide)));
  const balance = new Float64Array(rows * columns);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const i = y * width + x;
      const region = Math.floor((y * rows) / height) * columns + Math.floor((x * columns) / width);
      balance[region] += (output.data[i] - truth.data[i]) ** 2 - (baseline.data[i] - truth.data[i]) ** 2;
    }
  }
  return balance.filter((sum) => sum > 0).length / balance.length;
}

/**
 * The regression is of the ground truth on the output, not the other way round: the ground truth contains camera noise,
 * which would reduce the slope of the other regression.
 */
function photometry(examples: readonly JudgedExample[]): { slope: number; mean_ratio: number } {
  const sum = (of: (output: number, truth: number) => number): number => {
    let total = 0;
    for (const { output, truth } of examples) {
      for (let i = 0; i < truth.data.length; i++) total += of(output.data[i], truth.data[i]);
    }
    return total;
  };
  const n = sum(() => 1);
  const [mo, mt] = [sum((output) => output) / n, sum((_, truth) => truth) / n];
  const own = sum((output) => (output - mo) ** 2);
  const both = sum((output, truth) => (output - mo) * (truth - mt));
  return { slope: both / own, mean_ratio: mo / mt };
}

/** Detail is NaN where an image is constant in a band; it counts as 0. */
const withoutNaN = (value: number): number => (Number.isNaN(value) ? 0 : value);

function mostOften(names: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].reduce((a, b) => (b[1] > a[1] ? b : a))[0];
}
