/**
 * Neighbourhood filters of a plane. Edges are reflected about the border of the outermost pixel (d c b a | a b c d | d
 * c b a, scipy's mode "reflect"), so results equal those of scipy.ndimage. Sums are float64 whatever the pixels are.
 */

import { ParfocalError } from "../errors.ts";
import type { FloatArray, Grid } from "./grid.ts";
import { filterSymmetric, type NeededSpans } from "./symmetric-filter.ts";

/** A grid of zeros with the shape and the number type of another. */
function emptyLike<A extends FloatArray>(grid: Grid<A>): Grid<A> {
  const { height, width } = grid;
  const { length } = grid.data;
  const data = grid.data instanceof Float32Array ? new Float32Array(length) : new Float64Array(length);
  return { data: data as FloatArray as A, height, width };
}

/**
 * Weights of a sampled Gaussian, normalised to sum 1, at offsets -r..r with r = floor(truncate * sigma + 0.5), as in
 * scipy.ndimage.gaussian_filter1d.
 * @param sigma standard deviation in pixels, >= 0 (0 gives the single weight 1)
 */
export function gaussianKernel(sigma: number, truncate = 4): Float64Array {
  if (!(sigma >= 0 && Number.isFinite(sigma)))
    throw wrong("sigma of a Gaussian", sigma, "a length in pixels, 0 or more");
  if (!(truncate > 0 && Number.isFinite(truncate))) throw wrong("truncate of a Gaussian", truncate, "a number above 0");
  const radius = Math.floor(truncate * sigma + 0.5);
  const kernel = new Float64Array(2 * radius + 1);
  let sum = 0;
  for (let i = -radius; i <= radius; i++) {
    const weight = radius === 0 ? 1 : Math.exp((-0.5 * i * i) / (sigma * sigma));
    kernel[i + radius] = weight;
    sum += weight;
  }
  for (let i = 0; i < kernel.length; i++) kernel[i] /= sum;
  return kernel;
}

/**
 * Gaussian blur.
 * @param sigma pixels, one for both axes or one each
 * @param options.truncate the kernel ends at this many sigmas (scipy's default 4; scikit-image's SSIM uses 3.5)
 * @param options.needed where the result is needed; elsewhere it is undefined
 */
export function gaussianFilter<A extends FloatArray>(
  grid: Grid<A>,
  sigma: number | { y: number; x: number },
  options: { truncate?: number; needed?: NeededSpans } = {},
): Grid<A> {
  const { y, x } = typeof sigma === "number" ? { y: sigma, x: sigma } : sigma;
  return correlate(grid, gaussianKernel(y, options.truncate), gaussianKernel(x, options.truncate), options.needed);
}

/**
 * Separable correlation: `along y` then `along x`, both of odd length and centred.
 * @throws usage for an even or empty kernel
 */
export function correlate<A extends FloatArray>(
  grid: Grid<A>,
  kernelY: Float64Array,
  kernelX: Float64Array,
  needed?: NeededSpans,
): Grid<A> {
  for (const kernel of [kernelY, kernelX])
    if (kernel.length % 2 === 0) throw wrong("length of a filter kernel", kernel.length, "an odd number");
  const { height, width } = checkGrid(grid);
  const out = emptyLike(grid);
  const ry = (kernelY.length - 1) / 2;
  const rx = (kernelX.length - 1) / 2;
  const rows = reflectedIndices(height, ry);
  const columns = reflectedIndices(width, rx);
  if (ry > 0 && rx > 0 && isSymmetric(kernelY) && isSymmetric(kernelX)) {
    filterSymmetric(grid, { y: kernelY, x: kernelX }, rows, columns, out.data, needed);
    return out;
  }
  const line = new Float64Array(width);
  const padded = new Float64Array(width + 2 * rx);
  for (let y = 0; y < height; y++) {
    // A row at a time keeps the sum over y in float64 and the second pass in the cache.
    addEachRow(grid, rows.subarray(y, y + kernelY.length), kernelY, line);
    for (let i = 0; i < padded.length; i++) padded[i] = line[columns[i]];
    weighEach(padded, kernelX, out.data.subarray(y * width, (y + 1) * width));
  }
  return out;
}

