import { mean as meanOfAll } from "../../array/statistics.ts";
import type { SheetRow } from "../../figures/contact-sheet.ts";
import { toCounts } from "../../image/counts.ts";
import { type Plane, planeOf, type Stack } from "../../image/image.ts";
import type { ImageFile } from "../../image/image-file.ts";
import { imageInMemory } from "../../image/memory-image.ts";
import { imageOfStack } from "../../image/stack-image.ts";
import type { Storage } from "../../image/storage.ts";
import { writeImage } from "../../image/write-image.ts";
import type { BaselineGain } from "../../metrics/against-baseline.ts";
import { type Detail, detailAgainst } from "../../metrics/detail.ts";
import { meanScores, type Scores, score, signalRange } from "../../metrics/metrics.ts";
import { type BaselineScores, bestRecorded } from "../../metrics/recorded-baseline.ts";
import type { AnyRefocusModel } from "../../models/model-info.ts";
import type { Runtime } from "../../run/runtime.ts";
import type { Warning } from "../../warning.ts";
import { refocusFile } from "../refocus-file.ts";
import type { DemoData } from "./demo-data.ts";

/** Mean scores at one distance, um. */
export interface DistanceResult {
  distance: number;
  /** Scores of the first input plane, unchanged. */
  input: Scores;
  output: Scores;
  /** Scores of the best recorded baseline, chosen for each score. */
  baseline: { psnr: number; ssim: number; detail: number; contrast: number };
  detail: { input: number; output: number };
  /** Output minus baseline. */
  gain: BaselineGain;
  /** Whether the target is one of the input planes, so that means leave it out. */
  given: boolean;
}

export interface Judged {
  rows: SheetRow[];
  distances: DistanceResult[];
  /**
   * Single outputs whose PSNR is not higher than that of the best recorded baseline, which a mean would hide; without
   * outputs at input planes.
   */
  worse: { distance: number; plane: number }[];
  dataRange: number;
  firstPlanes: number[];
  warnings: Warning[];
}

/**
 * Writes the stack that was kept apart, refocuses a few of its planes to both sides, and scores the outputs and the
 * recorded planes.
 */
export async function refocusUnseen(
  storage: Storage,
  model: AnyRefocusModel,
  data: DemoData,
  options: { output: string; runtime: Runtime; signal?: AbortSignal | undefined },
): Promise<Judged> {
  const { info } = model;
  const { unseen, truth } = data;
  const path = storage.join(options.output, "unseen.tif");
  const image = imageOfStack(unseen, path);
  await writeImage(storage, path, image, { force: true });
  const file = imageInMemory(image, path);
  const step = unseen.zStep ?? 1;
  const [low, high] = info.distance_range;
  const targets = [low, low / 2, high / 2, high].map((d) => Math.round(d / step));
  const offsets = (info.method === "deep-z" ? info.input_offsets : [0]).map((d) => Math.round(d / step));
  const firstPlanes = spread(-Math.min(...targets, ...offsets), unseen.depth - 1 - Math.max(...targets, ...offsets), 3);
  const dataRange = signalRange({ data: truth.data, height: truth.depth * truth.height, width: truth.width });
  const scored: ScoredOutput[] = [];
  const warnings = new Map<string, Warning>();
  const distances = targets.map((planes) => planes * step);
  for (const z of firstPlanes) {
    const output = storage.join(options.output, `refocused_from_plane_${z}.tif`);
    const { stack, warnings: own } = await refocusFrom(storage, model, file, z, { ...options, output, distances });
    for (const warning of own) warnings.set(warning.text, warning);
    for (const [i, planes] of targets.entries()) {
      const [input, expected, made] = [planeOf(unseen, z), planeOf(truth, z + planes), planeOf(stack, i)];
      const scores = { input: score(input, expected, { dataRange }), output: score(made, expected, { dataRange }) };
      const given = offsets.map((offset) => ({
        plane: planeOf(unseen, z + offset),
        distance: (planes - offset) * step,
      }));
      const detailOf = detailAgainst(expected);
      scored.push({
        distance: distances[i],
        ...scores,
        detail: { input: detailOf(input), output: detailOf(made) },
        baseline: bestRecorded(given, expected, dataRange),
        row: sheetRow(distances[i], input, made, expected, scores),
        z,
      });
    }
  }
  const middle = firstPlanes[Math.floor(firstPlanes.length / 2)];
  return {
    rows: scored.filter(({ z }) => z === middle).map(({ row }) => row),
    distances: targets.map((planes) =>
      meanOf(
        planes * step,
        scored.filter(({ distance }) => distance === planes * step),
        offsets.includes(planes),
      ),
    ),
    worse: scored
      .filter(({ distance, output, baseline }) => {
        return !offsets.includes(Math.round(distance / step)) && output.psnr <= baseline.psnr.value;
      })
      .map(({ distance, z }) => ({ distance, plane: z })),
    dataRange,
    firstPlanes,
    warnings: [...warnings.values()],
  };
}

