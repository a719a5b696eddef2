/** Validation of image-to-image networks on held-out planes. */
import type { Graph } from "../../graph/graph.ts";
import type { Plane } from "../../image/image.ts";
import { readMirrored } from "../../models/apply/mirrored-region.ts";
import { crop } from "../../models/apply/pixel-grid.ts";
import type { PairedSource } from "../data/paired-data.ts";
import type { Validator } from "../learner.ts";
import { type ImageExample, imageMetrics, imageReport, meanScores } from "./image-report.ts";

/** The network to validate. */
export interface ImageNetwork {
  /** Image heights and widths must be multiples of this. */
  alignment: number;
  /**
   * Planes of a sub-stack, an odd number, whose middle one is scored; undefined for networks that take single planes.
   */
  planes?: number | undefined;
  /** Margin of the mirrored image on each side of the scored region, pixels; default twice the alignment. */
  margin?: number | undefined;
  /**
   * The network with weights from the state: `image` `[1, 1, h, w]` or `[1, 1, planes, h, w]` to `output`, whose first
   * channel is the image, of the same extents.
   */
  predictionGraph(height: number, width: number): Graph;
  /** Scores of further outputs, for networks that have more than the image. */
  beyond?: BeyondImage | undefined;
}

/** The scores of outputs beside the image. */
export interface BeyondImage {
  /** Further columns of metrics.csv, beside those of every image. */
  readonly metrics: readonly string[];
  /**
   * Scores of one example by those names, and `loss`, above 0, which replaces the mean absolute error.
   * @param channels planes of the output, the image first
   */
  scores(channels: readonly Plane[], truth: Plane): Record<string, number>;
}

/** Maximum side of the validated region, pixels. */
const maxSide = 256;

/**
 * Validates on about `count` planes, spread over the sources and their depth, in central windows of one size. The
 * thirds of the depth are also scored separately, since they have different amounts of out-of-focus light.
 */
export function pairedValidator(
  sources: readonly PairedSource[],
  { alignment, planes, predictionGraph, margin = 2 * alignment, beyond }: ImageNetwork,
  { count, thorough }: { count: number; thorough?: boolean },
): Validator {
  const height = Math.min(maxSide, ...sources.map((source) => source.height));
  const width = Math.min(maxSide, ...sources.map((source) => source.width));
  const whole = { x: 0, y: 0, width, height };
  const padded = {
    x: -margin,
    y: -margin,
    width: Math.ceil((width + 2 * margin) / alignment) * alignment,
    height: Math.ceil((height + 2 * margin) / alignment) * alignment,
  };
  const size = padded.width * padded.height;
  const depth = planes ?? 1;
  const shape = [1, 1, ...(planes === undefined ? [] : [planes]), padded.height, padded.width];
  const chosen = choosePlanes(sources, count);
  return {
    metrics: [...imageMetrics, ...(beyond?.metrics ?? [])],
    examples: chosen.length,
    graphs: { predict: predictionGraph(padded.height, padded.width) },
    async run(session) {
      const examples: ImageExample[] = [];
      const further: Record<string, number>[] = [];
      for (const { source, z, label } of chosen) {
        const window = (data: Float32Array, plane: number): Plane => centre(source, data, plane, height, width);
        const data = new Float32Array(depth * size);
        for (let k = 0; k < depth; k++) {
          const seen = window(source.data, mirrored(z + k - (depth >> 1), source.depth));
          data.set(await readMirrored(async (region) => crop(seen.data, whole, region), whole, padded), k * size);
        }
        const { output } = await session.run("predict", { image: { type: "float32", shape, data } });
        const channels = Array.from({ length: output.shape[1] }, (_, channel): Plane => {
          const start = (channel * depth + (depth >> 1)) * size;
          const middle = (output.data as Float32Array).subarray(start, start + size);
          return { data: crop(middle, padded, whole), height, width };
        });
        const truth = window(source.target, z);
        examples.push({ label, input: window(source.data, z), output: channels[0], truth });
        if (beyond) further.push(beyond.scores(channels, truth));
      }
      const report = imageReport(examples, { pixelSize: sources[0].pixelSize, thorough, task: "section" });
      if (!beyond) return report;
      const scores = { ...report.scores, ...meanScores(further) };
      return { ...report, loss: scores.loss, scores };
    },
  };
}

const thirds = ["first planes", "middle planes", "last planes"];

/**
 * Chooses the same number of planes of every source, evenly spread over its depth. The middle of every third comes
 * first, since the first example of a group is drawn.
 */
function choosePlanes(
  sources: readonly PairedSource[],
  count: number,
): { source: PairedSource; z: number; label: string }[] {
  const each = Math.max(1, Math.round(count / sources.length));
  const chosen = sources.flatMap((source) => {
    const planes = Math.min(each, source.depth);
    return Array.from({ length: planes }, (_, i) => {
      const z = Math.floor(((i + 0.5) * source.depth) / planes);
      const place = (3 * (z + 0.5)) / source.depth;
      const third = Math.min(2, Math.floor(place));
      return { source, z, third, off: Math.abs(place - third - 0.5) };
    });
  });
  chosen.sort((a, b) => a.third - b.third || a.off - b.off);
  return chosen.map(({ source, z, third }) => ({ source, z, label: thirds[third] }));
}

/** The plane that replaces a plane beyond the ends of a stack, by mirroring. */
function mirrored(z: number, depth: number): number {
  const period = Math.max(1, 2 * (depth - 1));
  const folded = ((z % period) + period) % period;
  return folded < depth ? folded : period - folded;
}

function centre(source: PairedSource, data: Float32Array, z: number, height: number, width: number): Plane {
  const size = source.height * source.width;
  const whole = { x: 0, y: 0, width: source.width, height: source.height };
  const x = Math.floor((source.width - width) / 2);
  const y = Math.floor((source.height - height) / 2);
  return { data: crop(data.subarray(z * size, (z + 1) * size), whole, { x, y, width, height }), height, width };
}
