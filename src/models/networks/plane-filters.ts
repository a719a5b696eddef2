/**
 * Linear filters that compute a plane at another height from the recorded planes. Their weights depend on the distance
 * and on how blurred the planes are, and are fitted to the training data by least squares.
 */
import { gaussianKernel } from "../../array/filters.ts";
import type { Value } from "../../graph/graph.ts";
import { relu } from "../../graph/operators/activations.ts";
import { conv } from "../../graph/operators/convolution.ts";
import { abs, add, div, log, maximum, minimum, mul, square, sub } from "../../graph/operators/elementwise.ts";
import { concat, slice } from "../../graph/operators/movement.ts";
import { averagePool } from "../../graph/operators/pooling.ts";
import { reduceSum } from "../../graph/operators/reduction.ts";
import { upsampleLinear } from "../../graph/operators/resizing.ts";

/**
 * Standard deviations of the Gaussians that separate the bands, pixels; the finest band is what the first of them
 * removes.
 */
const bandSigmas = [0.7, 1.4, 2.8, 5.6] as const;

/**
 * Bands of every plane: one above the first Gaussian, one between each two neighbouring Gaussians, and the residual of
 * the widest.
 */
export const bandCount = bandSigmas.length + 1;

/** Blur changes slowly across the field and is measured on pixels that are this many times larger. */
export const coarsePixel = 4;

/** The neighbourhood in which the blur of a pixel is measured: standard deviation of a Gaussian, coarse pixels. */
const neighbourhood = 4;

/** Standard deviations at which kernels are truncated: those of bands, and that of the neighbourhood. */
const [bandTruncation, neighbourhoodTruncation] = [2.5, 2] as const;

/** The fine and the coarse band whose energies measure how blurred a plane is. */
const [fine, coarse] = [1, 3] as const;

/**
 * Added to the energies, normalised units squared, far below those of structures: keeps the ratio finite in empty
 * regions.
 */
const [minFineEnergy, minCoarseEnergy] = [1e-6, 1e-5] as const;

/** Measures of blur are clipped at this many standard deviations of those in the training data. */
const maxDeviations = 1.8;

/**
 * The bands of every plane.
 * @param planes how many of the channels of `x` `[n, >= planes, h, w]` are planes
 * @returns `[n, planes * bandCount, h, w]`: of every plane its bands, fine to coarse, which add up to the plane
 */
export function planeBands(x: Value, planes: number): Value {
  const all = channels(x, 0, planes);
  const levels = [all, ...bandSigmas.map((sigma) => blur(all, sigma, bandTruncation))];
  const bands = levels.map((level, k) => (k + 1 < levels.length ? sub(level, levels[k + 1]) : level));
  const ofPlane = (i: number): Value[] => bands.map((band) => channels(band, i, i + 1));
  return concat(Array.from({ length: planes }, (_, i) => ofPlane(i)).flat(), 1);
}

/** Number of blur measures of this many planes. */
export const blurMeasures = (planes: number): number => 2 * planes - 1;

/**
 * How blurred the planes are around every pixel: of each plane log(energy of a fine band / energy of a coarse band),
 * and of each two neighbouring planes (a - b) / (a + b) of their fine energies a and b, which shows on which side of
 * focus the pixel lies. None depends on brightness.
 * @param bands `[n, planes * bandCount, h, w]` of {@link planeBands}; h and w multiples of {@link coarsePixel}
 * @returns `[n, blurMeasures, h / coarsePixel, w / coarsePixel]`
 */
export function planeBlur(bands: Value): Value {
  const planes = bands.shape[1] / bandCount;
  const energies = (band: number, least: number): Value[] => {
    const each = Array.from({ length: planes }, (_, i) => i * bandCount + band);
    const all = concat(
      each.map((i) => channels(bands, i, i + 1)),
      1,
    );
    const around = blur(averagePool(square(all), [coarsePixel, coarsePixel]), neighbourhood, neighbourhoodTruncation);
    return each.map((_, i) => add(maximum(channels(around, i, i + 1), 0), least));
  };
  const [sharp, broad] = [energies(fine, minFineEnergy), energies(coarse, minCoarseEnergy)];
  const levels = sharp.map((energy, i) => log(div(energy, broad[i])));
  const sides = sharp.slice(1).map((energy, i) => div(sub(sharp[i], energy), add(sharp[i], energy)));
  return concat([...levels, ...sides], 1);
}

/**
 * Terms of blur: all products of up to three measures, or of up to two for three or more planes, which would give too
 * many terms.
 */
function blurProducts<T>(measures: readonly T[], times: (a: T, b: T) => T): T[] {
  const second = measures.flatMap((a, i) => measures.slice(i).map((b) => times(a, b)));
  if (measures.length > blurMeasures(2)) return [...measures, ...second];
  const third = measures.flatMap((a, i) =>
    measures.slice(i).flatMap((b, j) => measures.slice(i + j).map((c) => times(times(a, b), c))),
  );
  return [...measures, ...second, ...third];
}

