/** Validation of RLP on held-out pairs of planes, from which it refocuses step by step to both ends of the range. */
import type { Graph } from "../../graph/graph.ts";
import type { Plane } from "../../image/image.ts";
import { readMirrored } from "../../models/apply/mirrored-region.ts";
import { crop } from "../../models/apply/pixel-grid.ts";
import type { PairSource } from "../data/pairs.ts";
import type { Validator } from "../learner.ts";
import { type ImageExample, imageMetrics, imageReport } from "./image-report.ts";

/** The network to validate: one step, `image` `[1, 3, h, w]` to `refocused`. */
export interface RlpNetwork {
  /** Image sizes must be multiples of this. */
  alignment: number;
  predictionGraph(height: number, width: number): Graph;
}

/** Maximum side of the validated region, pixels. */
const maxSide = 192;

/**
 * Scores by the distance from the first input plane, as for Deep-Z with two planes; "input" is the first plane. Windows
 * of one size are used for all sources. Distances outside a stack are left out.
 *
 * @param options.pairs number of pairs of planes of each source
 * @param options.thorough compares with the best recorded baseline
 */
export function rlpValidator(
  sources: readonly PairSource[],
  { alignment, predictionGraph }: RlpNetwork,
  range: readonly [number, number],
  { pairs, thorough }: { pairs: number; thorough?: boolean },
): Validator {
  const height = Math.min(maxSide, ...sources.map((source) => source.height));
  const width = Math.min(maxSide, ...sources.map((source) => source.width));
  const whole = { x: 0, y: 0, width, height };
  const margin = 2 * alignment;
  const aligned = (extent: number): number => Math.ceil((extent + 2 * margin) / alignment) * alignment;
  const padded = { x: -margin, y: -margin, width: aligned(width), height: aligned(height) };
  const size = padded.width * padded.height;
  const pad = (plane: Float32Array): Promise<Float32Array> =>
    readMirrored(async (region) => crop(plane, whole, region), whole, padded);
  return {
    metrics: imageMetrics,
    graphs: { predict: predictionGraph(padded.height, padded.width) },
    async run(session) {
      const examples: (ImageExample & { distance_um: number })[] = [];
      const next = async (near: Float32Array, far: Float32Array, direction: number): Promise<Float32Array> => {
        const data = new Float32Array(3 * size).fill(direction, 2 * size);
        data.set(await pad(near));
        data.set(await pad(far), size);
        const shape = [1, 3, padded.height, padded.width];
        const { refocused } = await session.run("predict", { image: { type: "float32", shape, data } });
        return crop(refocused.data as Float32Array, padded, whole);
      };
      for (const source of sources) {
        const apart = source.offsets[1];
        const um = apart * source.zStep;
        const at = (z: number): Plane => centre(source, z, height, width);
        for (const z of startsOf(source, range, pairs)) {
          for (const direction of [1, -1]) {
            const [first, second] = [at(z).data, at(z + apart).data];
            let [near, far] = direction > 0 ? [second, first] : [first, second];
            const beyond = direction > 0 ? range[1] + 1e-3 : -range[0] + 1e-3;
            for (let k = direction > 0 ? 2 : 1; k * um <= beyond; k++) {
              const plane = z + direction * k * apart;
              if (plane < 0 || plane >= source.depth) break;
              [near, far] = [await next(near, far, direction), near];
              const distance_um = direction * k * um;
              const label = `${direction > 0 ? "+" : "-"}${(k * um).toFixed(2)} um`;
              const output = { data: near, height, width };
              const recorded = [0, apart].map((offset) => ({
                plane: at(z + offset),
                distance: (plane - z - offset) * source.zStep,
              }));
              examples.push({ label, distance_um, input: at(z), recorded, output, truth: at(plane) });
            }
          }
        }
      }
      examples.sort((a, b) => a.distance_um - b.distance_um);
      return imageReport(examples, { pixelSize: sources[0].pixelSize, thorough });
    },
  };
}

/**
 * First planes of pairs, evenly spread over those for which the whole range is inside the stack, or over all planes if
 * there are none.
 */
function startsOf(source: PairSource, range: readonly [number, number], count: number): number[] {
  const apart = source.offsets[1];
  const all = Array.from({ length: source.depth - apart }, (_, z) => z);
  const [low, high] = range.map((distance) => distance / source.zStep);
  const inside = all.filter((z) => z + low >= -1e-3 && z + high <= source.depth - 1 + 1e-3);
  const from = inside.length > 0 ? inside : all;
  const taken = Math.min(count, from.length);
  return Array.from({ length: taken }, (_, i) => from[Math.floor(((i + 0.5) * from.length) / taken)]);
}

function centre(source: PairSource, z: number, height: number, width: number): Plane {
  const size = source.height * source.width;
  const whole = { x: 0, y: 0, width: source.width, height: source.height };
  const x = Math.floor((source.width - width) / 2);
  const y = Math.floor((source.height - height) / 2);
  const data = crop(source.data.subarray(z * size, (z + 1) * size), whole, { x, y, width, height });
  return { data, height, width };
}
