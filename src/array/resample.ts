/**
 * Values between pixels, and planes on another grid. Pixel (y, x) is a point at coordinate (y, x); outside the plane it
 * is mirrored about the centre of its border pixels (d c b | a b c d | c b a, scipy's mode "mirror"), which keeps
 * slopes.
 */
import { ParfocalError } from "../errors.ts";
import type { FloatArray, Grid } from "./grid.ts";

/** `cubic` is the Catmull-Rom spline (Keys 1981, a = -1/2): it passes through the pixels and is exact for parabolas. */
export type Interpolation = "bilinear" | "cubic";

/** The value of a plane at any coordinate, in pixels; mirrored outside. */
export function sampleAt(grid: Grid<FloatArray>, y: number, x: number, method: Interpolation = "bilinear"): number {
  const { data, height, width } = grid;
  const taps = method === "cubic" ? 4 : 2;
  const fy = Math.floor(y);
  const fx = Math.floor(x);
  const back = taps / 2 - 1;
  let sum = 0;
  for (let i = 0; i < taps; i++) {
    const row = mirror(fy - back + i, height) * width;
    let line = 0;
    for (let j = 0; j < taps; j++) line += tapWeight(taps, j, x - fx) * data[row + mirror(fx - back + j, width)];
    sum += tapWeight(taps, i, y - fy) * line;
  }
  return sum;
}

/**
 * Where the pixels of an output lie in the input: output (i, j) is input (y0 + i * stepY, x0 + j * stepX), in pixels.
 */
export interface Sampling {
  height: number;
  width: number;
  y0: number;
  x0: number;
  stepY: number;
  stepX: number;
}

/**
 * A plane on another regular grid, as many calls of {@link sampleAt} but separable. There is no low-pass: for steps
 * above 1 use {@link resize}.
 */
export function resample<A extends FloatArray>(
  grid: Grid<A>,
  sampling: Sampling,
  method: Interpolation = "bilinear",
): Grid<A> {
  const { height, width, y0, x0, stepY, stepX } = sampling;
  checkSize(height, width);
  return apply(
    grid,
    interpolating(grid.height, height, y0, stepY, method),
    interpolating(grid.width, width, x0, stepX, method),
  );
}

/** The content moved by (dy, dx) pixels, towards larger coordinates where positive; mirrored at the edges. */
export function translate<A extends FloatArray>(
  grid: Grid<A>,
  shift: { dy: number; dx: number },
  method: Interpolation = "cubic",
): Grid<A> {
  const { height, width } = grid;
  return resample(grid, { height, width, y0: -shift.dy, x0: -shift.dx, stepY: 1, stepX: 1 }, method);
}

/**
 * The same field with another number of pixels: each axis that shrinks is averaged over the exact area of the new
 * pixels (anti-aliased, keeps the mean), each that grows is interpolated by Catmull-Rom. Outer edges stay where they
 * are, so pixel i of the output is centred at (i + 1/2) * old / new - 1/2 of the input.
 * @throws usage for a size below 1
 */
export function resize<A extends FloatArray>(grid: Grid<A>, height: number, width: number): Grid<A> {
  checkSize(height, width);
  return apply(grid, resizing(grid.height, height), resizing(grid.width, width));
}

/** For every output position, `taps` input positions and their weights, summing to 1. */
interface AxisWeights {
  length: number;
  taps: number;
  index: Int32Array;
  weight: Float64Array;
}

function resizing(from: number, to: number): AxisWeights {
  const step = from / to;
  return step > 1 ? averaging(from, to) : interpolating(from, to, step / 2 - 0.5, step, "cubic");
}

function interpolating(from: number, to: number, start: number, step: number, method: Interpolation): AxisWeights {
  const taps = method === "cubic" ? 4 : 2;
  const axis = axisWeights(to, taps);
  for (let i = 0; i < to; i++) {
    const at = start + i * step;
    const floor = Math.floor(at);
    for (let t = 0; t < taps; t++) {
      axis.index[i * taps + t] = mirror(floor - (taps / 2 - 1) + t, from);
      axis.weight[i * taps + t] = tapWeight(taps, t, at - floor);
    }
  }
  return axis;
}

/** Output i covers the input from i * step to (i + 1) * step, edges of pixels counted from 0. */
function averaging(from: number, to: number): AxisWeights {
  const step = from / to;
  const taps = Math.ceil(step) + 1;
  const axis = axisWeights(to, taps);
  for (let i = 0; i < to; i++) {
    const low = i * step;
    const high = i + 1 === to ? from : (i + 1) * step;
    const first = Math.floor(low);
    for (let t = 0; t < taps; t++) {
      const overlap = Math.min(high, first + t + 1) - Math.max(low, first + t);
      axis.index[i * taps + t] = Math.min(first + t, from - 1);
      axis.weight[i * taps + t] = Math.max(0, overlap) / (high - low);
    }
  }
  return axis;
}

function axisWeights(length: number, taps: number): AxisWeights {
  return { length, taps, index: new Int32Array(length * taps), weight: new Float64Array(length * taps) };
}

/** Weighted sums along y, a row at a time in float64, then along x. */
function apply<A extends FloatArray>(grid: Grid<A>, alongY: AxisWeights, alongX: AxisWeights): Grid<A> {
  const { width } = grid;
  const make = grid.data.constructor as new (length: number) => A;
  const data = new make(alongY.length * alongX.length);
  const line = new Float64Array(width);
  for (let y = 0; y < alongY.length; y++) {
    line.fill(0);
    for (let t = y * alongY.taps; t < (y + 1) * alongY.taps; t++) {
      const weight = alongY.weight[t];
      if (weight === 0) continue;
      const row = alongY.index[t] * width;
      for (let x = 0; x < width; x++) line[x] += weight * grid.data[row + x];
    }
    for (let x = 0; x < alongX.length; x++) {
      let sum = 0;
      for (let t = x * alongX.taps; t < (x + 1) * alongX.taps; t++) sum += alongX.weight[t] * line[alongX.index[t]];
      data[y * alongX.length + x] = sum;
    }
  }
  return { data, height: alongY.length, width: alongX.length };
}

/** Weight of tap `t` of 2 or 4 at the fraction `f` (0..1) between the two middle taps. */
function tapWeight(taps: number, t: number, f: number): number {
  if (taps === 2) return t === 0 ? 1 - f : f;
  if (t === 0) return ((2 - f) * f - 1) * f * 0.5;
  if (t === 1) return ((3 * f - 5) * f * f + 2) * 0.5;
  if (t === 2) return ((4 - 3 * f) * f + 1) * f * 0.5;
  return (f - 1) * f * f * 0.5;
}

function mirror(i: number, length: number): number {
  if (i >= 0 && i < length) return i;
  if (length === 1) return 0;
  const period = 2 * (length - 1);
  const inside = ((i % period) + period) % period;
  return inside < length ? inside : period - inside;
}

function checkSize(height: number, width: number): void {
  if (Number.isInteger(height) && Number.isInteger(width) && height >= 1 && width >= 1) return;
  const expected = "whole numbers of pixels, 1 or more";
  throw new ParfocalError("usage", `The size to resample to is ${height} x ${width}; expected ${expected}.`, {
    got: `${height} x ${width}`,
    expected,
  });
}
