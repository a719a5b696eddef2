/** Validation of networks that refocus from planes at fixed offsets to a distance. */
import type { Graph } from "../../graph/graph.ts";
import type { Plane } from "../../image/image.ts";
import { readMirrored } from "../../models/mirrored-region.ts";
import { crop } from "../../models/pixel-grid.ts";
import { type ImageExample, imageMetrics, imageReport } from "../image-report.ts";
import type { Validator } from "../learner.ts";
import { type PairSource, pairsAt } from "../pairs.ts";

/** What is validated: a network that takes `image` `[1, planes + 1, h, w]`, the last channel a distance, and gives `refocused`. */
export interface RefocusNetwork {
  /** Image sizes must be multiples of this. */
  alignment: number;
  /** um that the distance channel shows as 1 */
  distanceScale: number;
  predictionGraph(planes: number, height: number, width: number): Graph;
}

/** Largest side of what is validated on, pixels. */
const largest = 256;

/**
 * Validates at the ends of the distance range and half way to them, with at most `perDistance` pairs each, spread over the
 * depth of the stacks. All sources are seen through windows of one size.
 */
export function createValidator(
  sources: readonly PairSource[],
  network: RefocusNetwork,
  perDistance: number,
): Validator {
  const height = Math.min(largest, ...sources.map((source) => source.height));
  const width = Math.min(largest, ...sources.map((source) => source.width));
  const { alignment, distanceScale } = network;
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
    metrics: imageMetrics,
    graphs: { predict: network.predictionGraph(planes, padded.height, padded.width) },
    async run(session) {
      const examples: (ImageExample & { distance_um: number })[] = [];
      for (const { source, z, distance } of chosen) {
        const window = (plane: number): Plane => centre(source, source.data, plane, height, width);
        const size = padded.width * padded.height;
        const data = new Float32Array((planes + 1) * size);
        for (const [k, offset] of source.offsets.entries()) {
          const plane = window(z + offset);
          const whole = { x: 0, y: 0, width, height };
          const read = async (region: typeof whole): Promise<Float32Array> => crop(plane.data, whole, region);
          data.set(await readMirrored(read, whole, padded), k * size);
        }
        const micrometres = distance * source.zStep;
        data.fill(micrometres / distanceScale, planes * size);
        const shape = [1, planes + 1, padded.height, padded.width];
        const { refocused } = await session.run("predict", { image: { type: "float32", shape, data } });
        const output = crop(refocused.data as Float32Array, padded, { x: 0, y: 0, width, height });
        examples.push({
          label: `${micrometres >= 0 ? "+" : "-"}${Math.abs(micrometres).toFixed(2)} um`,
          distance_um: micrometres,
          input: window(z),
          output: { data: output, height, width },
          truth: centre(source, source.target ?? source.data, z + distance, height, width),
        });
      }
      examples.sort((a, b) => a.distance_um - b.distance_um);
      return imageReport(examples, sources[0].pixelSize);
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

function centre(source: PairSource, data: Float32Array, z: number, height: number, width: number): Plane {
  const size = source.height * source.width;
  const whole = { x: 0, y: 0, width: source.width, height: source.height };
  const x = Math.floor((source.width - width) / 2);
  const y = Math.floor((source.height - height) / 2);
  return { data: crop(data.subarray(z * size, (z + 1) * size), whole, { x, y, width, height }), height, width };
}
