/** Validation of networks that refocus from planes at fixed offsets to a distance. */
import type { Graph } from "../../graph/graph.ts";
import type { Plane } from "../../image/image.ts";
import { readMirrored } from "../../models/mirrored-region.ts";
import { crop } from "../../models/pixel-grid.ts";
import type { Session } from "../../run/runtime.ts";
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

/** The centre of every source, in windows of one size, and what a network makes of it. */
export interface CentralWindows {
  readonly graphs: Readonly<Record<"predict", Graph>>;
  plane(source: PairSource, z: number): Plane;
  truth(source: PairSource, z: number): Plane;
  /** From input planes to a distance, um. */
  refocus(session: Session, inputs: readonly Plane[], distance: number): Promise<Plane>;
}

export function centralWindows(sources: readonly PairSource[], network: RefocusNetwork): CentralWindows {
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
  const whole = { x: 0, y: 0, width, height };
  const planes = sources[0].offsets.length;
  return {
    graphs: { predict: network.predictionGraph(planes, padded.height, padded.width) },
    plane: (source, z) => centre(source, source.data, z, height, width),
    truth: (source, z) => centre(source, source.target ?? source.data, z, height, width),
    async refocus(session, inputs, distance) {
      const size = padded.width * padded.height;
      const data = new Float32Array((planes + 1) * size);
      for (const [k, plane] of inputs.entries()) {
        const read = async (region: typeof whole): Promise<Float32Array> => crop(plane.data, whole, region);
        data.set(await readMirrored(read, whole, padded), k * size);
      }
      data.fill(distance / distanceScale, planes * size);
      const shape = [1, planes + 1, padded.height, padded.width];
      const { refocused } = await session.run("predict", { image: { type: "float32", shape, data } });
      return { data: crop(refocused.data as Float32Array, padded, whole), height, width };
    },
  };
}

/**
 * Validates at the ends of the distance range and half way to them, with at most `perDistance` pairs each, spread over the
 * depth of the stacks. All sources are seen through windows of one size.
 */
export function createValidator(
  sources: readonly PairSource[],
  network: RefocusNetwork,
  perDistance: number,
): Validator {
  const windows = centralWindows(sources, network);
  const chosen = choosePairs(sources, perDistance);
  return {
    metrics: imageMetrics,
    graphs: windows.graphs,
    async run(session) {
      const examples: (ImageExample & { distance_um: number })[] = [];
      for (const { source, z, distance } of chosen) {
        const micrometres = distance * source.zStep;
        const inputs = source.offsets.map((offset) => windows.plane(source, z + offset));
        examples.push({
          label: `${micrometres >= 0 ? "+" : "-"}${Math.abs(micrometres).toFixed(2)} um`,
          distance_um: micrometres,
          input: windows.plane(source, z),
          output: await windows.refocus(session, inputs, micrometres),
          truth: windows.truth(source, z + distance),
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
