/** Validation of image-to-image networks on held-out planes. */
import { mirroredIndex } from "../../array/mirrored-index.ts";
import type { Graph } from "../../graph/graph.ts";
import type { Plane } from "../../image/image.ts";
import type { PairedSource } from "../data/paired-data.ts";
import type { Validator } from "../learner.ts";
import { centralWindow } from "./central-window.ts";
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
  { alignment, planes, predictionGraph, margin, beyond }: ImageNetwork,
  { count, thorough }: { count: number; thorough?: boolean },
): Validator {
  const window = centralWindow(sources, { maxSide, alignment, margin });
  const { height, width, seen } = window;
  const size = seen.width * seen.height;
  const depth = planes ?? 1;
  const shape = [1, 1, ...(planes === undefined ? [] : [planes]), seen.height, seen.width];
  const chosen = choosePlanes(sources, count);
  return {
    metrics: [...imageMetrics, ...(beyond?.metrics ?? [])],
    examples: chosen.length,
    graphs: { predict: predictionGraph(seen.height, seen.width) },
    async run(session) {
      const examples: ImageExample[] = [];
      const further: Record<string, number>[] = [];
      for (const { source, z, label } of chosen) {
        const data = new Float32Array(depth * size);
        for (let k = 0; k < depth; k++) {
          const plane = window.planeOf(source, source.data, mirroredIndex(z + k - (depth >> 1), source.depth));
          data.set(await window.withMargin(plane.data), k * size);
        }
        const { output } = await session.run("predict", { image: { type: "float32", shape, data } });
        const channels = Array.from({ length: output.shape[1] }, (_, channel): Plane => {
          const start = (channel * depth + (depth >> 1)) * size;
          const middle = (output.data as Float32Array).subarray(start, start + size);
          return { data: window.withoutMargin(middle), height, width };
        });
        const truth = window.planeOf(source, source.target, z);
        const input = window.planeOf(source, source.data, z);
        examples.push({ label, input, output: channels[0], truth });
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