/** Refocuses one plane to all distances, writes them, and gives them with the counts that were written. */
async function refocusFrom(
  storage: Storage,
  model: AnyRefocusModel,
  file: ImageFile,
  z: number,
  options: { output: string; distances: readonly number[]; runtime: Runtime; signal?: AbortSignal | undefined },
): Promise<{ stack: Stack; warnings: Warning[] }> {
  const { output, distances, runtime, signal } = options;
  const [height, width] = file.shape.slice(-2);
  const values = new Float32Array(distances.length * height * width);
  const onRows = (plane: number, y0: number, rows: Float32Array): void =>
    values.set(rows, (plane * height + y0) * width);
  const { warnings } = await refocusFile(storage, model, runtime, file, output, {
    ...{ distances, planes: [z], force: true, signal, onRows },
  });
  const data = Float32Array.from(toCounts(values, file.dtype, { path: output, width, height }));
  return { stack: { data, height, width, depth: distances.length, dtype: file.dtype }, warnings };
}

/** The PSNR of a plane that is returned unchanged is infinite. Every PSNR is limited to this, dB. */
const maxPsnr = 100;

interface ScoredOutput {
  distance: number;
  input: Scores;
  output: Scores;
  detail: { input: Detail; output: Detail };
  baseline: BaselineScores;
  row: SheetRow;
  /** First input plane. */
  z: number;
}

function meanOf(distance: number, same: readonly ScoredOutput[], given: boolean): DistanceResult {
  const mean = (of: (one: ScoredOutput) => number): number => meanOfAll(same.map(of));
  const of = (key: keyof BaselineScores): number => mean(({ baseline }) => Math.min(maxPsnr, baseline[key].value));
  const baseline = { psnr: of("psnr"), ssim: of("ssim"), detail: of("detail"), contrast: of("contrast") };
  const output = meanScores(same.map((one) => ({ ...one.output, psnr: Math.min(maxPsnr, one.output.psnr) })));
  const detail = { input: mean((one) => one.detail.input.mean), output: mean((one) => one.detail.output.mean) };
  return {
    distance,
    input: meanScores(same.map(({ input }) => input)),
    output,
    baseline,
    detail,
    gain: {
      psnr: output.psnr - baseline.psnr,
      ssim: output.ssim - baseline.ssim,
      detail: detail.output - baseline.detail,
      contrast: mean((one) => one.detail.output.contrast) - baseline.contrast,
    },
    given,
  };
}

function sheetRow(
  distance: number,
  input: Plane,
  output: Plane,
  truth: Plane,
  scores: { input: Scores; output: Scores },
): SheetRow {
  return {
    label: signedMicrometres(distance),
    input,
    output,
    truth,
    inputScores: scores.input,
    outputScores: scores.output,
  };
}

export const signedMicrometres = (distance: number): string =>
  `${distance < 0 ? "-" : "+"}${Math.abs(distance).toFixed(2)} um`;

/** Up to `count` whole numbers from `first` to `last`, evenly spread. */
function spread(first: number, last: number, count: number): number[] {
  const n = Math.max(1, Math.min(count, last - first + 1));
  return Array.from({ length: n }, (_, i) => Math.round(first + ((i + 0.5) * (last - first)) / n));
}
