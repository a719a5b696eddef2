/** A focus map: the focus curves of overlapping tiles, and the best plane of each. */
import { runThrough } from "../../array/breathe.ts";
import { gaussianFilter } from "../../array/filters.ts";
import { ParfocalError } from "../../errors.ts";
import { type Plane, planeOf, type Stack } from "../../image/image.ts";
import { noiseLevel } from "../noise-level.ts";
import { DEFAULT_FOCUS_MEASURE, type FocusMeasure, focusOf } from "./focus.ts";
import { cautious, type LocatedFocus, locateFocus } from "./locate-focus.ts";
import { tileStarts } from "./power-spectrum.ts";

export interface FocusMapOptions {
  measure?: FocusMeasure | undefined;
  /** Edge of a tile, pixels; default 64, or the shorter edge of a smaller image. Tiles overlap by half. */
  tile?: number | undefined;
  /** Growth of the blur of a point, pixels of radius per plane ({@link coneSlope}); default 2. */
  slope?: number | undefined;
}

/** A focus curve and its focus. */
export interface FocusEstimate extends LocatedFocus {
  /** One value per plane, first plane first. */
  curve: number[];
}

export interface FocusMap {
  measure: FocusMeasure;
  /** Of the whole field. */
  whole: FocusEstimate;
  /** Edge of a tile, pixels. */
  tile: number;
  /** Centres of the rows and of the columns of tiles, pixels. */
  y: number[];
  x: number[];
  /** `[y][x]`. */
  regions: FocusEstimate[][];
}

/**
 * Minimum peak of a tile relative to that of another in whose cone of blur it lies. Measured on the widefield nucleus,
 * whose out-of-focus light stays below 0.02.
 */
const minPeakInCone = 0.05;

/** Takes planes in order and keeps one value per tile and plane. */
export interface FocusMeter {
  add(plane: Plane): void;
  /** The same, as work that yields between tiles. */
  addSteps(plane: Plane): Generator<void>;
  result(): FocusMap;
}

/** The focus of a stack in memory; as `createFocusMeter`. */
export function focusMap(stack: Stack, options: FocusMapOptions = {}): FocusMap {
  const meter = createFocusMeter(stack, options);
  for (let z = 0; z < stack.depth; z++) meter.add(planeOf(stack, z));
  return meter.result();
}

/**
 * Begins a focus map. The confidence is the probability that the focus is within a plane (`focusConfidence`),
 * times a factor for the signal of the tile, which rises from 0 to 1 as its variance at scales of a pixel and more
 * rises from 1.5 to 4 times that of its noise. At an end of the stack it is at most 0.4, because the focus may lie
 * outside. It is 0 if the peak is below a twentieth of that of a tile in whose cone of blur this one lies at another
 * height, because it is then out-of-focus light of the other tile.
 *
 * @throws `usage` for a tile that does not fit into the image, `image.unfit` as {@link focusOf}
 */
export function createFocusMeter(size: { height: number; width: number }, options: FocusMapOptions = {}): FocusMeter {
  const { height, width } = size;
  const measure = options.measure ?? DEFAULT_FOCUS_MEASURE;
  const tile = options.tile ?? Math.min(64, height, width);
  if (!Number.isInteger(tile) || tile < 3 || tile > Math.min(height, width)) {
    throw new ParfocalError(
      "usage",
      `Focus map: tiles of ${tile} pixels do not fit in an image of ${height} x ${width}; expected a whole number from 3 to ${Math.min(height, width)}.`,
      { option: "tile", got: tile, expected: `3 to ${Math.min(height, width)}` },
    );
  }
  const tops = tileStarts(height, tile);
  const lefts = tileStarts(width, tile);
  const whole: Readings = { curve: [], signal: [] };
  const regions = tops.flatMap((y) => lefts.map((x) => ({ y, x, curve: [], signal: [] }) as Readings & Place));
  function* addSteps(plane: Plane): Generator<void> {
    const noise = noiseLevel(plane);
    take(whole, plane, measure, noise);
    for (const region of regions) {
      yield;
      take(region, cut(plane, region, tile), measure, noise);
    }
  }
  return {
    add: (plane) => runThrough(addSteps(plane)),
    addSteps,
    result() {
      const found = regions.map(({ y, x, ...readings }) => ({ y, x, estimate: estimate(readings, measure) }));
      const own = found.map((one) => {
        if (!found.some((other) => isShadow(one, other, tile, options.slope ?? 2))) return one.estimate;
        return { ...one.estimate, confidence: 0 };
      });
      return {
        measure,
        tile,
        whole: estimate(whole, measure),
        y: tops.map((y) => y + (tile - 1) / 2),
        x: lefts.map((x) => x + (tile - 1) / 2),
        regions: tops.map((_, row) => own.slice(row * lefts.length, (row + 1) * lefts.length)),
      };
    },
  };
}

/** The upper left corner of a tile, pixels. */
interface Place {
  y: number;
  x: number;
}

/**
 * Whether a tile holds the out-of-focus light of a much sharper one: it lies in its cone of blur, at another height.
 */
function isShadow(
  one: Place & { estimate: FocusEstimate },
  other: Place & { estimate: FocusEstimate },
  tile: number,
  slope: number,
): boolean {
  const height = Math.abs(one.estimate.position - other.estimate.position);
  const distance = Math.max(Math.abs(one.y - other.y), Math.abs(one.x - other.x));
  const peak = ({ curve, plane }: FocusEstimate) => curve[plane];
  return height > 1 && distance <= tile + slope * height && peak(one.estimate) < minPeakInCone * peak(other.estimate);
}

interface Readings {
  curve: number[];
  /** Variance of each plane relative to that of its noise. */
  signal: number[];
}

function take(readings: Readings, plane: Plane, measure: FocusMeasure, noise: number): void {
  readings.curve.push(focusOf(plane, measure));
  readings.signal.push(signalOf(plane, noise));
}

/** Variance at scales of a pixel and more, relative to that of noise with this standard deviation. */
export function signalOf(plane: Plane, noise = noiseLevel(plane)): number {
  // A Gaussian of one pixel leaves 1 / (4 pi) of the variance of white noise.
  const variance = varianceOf(gaussianFilter(plane, 1).data);
  return variance === 0 ? 0 : variance / Math.max((noise * noise) / (4 * Math.PI), Number.MIN_VALUE);
}

/** The variance as in `moments`; a loop of its own that sees only one type of array runs several times as fast. */
function varianceOf(data: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < data.length; i++) sum += data[i];
  const mean = sum / data.length;
  let squares = 0;
  for (let i = 0; i < data.length; i++) {
    const d = data[i] - mean;
    squares += d * d;
  }
  return squares / data.length;
}

function cut({ data, width }: Plane, { y, x }: Place, edge: number): Plane {
  const out = new Float32Array(edge * edge);
  for (let row = 0; row < edge; row++) {
    const from = (y + row) * width + x;
    out.set(data.subarray(from, from + edge), row * edge);
  }
  return { data: out, height: edge, width: edge };
}

function estimate({ curve, signal }: Readings, measure: FocusMeasure): FocusEstimate {
  const located = locateFocus(curve, signal, measure);
  return { ...located, curve, confidence: cautious(located, signal) };
}
