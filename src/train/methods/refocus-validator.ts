/** Validation of networks that refocus from input planes at fixed offsets. */
import { evenly } from "../../array/evenly.ts";
import type { Graph } from "../../graph/graph.ts";
import type { Plane } from "../../image/image.ts";
import type { Session } from "../../run/runtime.ts";
import { type Pair, type PairSource, pairsAt } from "../data/pairs.ts";
import type { Validator } from "../learner.ts";
import { centralWindow } from "./central-window.ts";
import { type ImageExample, imageMetrics, imageReport } from "./image-report.ts";

/**
 * The network to validate: its input is `image` `[1, planes + 1, h, w]`, where the last channel is the distance, and
 * its output `refocused`.
 */
export interface RefocusNetwork {
  /** Image sizes must be multiples of this. */
  alignment: number;
  /** Distance that is 1 in the distance channel, um. */
  distanceScale: number;
  predictionGraph(height: number, width: number): Graph;
}

/** Maximum side of the validated region, pixels. */
const maxSide = 256;

/** Central windows of the sources, all of one size, and the outputs of a network for them. */
export interface CentralWindows {
  readonly graphs: Readonly<Record<"predict", Graph>>;
  plane(source: PairSource, z: number): Plane;
  truth(source: PairSource, z: number): Plane;
  /** Refocuses input planes to a distance, um. */
  refocus(session: Session, inputs: readonly Plane[], distance: number): Promise<Plane>;
}

export function centralWindows(sources: readonly PairSource[], network: RefocusNetwork): CentralWindows {
  const { alignment, distanceScale } = network;
  const window = centralWindow(sources, { maxSide, alignment });
  const { height, width, seen } = window;
  const planes = sources[0].offsets.length;
  return {
    graphs: { predict: network.predictionGraph(seen.height, seen.width) },
    plane: (source, z) => window.planeOf(source, source.data, z),
    truth: (source, z) => window.planeOf(source, source.target ?? source.data, z),
    async refocus(session, inputs, distance) {
      const size = seen.width * seen.height;
      const data = new Float32Array((planes + 1) * size);
      for (const [k, plane] of inputs.entries()) {
        data.set(await window.withMargin(plane.data), k * size);
      }
      data.fill(distance / distanceScale, planes * size);
      const shape = [1, planes + 1, seen.height, seen.width];
      const { refocused } = await session.run("predict", { image: { type: "float32", shape, data } });
      return { data: window.withoutMargin(refocused.data as Float32Array), height, width };
    },
  };
}

/** How many examples a validator uses. */
export interface Thoroughness {
  /** Maximum number of distances. */
  distances: number;
  /** Number of examples at each distance, spread over the stacks and their depth. */
  perDistance: number;
  /** Compares with the best recorded baseline, and includes the input planes and their nearest neighbours. */
  thorough?: boolean;
}

/** Validates at distances over the whole range, in windows of one size for all sources. */
export function createValidator(
  sources: readonly PairSource[],
  network: RefocusNetwork,
  { distances, perDistance, thorough }: Thoroughness,
): Validator {
  const windows = centralWindows(sources, network);
  const chosen = choosePairs(sources, perDistance, (possible, source) =>
    thorough
      ? nearAndFar(possible, source.offsets, distances)
      : evenly(
          possible.filter((d) => d !== 0),
          distances,
        ),
  );
  return {
    metrics: imageMetrics,
    examples: chosen.length,
    graphs: windows.graphs,
    async run(session, until = Number.POSITIVE_INFINITY) {
      const examples: (ImageExample & { distance_um: number })[] = [];
      for (const { source, z, distance, round } of chosen) {
        if (round > 0 && performance.now() > until) break;
        const micrometres = distance * source.zStep;
        const inputs = source.offsets.map((offset) => windows.plane(source, z + offset));
        examples.push({
          label: distanceLabel(micrometres),
          distance_um: micrometres,
          input: inputs[0],
          recorded: inputs.map((plane, i) => ({ plane, distance: (distance - source.offsets[i]) * source.zStep })),
          output: await windows.refocus(session, inputs, micrometres),
          truth: windows.truth(source, z + distance),
        });
      }
      examples.sort((a, b) => a.distance_um - b.distance_um);
      return imageReport(examples, { pixelSize: sources[0].pixelSize, thorough });
    },
  };
}

const distanceLabel = (um: number): string => `${um < 0 ? "-" : "+"}${Math.abs(um).toFixed(2)} um`;

/**
 * The input planes and the planes one and two steps from them, where a network is most likely to be worse than the
 * recorded planes; the remaining distances are evenly spread over the others.
 */
function nearAndFar(possible: readonly number[], offsets: readonly number[], count: number): number[] {
  const near = offsets.flatMap((offset) => [-2, -1, 0, 1, 2].map((step) => offset + step));
  const chosen = possible.filter((d) => near.includes(d));
  const others = possible.filter((d) => !near.includes(d));
  return [...chosen, ...evenly(others, Math.max(4, count - chosen.length))].sort((a, b) => a - b);
}

interface ChosenPair extends Pair {
  source: PairSource;
  /** 0 for the first example of its distance, which is always scored. */
  round: number;
}

/**
 * Chooses pairs of every source at its distances, evenly spread over the depth; the first of each distance come first,
 * then the second ones, and so on.
 */
function choosePairs(
  sources: readonly PairSource[],
  perDistance: number,
  distancesOf: (possible: readonly number[], source: PairSource) => readonly number[],
): ChosenPair[] {
  const share = Math.max(1, Math.round(perDistance / sources.length));
  const all = sources.flatMap((source) => {
    const possible = source.distances.filter((distance) => pairsAt(source, distance).length > 0);
    return distancesOf(possible, source).flatMap((distance) => {
      const pairs = pairsAt(source, distance);
      const count = Math.min(share, pairs.length);
      return Array.from({ length: count }, (_, i) => {
        const { z } = pairs[Math.floor(((i + 0.5) * pairs.length) / count)];
        return { source, z, distance, round: i };
      });
    });
  });
  return all.sort((a, b) => a.round - b.round);
}
