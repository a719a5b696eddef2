/** Fits the linear filters of a refocusing network by least squares on patches of its training data. */
import { blockEquations } from "../../array/block-equations.ts";
import { throwIfAborted } from "../../errors.ts";
import { Graph, type Value } from "../../graph/graph.ts";
import { mul, sub } from "../../graph/operators/elementwise.ts";
import { matMul, transposeLast } from "../../graph/operators/matmul.ts";
import { concat, reshape, slice } from "../../graph/operators/movement.ts";
import { type DeepZNetwork, deepZBase, filterNames } from "../../models/networks/deep-z-refocus.ts";
import {
  bandCount,
  blurMeasures,
  coarsePixel,
  filterFeatures,
  filterNodes,
  planeBands,
  planeBlur,
  termCount,
} from "../../models/networks/plane-filters.ts";
import type { Runtime, Tensors } from "../../run/runtime.ts";
import type { Batch } from "../data/draw-batch.ts";

/** One in this many batches is used to measure the mean blur of the planes. */
const blurInterval = 10;

/** Pixels at the border of a patch that are ignored, since filters would need pixels beyond it. */
const border = 8;

/** Candidate strengths of the ridge penalty, relative to the squares of the features. */
const ridges = [1e-4, 3e-3, 0.1] as const;

/** Number and size of the batches. */
export interface FilterPatches {
  /** Number of batches. */
  batches: number;
  /** Patches in a batch. */
  n: number;
  /**
   * Side of a patch, pixels, a multiple of `coarsePixel`. It should be as large as the data allow, since blur is
   * measured in the neighbourhood of every pixel, which is cut off at the border.
   */
  p: number;
}

/**
 * Minimises the sum over pixels of (ground truth - base - gate * filters)^2, where base and gate are those of
 * `recordedBase`. The filters are linear in their weights, so the problem has one solution.
 * @param draw draws the i-th batch; `image` `[n, planes + 1, p, p]`
 * @throws interrupted
 * @returns the fixed tensors of `deepZRefocus`, one for each strength of the ridge penalty, the weakest first, and last
 *   filters that have no effect
 */
export async function fitPlaneFilters(
  network: DeepZNetwork,
  patches: FilterPatches,
  draw: (i: number) => Batch,
  runtime: Runtime,
  signal?: AbortSignal,
): Promise<Tensors[]> {
  const { architecture, offsets, range } = network;
  const { batches, n, p } = patches;
  const planes = offsets.length;
  const nodes = filterNodes(range, architecture.recorded_base?.filter_nodes ?? 2);
  const bands = planes * bandCount;
  const terms = termCount(planes);
  const features = terms * bands;
  const equations = blockEquations(nodes.length, features);
  const tensor = (shape: number[], data: ArrayLike<number>) => ({
    type: "float32" as const,
    shape,
    data: Float32Array.from(data),
  });
  const imageOf = (data: Float32Array) => ({ type: "float32" as const, shape: [n, planes + 1, p, p], data });
  const session = await runtime.open({
    graphs: { blur: blurGraph(network, patches), products: productsGraph(network, patches) },
    state: {},
  });
  try {
    const measured: Float32Array[] = [];
    for (let i = 0; i < Math.ceil(batches / blurInterval); i++) {
      const { blur } = await session.run("blur", { image: imageOf(draw(i).image) });
      measured.push(blur.data as Float32Array);
    }
    const measures = blurMeasures(planes);
    const moments = momentsOf(measured, measures, (p / coarsePixel) ** 2);
    const mean = tensor([1, measures, 1, 1], moments.mean);
    const deviation = tensor([1, measures, 1, 1], moments.deviation);
    for (let i = 0; i < batches; i++) {
      throwIfAborted(signal);
      const { image, target } = draw(i);
      const truth = { type: "float32" as const, shape: [n, 1, p, p], data: target };
      const { products } = await session.run("products", { image: imageOf(image), target: truth, mean, deviation });
      const size = (features + 1) ** 2;
      for (let k = 0; k < n; k++) {
        const um = image[(k * (planes + 1) + planes) * p * p] * architecture.distance_scale;
        const place = Math.max(0, Math.min(nodes.length - 1, (um - nodes[0]) / (nodes[1] - nodes[0])));
        const block = Math.min(nodes.length - 2, Math.floor(place));
        equations.add(block, place - block, (products.data as Float32Array).subarray(k * size, (k + 1) * size));
      }
    }
    const solutions: Float64Array[] = [];
    for (const ridge of ridges) {
      throwIfAborted(signal);
      solutions.push(equations.solve(ridge));
      // Yields to the event loop, so that an abort can take effect.
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
    solutions.push(new Float64Array(nodes.length * features));
    return solutions.map((solution) => {
      // Reorders from (node, term, band) to (band, node, term).
      const weights = new Float32Array(solution.length);
      for (let node = 0; node < nodes.length; node++) {
        for (let term = 0; term < terms; term++) {
          for (let band = 0; band < bands; band++) {
            weights[(band * nodes.length + node) * terms + term] = solution[(node * terms + term) * bands + band];
          }
        }
      }
      return {
        [filterNames.weights]: tensor([bands * nodes.length, terms, 1, 1], weights),
        [filterNames.mean]: mean,
        [filterNames.deviation]: deviation,
      };
    });
  } finally {
    await session.close();
  }
}

function blurGraph({ offsets }: DeepZNetwork, { n, p }: FilterPatches): Graph {
  const graph = new Graph();
  const image = graph.input("image", [n, offsets.length + 1, p, p]);
  graph.output("blur", planeBlur(planeBands(image, offsets.length)));
  return graph;
}

/**
 * `[n, f + 1, f + 1]`: for every patch the sums of products of all features and of the residual of the base, which
 * comes last.
 */
function productsGraph(network: DeepZNetwork, { n, p }: FilterPatches): Graph {
  const graph = new Graph();
  const planes = network.offsets.length;
  const image = graph.input("image", [n, planes + 1, p, p]);
  const target = graph.input("target", [n, 1, p, p]);
  const shape = [1, blurMeasures(planes), 1, 1];
  const blur = { mean: graph.input("mean", shape), deviation: graph.input("deviation", shape) };
  const { base, gate } = deepZBase(image, network);
  const features = mul(filterFeatures(planeBands(image, planes), blur), gate);
  const all = concat([features, sub(target, base)], 1);
  const margin = Math.min(border, p >> 2);
  const inner = slice(
    all,
    [2, 3].map((axis) => ({ axis, start: margin, end: p - margin })),
  );
  const rows: Value = reshape(inner, [n, all.shape[1], (p - 2 * margin) ** 2]);
  graph.output("products", matMul(rows, transposeLast(rows)));
  return graph;
}

/** Mean and deviation of every channel of `[n, channels, pixels]` tensors. */
function momentsOf(all: readonly Float32Array[], channels: number, pixels: number) {
  const sums = Array.from({ length: channels }, () => ({ n: 0, sum: 0, squares: 0 }));
  for (const data of all) {
    for (let i = 0; i < data.length; i++) {
      const one = sums[Math.floor(i / pixels) % channels];
      one.n++;
      one.sum += data[i];
      one.squares += data[i] ** 2;
    }
  }
  const mean = sums.map(({ n, sum }) => sum / n);
  // The deviation of a constant measure is limited from below, so that it is not amplified.
  const deviation = sums.map(({ n, squares }, i) => Math.max(1e-3, Math.sqrt(Math.max(0, squares / n - mean[i] ** 2))));
  return { mean, deviation };
}
