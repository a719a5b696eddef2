/** Deep-Z's network, started from the planes that it was given instead of from nothing. */
import type { Value } from "../../graph/graph.ts";
import { abs, add, maximum, mul, sub } from "../../graph/operators/elementwise.ts";
import { slice } from "../../graph/operators/movement.ts";
import { reduceSum } from "../../graph/operators/reduction.ts";
import { type DeepZArchitecture, deepZGenerator } from "./deep-z.ts";
import type { ParameterSpec, Parameters } from "./parameters.ts";
import { bandCount, blurMeasures, filterNodes, filterPlanes, planeBands, termCount } from "./plane-filters.ts";
import { type RecordedBase, recordedBase } from "./recorded-base.ts";

/** A network, where its planes lie and how far it goes, um. */
export interface DeepZNetwork {
  architecture: DeepZArchitecture;
  offsets: readonly number[];
  range: readonly [number, number];
}

export interface DeepZBuild {
  parameters: Parameters;
  /** Numbers that no gradient changes: the linear filters. */
  fixed: Parameters;
  form: "training" | "portable";
}

/** The names of the linear filters' numbers among a model's weights. */
export const filterNames = {
  weights: "filters/weights",
  mean: "filters/mean",
  deviation: "filters/deviation",
} as const;

/**
 * Their shapes, and what they are before they are fitted: filters that do nothing. undefined for a network without
 * filters.
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

/** s of the gate, um. */
export function gateWidthOf({ architecture, offsets, range }: DeepZNetwork): number {
  const given = architecture.recorded_base?.gate_width;
  if (given !== undefined) return given;
  const sorted = [...offsets].sort((a, b) => a - b);
  const gaps = sorted.slice(1).map((offset, i) => offset - sorted[i]);
  return Math.min(range[1] - range[0], ...gaps) / 7;
}

/**
 * `base + gate * (filters + correction)`: base and gate are those of {@link recordedBase}, the filters are linear and
 * fitted before the training ({@link filterPlanes}), and the correction is the network's: an image, and where
 * `local_filters` is set weights for every band of every plane, which change the filters from place to place (kernel
 * prediction, after Mildenhall et al., CVPR 2018). Without `recorded_base` the network alone.
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

/** Base and gate of such an `x`. */
export function deepZBase(x: Value, network: DeepZNetwork): RecordedBase {
  const { architecture, offsets } = network;
  const { distance_scale: scale } = architecture;
  const channel = (i: number): Value => slice(x, [{ axis: 1, start: i, end: i + 1 }]);
  const distance = channel(offsets.length);
  const gateWidth = gateWidthOf(network) / scale;
  // Heights are rounded here and there: as near as this, a plane is the one that was given.
  const near = gateWidth / 10;
  const planes = offsets.map((offset, i) => ({
    image: channel(i),
    away: maximum(sub(abs(sub(distance, offset / scale)), near), 0),
  }));
  return recordedBase(planes, gateWidth);
}
