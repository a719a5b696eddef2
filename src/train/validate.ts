import { psnr } from "../evaluate/metrics.ts";
import { ssim } from "../evaluate/ssim.ts";
import type { Graph } from "../graph/graph.ts";
import type { Plane } from "../image/image.ts";
import type { DeepZArchitecture } from "../models/deep-z.ts";
import { deepZAlignment } from "../models/deep-z.ts";
import { readMirrored } from "../models/mirrored-region.ts";
import { crop } from "../models/pixel-grid.ts";
import type { Session } from "../run/runtime.ts";
import { type PairSource, pairsAt } from "./pairs.ts";
import { predictionGraph } from "./steps.ts";

/** Mean scores of pairs: the output's, and beside them those of the untouched first input plane. Data range 1. */
export interface ValidationScores {
  /** Mean absolute error of the output, of the normalised range. */
  loss: number;
  psnr: number;
  ssim: number;
  input_psnr: number;
  input_ssim: number;
}

/** One pair, seen: planes of the validation region, normalised. */
export interface ValidationExample {
  name: string;
  /** um */
  distance: number;
  input: Plane;
  output: Plane;
  truth: Plane;
  scores: ValidationScores;
}

export interface ValidationReport {
  scores: ValidationScores;
  /** The same for each distance, um, from the lowest to the highest. */
  perDistance: { distance: number; scores: ValidationScores }[];
  /** The first pair of every distance. */
  examples: ValidationExample[];
}

/** Largest side of what is validated on, pixels. */
const largest = 256;

/** A validator: the same pairs every time, held-out pixels only. */
export interface Validator {
  /** To be opened in the same program as the training steps, under the name "predict". */
  graph: Graph;
  run(session: Session): Promise<ValidationReport>;
}

/**
 * Validates at the ends of the distance range and half way to them, with at most `perDistance` pairs each, spread over the
 * depth of the stacks. All sources are seen through windows of one size.
 */
export function createValidator(
  sources: readonly PairSource[],
  architecture: DeepZArchitecture,
  perDistance: number,
): Validator {
  const height = Math.min(largest, ...sources.map((source) => source.height));
  const width = Math.min(largest, ...sources.map((source) => source.width));
  const alignment = deepZAlignment(architecture);
  const margin = 2 * alignment;
  const padded = {
    x: -margin,
    y: -margin,
    width: Math.ceil((width + 2 * margin) / alignment) * alignment,
    height: Math.ceil((height + 2 * margin) / alignment) * alignment,
  };
  const planes = sources[0].offsets.length;
  const chosen = choosePairs(sources, perDistance);
  return {
    graph: predictionGraph(planes, padded.height, padded.width, architecture),
    async run(session) {
      const examples: ValidationExample[] = [];
      const scored: { distance: number; scores: ValidationScores }[] = [];
      for (const { source, z, distance } of chosen) {
        const window = (plane: number): Plane => centre(source, plane, height, width);
        const size = padded.width * padded.height;
        const data = new Float32Array((planes + 1) * size);
        for (const [k, offset] of source.offsets.entries()) {
          const plane = window(z + offset);
          const whole = { x: 0, y: 0, width, height };
          const read = async (region: typeof whole): Promise<Float32Array> => crop(plane.data, whole, region);
          data.set(await readMirrored(read, whole, padded), k * size);
        }
        const micrometres = distance * source.zStep;
        data.fill(micrometres / architecture.distance_scale, planes * size);
        const shape = [1, planes + 1, padded.height, padded.width];
        const { refocused } = await session.run("predict", { image: { type: "float32", shape, data } });
        const output = crop(refocused.data as Float32Array, padded, { x: 0, y: 0, width, height });
        const pictures = {
          name: source.name,
          distance: micrometres,
          input: window(z),
          output: { data: output, height, width },
          truth: window(z + distance),
        };
        const scores = scoresOf(pictures);
        if (!examples.some((other) => other.distance === micrometres)) examples.push({ ...pictures, scores });
        scored.push({ distance: micrometres, scores });
      }
      const distances = [...new Set(scored.map(({ distance }) => distance))].sort((a, b) => a - b);
      return {
        scores: meanScores(scored.map(({ scores }) => scores)),
        perDistance: distances.map((distance) => ({
          distance,
          scores: meanScores(scored.filter((other) => other.distance === distance).map(({ scores }) => scores)),
        })),
        examples: examples.sort((a, b) => a.distance - b.distance),
      };
    },
  };
}

/** For each source: distances at the ends and half way, and of the pairs there an even choice over the depth. */
function choosePairs(sources: readonly PairSource[], perDistance: number) {
  return sources.flatMap((source) => {
    const possible = source.distances.filter((distance) => pairsAt(source, distance).length > 0);
    const nearest = (wanted: number): number =>
      possible.reduce((best, d) => (Math.abs(d - wanted) < Math.abs(best - wanted) ? d : best));
    const [low, high] = [possible[0], possible[possible.length - 1]];
    const distances = new Set([low, low / 2, high / 2, high].map(nearest).filter((d) => d !== 0));
    const share = Math.max(1, Math.round(perDistance / sources.length));
    return [...distances].flatMap((distance) => {
      const pairs = pairsAt(source, distance);
      const count = Math.min(share, pairs.length);
      return Array.from({ length: count }, (_, i) => {
        const { z } = pairs[Math.floor(((i + 0.5) * pairs.length) / count)];
        return { source, z, distance };
      });
    });
  });
}

function centre(source: PairSource, z: number, height: number, width: number): Plane {
  const size = source.height * source.width;
  const whole = { x: 0, y: 0, width: source.width, height: source.height };
  const x = Math.floor((source.width - width) / 2);
  const y = Math.floor((source.height - height) / 2);
  return { data: crop(source.data.subarray(z * size, (z + 1) * size), whole, { x, y, width, height }), height, width };
}

function scoresOf({ input, output, truth }: Record<"input" | "output" | "truth", Plane>): ValidationScores {
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

function meanScores(all: readonly ValidationScores[]): ValidationScores {
  const mean = (key: keyof ValidationScores): number => all.reduce((sum, scores) => sum + scores[key], 0) / all.length;
  return {
    loss: mean("loss"),
    psnr: mean("psnr"),
    ssim: mean("ssim"),
    input_psnr: mean("input_psnr"),
    input_ssim: mean("input_ssim"),
  };
}
