import { join } from "node:path";
import type { SheetRow } from "../evaluate/contact-sheet.ts";
import { meanScores, type Scores, score, signalRange } from "../evaluate/metrics.ts";
import { type Plane, planeOf } from "../image/image.ts";
import { readStack } from "../image/image-file.ts";
import { openImage } from "../image/open-image.node.ts";
import { imageOfStack } from "../image/stack-image.ts";
import { writeImage } from "../image/write-image.node.ts";
import type { AnyRefocusModel } from "../models/model-info.ts";
import { refocusFile } from "../models/refocus-file.node.ts";
import type { Runtime } from "../run/runtime.ts";
import type { DemoData } from "./demo-data.ts";

/** Mean scores of an input and an output at one distance, um. */
export interface DistanceResult {
  distance: number;
  input: Scores;
  output: Scores;
}

export interface Judged {
  rows: SheetRow[];
  distances: DistanceResult[];
  /** Single pairs of planes whose output scores no higher than the untouched input, which a mean would hide. */
  worse: { distance: number; plane: number }[];
  dataRange: number;
  firstPlanes: number[];
  warnings: string[];
}

/** Writes the unseen stack, refocuses it from a few planes to both sides, and scores outputs beside inputs. */
export async function refocusUnseen(
  model: AnyRefocusModel,
  data: DemoData,
  options: { output: string; runtime: Runtime; signal?: AbortSignal | undefined },
): Promise<Judged> {
  const { info } = model;
  const { unseen, truth } = data;
  const path = join(options.output, "unseen.tif");
  await writeImage(path, imageOfStack(unseen, path), { force: true });
  const step = unseen.zStep ?? 1;
  const [low, high] = info.distance_range;
  const targets = [low, low / 2, high / 2, high].map((d) => Math.round(d / step));
  const offsets = (info.model === "deep-z" ? info.input_offsets : [0]).map((d) => Math.round(d / step));
  const firstPlanes = spread(-Math.min(...targets, ...offsets), unseen.depth - 1 - Math.max(...targets, ...offsets), 3);
  const dataRange = signalRange({ data: truth.data, height: truth.depth * truth.height, width: truth.width });
  const file = await openImage(path);
  const scored: { distance: number; input: Scores; output: Scores; row: SheetRow; z: number }[] = [];
  const warnings = new Set<string>();
  try {
    for (const z of firstPlanes) {
      const output = join(options.output, `refocused_from_plane_${z}.tif`);
      const distances = targets.map((planes) => planes * step);
      const result = await refocusFile(model, options.runtime, file, output, {
        distances,
        planes: [z],
        force: true,
        signal: options.signal,
      });
      for (const warning of result.warnings) warnings.add(warning);
      const refocused = await openImage(output);
      const stack = await readStack(refocused).finally(() => refocused.close());
      for (const [i, planes] of targets.entries()) {
        const [input, expected, made] = [planeOf(unseen, z), planeOf(truth, z + planes), planeOf(stack, i)];
        const scores = { input: score(input, expected, { dataRange }), output: score(made, expected, { dataRange }) };
        scored.push({
          distance: distances[i],
          ...scores,
          row: sheetRow(distances[i], input, made, expected, scores),
          z,
        });
      }
    }
  } finally {
    await file.close();
  }
  const middle = firstPlanes[Math.floor(firstPlanes.length / 2)];
  return {
    rows: scored.filter(({ z }) => z === middle).map(({ row }) => row),
    distances: targets.map((planes) => {
      const same = scored.filter(({ distance }) => distance === planes * step);
      return {
        distance: planes * step,
        input: meanScores(same.map(({ input }) => input)),
        output: meanScores(same.map((s) => s.output)),
      };
    }),
    worse: scored
      .filter(({ input, output }) => output.psnr <= input.psnr)
      .map(({ distance, z }) => ({ distance, plane: z })),
    dataRange,
    firstPlanes,
    warnings: [...warnings],
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