/** Weights of every band: one for each term of blur, and a constant. */
export const termCount = (planes: number): number =>
  1 + blurProducts(new Array<number>(blurMeasures(planes)).fill(1), (a, b) => a * b).length;

/** Mean and standard deviation of the measures of blur in the training data, `[1, blurMeasures, 1, 1]`. */
export interface BlurStatistics {
  mean: Value;
  deviation: Value;
}

/**
 * The terms of blur, computed from measures standardised by their mean and deviation.
 * @returns `[n, termCount, h / coarsePixel, w / coarsePixel]`; the first is 1 everywhere
 */
function blurTerms(bands: Value, { mean, deviation }: BlurStatistics): Value {
  const standard = maximum(minimum(div(sub(planeBlur(bands), mean), deviation), maxDeviations), -maxDeviations);
  const measures = Array.from({ length: standard.shape[1] }, (_, i) => channels(standard, i, i + 1));
  return concat([ones(measures[0]), ...blurProducts<Value>(measures, mul)], 1);
}

/**
 * What the filters weight: every band times every term of blur.
 * @returns `[n, termCount * f, h, w]`: for each term all bands
 */
export function filterFeatures(bands: Value, blur: BlurStatistics): Value {
  const terms = upsampleLinear(blurTerms(bands, blur), [coarsePixel, coarsePixel]);
  const each = Array.from({ length: terms.shape[1] }, (_, t) => mul(bands, channels(terms, t, t + 1)));
  return concat(each, 1);
}

/** Distances at which filters are fitted, um: evenly spaced over the range, both ends included. */
export function filterNodes([low, high]: readonly [number, number], count: number): number[] {
  return Array.from({ length: count }, (_, i) => low + ((high - low) * i) / (count - 1));
}

export interface PlaneFilters extends BlurStatistics {
  /** `[f * nodes, termCount, 1, 1]`: for every band and every node a weight for every term of blur. */
  weights: Value;
  /** um, see {@link filterNodes} */
  nodes: readonly number[];
}

/**
 * The output of the filters: the sum over bands of band * weight. A weight is linear in the terms of blur and piecewise
 * linear in the distance between nodes; beyond the range it is constant. Weights are computed on coarse pixels.
 * @param bands `[n, f, h, w]` of {@link planeBands}
 * @param distance `[n, 1, h, w]`, um / `distanceScale`
 * @returns `[n, 1, h, w]`
 */
export function filterPlanes(
  bands: Value,
  distance: Value,
  { weights, nodes, ...blur }: PlaneFilters,
  distanceScale: number,
): Value {
  const { graph } = bands;
  const places = nodes.map((um) => um / distanceScale);
  const around = averagePool(distance, [coarsePixel, coarsePixel]);
  const inRange = maximum(minimum(around, places[places.length - 1]), places[0]);
  const at = graph.constant(Float32Array.from(places), [1, nodes.length, 1, 1]);
  const hats = relu(sub(1, mul(abs(sub(inRange, at)), 1 / (places[1] - places[0]))));
  const count = bands.shape[1];
  const atNodes = conv(blurTerms(bands, blur), weights);
  const ofDistance = mul(atNodes, concat(new Array<Value>(count).fill(hats), 1));
  const gathered = conv(ofDistance, sumOfGroups(graph, count, nodes.length));
  return reduceSum(mul(bands, upsampleLinear(gathered, [coarsePixel, coarsePixel])), [1], true);
}

/** Weights of a convolution that sums groups of `size` channels. */
function sumOfGroups(graph: Value["graph"], groups: number, size: number): Value {
  const data = new Float32Array(groups * groups * size);
  for (let i = 0; i < groups; i++) data.fill(1, (i * groups + i) * size, (i * groups + i + 1) * size);
  return graph.constant(data, [groups, groups * size, 1, 1]);
}

const channels = (x: Value, start: number, end: number): Value =>
  start === 0 && end === x.shape[1] ? x : slice(x, [{ axis: 1, start, end }]);

/** Ones with the extents that the value has when the graph is run. */
const ones = (x: Value): Value => relu(sub(1, mul(x, 0)));

/** A Gaussian blur of every channel; at the border it averages over the pixels inside the image. */
function blur(x: Value, sigma: number, truncate: number): Value {
  const count = x.shape[1];
  const kernel = Float32Array.from(gaussianKernel(sigma, truncate));
  const repeated = new Float32Array(count * kernel.length);
  for (let i = 0; i < count; i++) repeated.set(kernel, i * kernel.length);
  const along = (value: Value, size: readonly number[], group: number): Value => {
    const data = group === 1 ? kernel : repeated;
    return conv(value, value.graph.constant(data, [group, 1, ...size]), { group });
  };
  const both = (value: Value, group: number): Value =>
    along(along(value, [kernel.length, 1], group), [1, kernel.length], group);
  return div(both(x, count), both(ones(channels(x, 0, 1)), 1));
}
