/** Validation without ground truth: compares the distributions of outputs and targets. */
import type { Plane } from "../../image/image.ts";
import { readMirrored } from "../../models/apply/mirrored-region.ts";
import { crop } from "../../models/apply/pixel-grid.ts";
import type { PairedSource } from "../data/paired-data.ts";
import type { Validator } from "../learner.ts";
import { type ImageExample, imageReport } from "./image-report.ts";
import type { ImageNetwork } from "./paired-validator.ts";

/** Maximum side of the validated region, pixels. */
const maxSide = 256;

/**
 * Uses about `count` planes of the inputs and the same number of the targets. The loss is the distance between the
 * distributions of outputs and targets ({@link distributionDistance}); it is `distribution` in metrics.csv, and
 * `input_distribution` is that of the unprocessed inputs. It does not measure whether each output shows the same
 * structures as its input. Look at the previews for that, whose third column is an unrelated image of the target
 * domain.
 */
export function unpairedValidator(
  sources: readonly PairedSource[],
  { alignment, predictionGraph }: ImageNetwork,
  count: number,
): Validator {
  const extent = (side: "height" | "width"): number => Math.min(maxSide, ...sources.map((source) => source[side]));
  const whole = { x: 0, y: 0, width: extent("width"), height: extent("height") };
  const up = (size: number): number => Math.ceil(size / alignment) * alignment;
  const padded = { x: 0, y: 0, width: up(whole.width), height: up(whole.height) };
  const each = Math.max(1, Math.round(count / sources.length));
  const chosen = sources.flatMap((source) => {
    const planes = Math.min(each, source.depth);
    return Array.from({ length: planes }, (_, i) => ({ source, z: Math.floor(((i + 0.5) * source.depth) / planes) }));
  });
  return {
    metrics: ["distribution"],
    graphs: { predict: predictionGraph(padded.height, padded.width) },
    async run(session) {
      const examples: ImageExample[] = [];
      for (const [i, { source, z }] of chosen.entries()) {
        const window = (data: Float32Array): Plane => {
          const size = source.height * source.width;
          const plane = data.subarray(z * size, (z + 1) * size);
          const field = { x: 0, y: 0, width: source.width, height: source.height };
          return { data: crop(plane, field, whole), height: whole.height, width: whole.width };
        };
        const input = window(source.data);
        const data = await readMirrored(async (region) => crop(input.data, whole, region), whole, padded);
        const shape = [1, 1, padded.height, padded.width];
        const { output } = await session.run("predict", { image: { type: "float32", shape, data } });
        const cut = { ...input, data: crop(output.data as Float32Array, padded, whole) };
        examples.push({ label: `image ${i + 1}`, input, output: cut, truth: window(source.target) });
      }
      const targets = examples.map(({ truth }) => truth);
      const distribution = distributionDistance(
        examples.map(({ output }) => output),
        targets,
      );
      const before = distributionDistance(
        examples.map(({ input }) => input),
        targets,
      );
      const scores = { loss: distribution, distribution, input_distribution: before };
      const { draw } = imageReport(examples.slice(0, 3), { pixelSize: sources[0].pixelSize });
      return { loss: distribution, scores, groups: [{ label: "all images", scores }], draw };
    },
  };
}

/**
 * The distance between the distributions of two sets of images of one size, independent of positions: the earth mover's
 * distance between their values, plus that between the absolute differences of neighbouring pixels, both in units of
 * the images. NaN for images with a NaN.
 */
export function distributionDistance(a: readonly Plane[], b: readonly Plane[]): number {
  return (
    moverDistance(
      a.map(({ data }) => data),
      b.map(({ data }) => data),
    ) + moverDistance(a.map(slopes), b.map(slopes))
  );
}

/** The earth mover's distance in one dimension: the mean distance between values of equal rank. */
function moverDistance(a: readonly Float32Array[], b: readonly Float32Array[]): number {
  const [x, y] = [sorted(a), sorted(b)];
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += Math.abs(x[i] - y[i]);
  return sum / x.length;
}

function sorted(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((total, { length }) => total + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all.sort();
}

/** |I(y, x) - I(y, x - 1)|. */
function slopes({ data, height, width }: Plane): Float32Array {
  const out = new Float32Array(height * (width - 1));
  for (let y = 0; y < height; y++) {
    for (let x = 1; x < width; x++)
      out[y * (width - 1) + x - 1] = Math.abs(data[y * width + x] - data[y * width + x - 1]);
  }
  return out;
}