const isSymmetric = (kernel: Float64Array): boolean =>
  kernel.every((weight, i) => weight === kernel[kernel.length - 1 - i]);

function addEachRow({ data, width }: Grid<FloatArray>, rows: Int32Array, kernel: Float64Array, line: Float64Array) {
  line.fill(0);
  for (let k = 0; k < kernel.length; k++) {
    const weight = kernel[k];
    if (weight === 0) continue;
    const row = data.subarray(rows[k] * width, (rows[k] + 1) * width);
    for (let x = 0; x < width; x++) line[x] += weight * row[x];
  }
}

function weighEach(padded: Float64Array, kernel: Float64Array, out: FloatArray) {
  for (let x = 0; x < out.length; x++) {
    let sum = 0;
    for (let k = 0; k < kernel.length; k++) sum += kernel[k] * padded[x + k];
    out[x] = sum;
  }
}

/**
 * Mean over a square window (scipy.ndimage.uniform_filter) by running sums: the time does not grow with the window. An
 * even window reaches one pixel further to the left and top.
 * @param size window edge in pixels, an integer >= 1
 */
export function uniformFilter<A extends FloatArray>(grid: Grid<A>, size: number): Grid<A> {
  if (!(Number.isInteger(size) && size >= 1))
    throw wrong("window of a uniform filter", size, "a whole number of pixels, 1 or more");
  const { height, width } = checkGrid(grid);
  const out = emptyLike(grid);
  const before = Math.floor(size / 2);
  const rows = reflectedIndices(height, size);
  const columns = reflectedIndices(width, size);
  const line = new Float64Array(width);
  const area = size * size;
  const addRow = (index: number, sign: number): void => {
    const start = rows[index + size] * width;
    for (let x = 0; x < width; x++) line[x] += sign * grid.data[start + x];
  };
  for (let y = -before; y < size - before; y++) addRow(y, 1);
  for (let y = 0; y < height; y++) {
    let sum = 0;
    for (let x = -before; x < size - before; x++) sum += line[columns[x + size]];
    for (let x = 0; x < width; x++) {
      out.data[y * width + x] = sum / area;
      sum += line[columns[x - before + size + size]] - line[columns[x - before + size]];
    }
    if (y + 1 < height) {
      addRow(y - before, -1);
      addRow(y - before + size, 1);
    }
  }
  return out;
}

const DERIVATIVE = Float64Array.of(-1, 0, 1);
const SMOOTH = Float64Array.of(1, 2, 1);

/** Sobel derivatives along y and x, as scipy.ndimage.sobel (not normalised: a ramp of slope 1 gives 8). */
export function sobel<A extends FloatArray>(grid: Grid<A>): { y: Grid<A>; x: Grid<A> } {
  return { y: correlate(grid, DERIVATIVE, SMOOTH), x: correlate(grid, SMOOTH, DERIVATIVE) };
}

/**
 * For positions -pad..length-1+pad, the index inside 0..length-1 that reflection about the borders gives; works for
 * pads longer than the axis.
 */
export function reflectedIndices(length: number, pad: number): Int32Array {
  const indices = new Int32Array(length + 2 * pad);
  for (let i = 0; i < indices.length; i++) {
    const period = (((i - pad) % (2 * length)) + 2 * length) % (2 * length);
    indices[i] = period < length ? period : 2 * length - 1 - period;
  }
  return indices;
}

function checkGrid<G extends Grid<FloatArray>>(grid: G): G {
  const { height, width, data } = grid;
  if (!(height >= 1 && width >= 1 && data.length === height * width)) {
    const detail = `A plane of ${height} x ${width} pixels holds ${data.length} values; expected ${height * width}, and at least one.`;
    throw new ParfocalError("image.unfit", detail, { detail });
  }
  return grid;
}

function wrong(what: string, got: unknown, expected: string): ParfocalError {
  return new ParfocalError("usage", `The ${what} is ${got}; expected ${expected}.`, { got, expected });
}
