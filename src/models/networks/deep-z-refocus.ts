/** Deep-Z's network with the recorded planes as its starting point: it computes a correction to them. */
import type { Value } from "../../graph/graph.ts";
import { abs, add, maximum, mul, sub } from "../../graph/operators/elementwise.ts";
import { slice } from "../../graph/operators/movement.ts";
import { reduceSum } from "../../graph/operators/reduction.ts";
import { type DeepZArchitecture, deepZGenerator } from "./deep-z.ts";
import type { ParameterSpec, Parameters } from "./parameters.ts";
import { bandCount, blurMeasures, filterNodes, filterPlanes, planeBands, termCount } from "./plane-filters.ts";
import { type RecordedBase, recordedBase } from "./recorded-base.ts";

/** A network, the offsets of its input planes and its range of refocusing distances, um. */
export interface DeepZNetwork {
  architecture: DeepZArchitecture;
  offsets: readonly number[];
  range: readonly [number, number];
}

export interface DeepZBuild {
  parameters: Parameters;
  /** The linear filters, which are fitted before training and then stay fixed. */
  fixed: Parameters;
  form: "training" | "portable";
}

/** The names of the linear filters among a model's weights. */
export const filterNames = {
  weights: "filters/weights",
  mean: "filters/mean",
  deviation: "filters/deviation",
} as const;

/**
 * The shapes of the linear filters and their values before fitting, which have no effect; undefined for a network
 * without filters.
 */
export function filterSpecs({
  architecture,
  offsets,
}: DeepZNetwork): [string, ParameterSpec & { initial: number }][] | undefined {
  const nodes = architecture.recorded_base?.filter_nodes ?? 0;
  if (nodes === 0) return undefined;
  const planes = offsets.length;
  return [
    [filterNames.weights, { shape: [planes * bandCount * nodes, termCount(planes), 1, 1], initial: 0 }],
    [filterNames.mean, { shape: [1, blurMeasures(planes), 1, 1], initial: 0 }],
    [filterNames.deviation, { shape: [1, blurMeasures(planes), 1, 1], initial: 1 }],
  ];
}

/** The width s of the gate of {@link recordedBase}, um. */
function gateWidthOf({ architecture, offsets, range }: DeepZNetwork): number {
  const given = architecture.recorded_base?.gate_width;
  if (given !== undefined) return given;
  const sorted = [...offsets].sort((a, b) => a - b);
  const gaps = sorted.slice(1).map((offset, i) => offset - sorted[i]);
  return Math.min(range[1] - range[0], ...gaps) / 7;
}

/**
 * `base + gate * (filters + correction)`: base and gate are those of {@link recordedBase}, the filters are linear and
 * fitted before the training ({@link filterPlanes}), and the network computes the correction: an image and, where
 * `local_filters` is set, weights for every band of every plane, which vary the filters across the image (kernel
 * prediction, after Mildenhall et al., CVPR 2018). Without `recorded_base` the output is that of the network alone.
 *
 * @param x `[n, planes + 1, h, w]` as {@link deepZGenerator} takes it
 * @returns `[n, 1, h, w]`, the refocused plane, normalised
 */
export function deepZRefocus(x: Value, network: DeepZNetwork, { parameters, fixed, form }: DeepZBuild): Value {
  const { architecture, offsets, range } = network;
  const { recorded_base: recorded, distance_scale: scale } = architecture;
  if (!recorded) return deepZGenerator(x, architecture, parameters, form);
  const planes = offsets.length;
  const { filter_nodes: count, local_filters: local } = recorded;
  const bands = local || count > 0 ? planeBands(x, planes) : undefined;
  const outputs = local && bands ? 1 + bands.shape[1] : 1;
  const made = deepZGenerator(x, architecture, parameters, form, outputs);
  const part = (value: Value, start: number, end: number): Value => slice(value, [{ axis: 1, start, end }]);
  let correction = outputs === 1 ? made : part(made, 0, 1);
  if (local && bands) correction = add(correction, reduceSum(mul(part(made, 1, outputs), bands), [1], true));
  const specs = filterSpecs(network);
  if (specs && bands) {
    const [weights, mean, deviation] = specs.map(([name, { shape, initial }]) => fixed(name, shape, initial));
    const filters = { weights, mean, deviation, nodes: filterNodes(range, count) };
    correction = add(correction, filterPlanes(bands, part(x, planes, planes + 1), filters, scale));
  }
  const { base, gate } = deepZBase(x, network);
  return add(base, mul(gate, correction));
}

/** Base and gate of {@link recordedBase} for an input `x` of {@link deepZRefocus}. */
export function deepZBase(x: Value, network: DeepZNetwork): RecordedBase {
  const { architecture, offsets } = network;
  const { distance_scale: scale } = architecture;
  const channel = (i: number): Value => slice(x, [{ axis: 1, start: i, end: i + 1 }]);
  const distance = channel(offsets.length);
  const gateWidth = gateWidthOf(network) / scale;
  // Distances carry rounding errors: within this tolerance the target counts as the recorded plane itself.
  const near = gateWidth / 10;
  const planes = offsets.map((offset, i) => ({
    image: channel(i),
    away: maximum(sub(abs(sub(distance, offset / scale)), near), 0),
  }));
  return recordedBase(planes, gateWidth);
}
