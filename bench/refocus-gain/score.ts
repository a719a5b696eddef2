/** What a refocusing model gains over the best recorded baseline, case by case. */

import { type Plane, planeOf, type Stack } from "../../src/image/image.ts";
import { detailAgainst } from "../../src/metrics/detail.ts";
import { psnr } from "../../src/metrics/metrics.ts";
import { bestRecorded } from "../../src/metrics/recorded-baseline.ts";
import { ssim } from "../../src/metrics/ssim.ts";
import { normalisationOf } from "../../src/models/apply/normalisation.ts";
import type { Model } from "../../src/models/model-info.ts";
import type { Runtime } from "../../src/run/runtime.ts";
import { modelCandidate } from "../../src/study/model-candidate.ts";
import { cropPlane } from "../../src/study/studied-stack.ts";

/** What is judged: a part of a stack that the model has not learnt from. */
export interface Judged {
  stack: Stack & { zStep: number };
  /** `[start, end]`, pixels. */
  rows: readonly [number, number];
  columns: readonly [number, number];
  /** First input planes, by number, and distances from each, um. */
  firsts: readonly number[];
  distances: readonly number[];
}

/** One output. Gains are over the best recorded baseline. */
export interface Case {
  first: number;
  distance: number;
  psnr: number;
  /** Of the better input plane as it is, of the best recorded baseline, and what that is. */
  inputPsnr: number;
  baselinePsnr: number;
  baseline: string;
  ssim: number;
  baselineSsim: number;
  detail: number;
  baselineDetail: number;
  /** Slope of the straight line of the ground truth over the output, and mean of output over mean of ground truth. */
  slope: number;
  mean: number;
  /** Whether the plane wanted is one of those given. */
  given: boolean;
}

/** Every output that the stack has a ground truth for. Data range: percentiles 1 to 99.9 of the stack, as models normalise it. */
export async function scoreCases(model: Model, runtime: Runtime, judged: Judged): Promise<Case[]> {
  const candidate = modelCandidate("model", model, runtime);
  const { stack, rows, columns, firsts, distances } = judged;
  const { low, high } = normalisationOf(stack.data, 1, 99.9, "the stack");
  const range = high - low;
  const box = { top: rows[0], left: columns[0], height: rows[1] - rows[0], width: columns[1] - columns[0] };
  const part = (plane: Plane): Plane => cropPlane(plane, box);
  const inside = (z: number): boolean => z >= 0 && z < stack.depth;
  const planesOf = (um: number): number => Math.round(um / stack.zStep);
  const wanted = firsts
    .flatMap((plane) => distances.map((distance) => ({ plane, distance })))
    .filter(({ plane, distance }) => [distance, ...candidate.offsets].every((um) => inside(plane + planesOf(um))));
  const outputs = await candidate.make(stack, stack, wanted);
  return wanted.map(({ plane, distance }, i) => {
    const truth = part(planeOf(stack, plane + planesOf(distance)));
    const output = part(outputs[i]);
    const recorded = candidate.offsets.map((um) => ({
      plane: part(planeOf(stack, plane + planesOf(um))),
      distance: (planesOf(distance) - planesOf(um)) * stack.zStep,
    }));
    const best = bestRecorded(recorded, truth, range);
    const { slope, mean } = photometry(output, truth, low);
    return {
      first: plane,
      distance,
      psnr: Math.min(psnr(output, truth, range), 100),
      inputPsnr: Math.max(...recorded.map((one) => psnr(one.plane, truth, range))),
      baselinePsnr: best.psnr.value,
      baseline: best.psnr.name,
      ssim: ssim(output, truth, range),
      baselineSsim: best.ssim.value,
      detail: detailAgainst(truth)(output).mean,
      baselineDetail: best.detail.value,
      slope,
      mean,
      given: recorded.some((one) => one.distance === 0),
    };
  });
}

/** The line truth = slope output + offset by least squares, and mean over mean above the stack's dark level. */
function photometry(output: Plane, truth: Plane, dark: number): { slope: number; mean: number } {
  const average = ({ data }: Plane): number => data.reduce((a, b) => a + b, 0) / data.length;
  const [mo, mt] = [average(output), average(truth)];
  let [both, own] = [0, 0];
  for (let i = 0; i < truth.data.length; i++) {
    both += (output.data[i] - mo) * (truth.data[i] - mt);
    own += (output.data[i] - mo) ** 2;
  }
  return { slope: both / own, mean: (mo - dark) / (mt - dark) };
}

export const meanOf = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

/** Means over the cases that are not given planes. */
export function summary(cases: readonly Case[]) {
  const made = cases.filter((one) => !one.given);
  const gains = made.map((one) => one.psnr - one.baselinePsnr);
  return {
    cases: made.length,
    gain: meanOf(gains),
    gainOverInput: meanOf(made.map((one) => one.psnr - one.inputPsnr)),
    worse: gains.filter((gain) => gain < 0).length / made.length,
    worst: Math.min(...gains),
    ssimGain: meanOf(made.map((one) => one.ssim - one.baselineSsim)),
    detailGain: meanOf(made.map((one) => one.detail - one.baselineDetail)),
    worstDetail: Math.min(...made.map((one) => one.detail - one.baselineDetail)),
    slope: meanOf(made.map((one) => one.slope)),
    mean: meanOf(made.map((one) => one.mean)),
  };
}
