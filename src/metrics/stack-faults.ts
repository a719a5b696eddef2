/**
 * Finds faults of single planes of a stack: flashes, blank planes, duplicates, planes out of order, and missing planes.
 */
import { median, moments, upperMedian } from "../array/statistics.ts";
import { noiseLevel } from "../classical/noise-level.ts";
import type { Plane } from "../image/image.ts";
import type { Warning } from "../warning.ts";
import { compareOrder, type PlaneDistances } from "./plane-order.ts";

/** Planes are counted from 0. */
export interface StackFaults {
  /** Pairs of planes with the same recording, the earlier plane first. */
  duplicates: [number, number][];
  /** Planes that are brighter or darker than their neighbours everywhere, and by which factor. */
  flashes: { plane: number; factor: number }[];
  /** Planes without the structure that both neighbours show. */
  blanks: number[];
  /** Whether planes are out of order. The likely order, as plane numbers, is given where one is clearly better. */
  shuffled: boolean;
  likelyOrder?: number[];
  /** A plane seems to be missing after each of these. */
  gaps: number[];
}

/** Planes are averaged down to this many blocks along the longer edge. */
const blocksAlong = 96;
/** A flash must be brighter or darker than its neighbours by this factor. */
const minFlash = 1.5;
/** A plane is blank if its structure is below this share of that of its neighbours. */
const blankShare = 0.03;

export interface StackFaultMeter {
  /**
   * Adds a plane. It is compared with the next one, so its data must not change before that one is added.
   * @param noise standard deviation, counts; measured where it is left out
   */
  add(plane: Plane, noise?: number): void;
  result(): StackFaults;
}

/** Takes the planes of one channel in order, and keeps a small copy of each. */
export function createStackFaultMeter(): StackFaultMeter {
  const traces: Trace[] = [];
  let before: { plane: Plane; sigma: number } | undefined;
  return {
    add(plane, sigma = noiseLevel(plane)) {
      traces.push(traceOf(plane, sigma, before));
      before = { plane, sigma };
    },
    result: () => faultsOf(traces),
  };
}

interface Trace {
  /** Means of blocks, counts. */
  small: Float32Array;
  mean: number;
  /** Variance of the blocks, counts^2, and the part of it that is caused by noise. */
  variance: number;
  noise: number;
  /** Equal for planes with identical pixels. */
  hash: string;
  constant: boolean;
  /**
   * Mean squared difference from the previous plane, divided by the noise variance of both; 1 where only noise differs.
   */
  change: number;
}

function traceOf(plane: Plane, sigma: number, before: { plane: Plane; sigma: number } | undefined): Trace {
  const { data, height, width } = plane;
  const factor = Math.max(1, Math.ceil(Math.max(height, width) / blocksAlong));
  const small = blockMeans(plane, factor);
  const { mean, variance } = moments(small);
  let change = Number.POSITIVE_INFINITY;
  if (before) {
    const noise = sigma ** 2 + before.sigma ** 2;
    if (noise > 0) change = meanSquaredDifference(data, before.plane.data) / noise;
  }
  const constant = data.every((value) => value === data[0]);
  return { small, mean, variance, noise: (sigma / factor) ** 2, hash: hashOf(data), constant, change };
}

/** Means of blocks of `factor` x `factor` pixels; remaining rows and columns are ignored. */
function blockMeans({ data, height, width }: Plane, factor: number): Float32Array {
  const [rows, columns] = [Math.floor(height / factor), Math.floor(width / factor)];
  const sums = new Float64Array(rows * columns);
  for (let y = 0; y < rows * factor; y++) {
    const to = Math.floor(y / factor) * columns;
    for (let column = 0, i = y * width; column < columns; column++) {
      let sum = 0;
      for (const end = i + factor; i < end; i++) sum += data[i];
      sums[to + column] += sum;
    }
  }
  return Float32Array.from(sums, (sum) => sum / (factor * factor));
}

function meanSquaredDifference(a: Float32Array, b: Float32Array): number {
  let squares = 0;
  for (let i = 0; i < a.length; i++) {
    const d = a[i] - b[i];
    squares += d * d;
  }
  return squares / a.length;
}

function hashOf(data: Float32Array): string {
  const words = new Uint32Array(data.buffer, data.byteOffset, data.length);
  let [h, g] = [0x811c9dc5, 0x9e3779b9];
  for (let i = 0; i < words.length; i++) {
    const word = words[i];
    h = Math.imul(h ^ word, 0x01000193);
    g = Math.imul(g ^ (word >>> 7) ^ h, 0x85ebca6b);
  }
  return `${h}:${g}`;
}

function faultsOf(traces: readonly Trace[]): StackFaults {
  const depth = traces.length;
  const dark = traces.reduce(
    (least, { small }) => small.reduce((a, v) => Math.min(a, v), least),
    Number.POSITIVE_INFINITY,
  );
  const blanks = traces.flatMap((_, z) => (isBlank(traces, z) ? [z] : []));
  const usable = (z: number): boolean => !blanks.includes(z);
  const flashes = traces.flatMap((_, plane) => {
    if (blanks.length > 0 && !usable(plane)) return [];
    const factor = flashOf(traces, plane, dark, usable);
    return factor === undefined ? [] : [{ plane, factor }];
  });
  const duplicates = duplicatesOf(traces);
  const dropped = new Set([...blanks, ...duplicates.map(([, later]) => later)]);
  const kept = Array.from({ length: depth }, (_, z) => z).filter((z) => !dropped.has(z));
  const order = compareOrder(distancesOf(kept.map((z) => traces[z])));
  return {
    duplicates,
    flashes,
    blanks,
    shuffled: order.shuffled,
    ...(order.likely && dropped.size === 0 && { likelyOrder: order.likely }),
    // A gap where a blank or duplicate plane was left out is not reported.
    gaps: order.gaps.filter((i) => kept[i + 1] === kept[i] + 1).map((i) => kept[i]),
  };
}

/**
 * Planes with identical pixels anywhere in the stack, and neighbours that differ by less than half as much as two
 * exposures would.
 */
function duplicatesOf(traces: readonly Trace[]): [number, number][] {
  const seen = new Map<string, number>();
  const usual = upperMedian(traces.slice(1).map(({ change }) => change));
  return traces.flatMap(({ hash, constant, change }, z): [number, number][] => {
    if (constant) return [];
    const same = seen.get(hash);
    if (same !== undefined) return [[same, z]];
    seen.set(hash, z);
    return z > 0 && change < 0.5 && change < 0.5 * usual ? [[z - 1, z]] : [];
  });
}

function isBlank(traces: readonly Trace[], z: number): boolean {
  const structure = ({ variance, noise }: Trace) => Math.max(0, variance - noise);
  const around = [z - 2, z - 1, z + 1, z + 2].filter((i) => i >= 0 && i < traces.length);
  if (around.length < 2) return false;
  // A plane at an end is compared with the two nearest planes, others with the plane on each side.
  const near = z > 0 && z < traces.length - 1 ? [z - 1, z + 1] : around;
  const least = Math.min(...near.map((i) => structure(traces[i]) - 3 * traces[i].noise));
  return least > 0 && structure(traces[z]) < blankShare * least;
}

/**
 * The factor of a flash or a dip. A plane in focus is brighter in some places, but a flash makes every part brighter.
 * So the mean must differ from the median of the planes around by the factor, and four fifths of the blocks must differ
 * from those of both neighbours.
 */
function flashOf(
  traces: readonly Trace[],
  z: number,
  dark: number,
  usable: (z: number) => boolean,
): number | undefined {
  const around = [z - 2, z - 1, z + 1, z + 2].filter((i) => i >= 0 && i < traces.length && usable(i));
  const beside = around.filter((i) => Math.abs(i - z) === 1);
  if (around.length < 2 || beside.length === 0) return undefined;
  const usual = median(around.map((i) => traces[i].mean - dark));
  const factor = (traces[z].mean - dark) / usual;
  if (!(factor > minFlash || factor < 1 / minFlash)) return undefined;
  const bright = factor > 1;
  const all = beside.every((i) => {
    const ratios = traces[z].small.map((v, k) => (v - dark + 1e-9) / (traces[i].small[k] - dark + 1e-9)).sort();
    const fifth = ratios[Math.floor((bright ? 0.2 : 0.8) * (ratios.length - 1))];
    return bright ? fifth > 1 + 0.6 * (minFlash - 1) : fifth < 1 / (1 + 0.6 * (minFlash - 1));
  });
  return all ? factor : undefined;
}

/** 1 - correlation of the structure of two planes, corrected for noise; undefined where a plane is mostly noise. */
function distancesOf(traces: readonly Trace[]): PlaneDistances {
  const known = traces.map(({ variance, noise }) => variance > 4 * noise && variance > 0);
  const of = (i: number, j: number): number | undefined => {
    if (!known[i] || !known[j]) return undefined;
    const [a, b] = [traces[i], traces[j]];
    let sum = 0;
    for (let k = 0; k < a.small.length; k++) sum += (a.small[k] - a.mean) * (b.small[k] - b.mean);
    const full = Math.sqrt((a.variance - a.noise) * (b.variance - b.noise));
    return Math.max(0, 1 - sum / a.small.length / full);
  };
  return { count: traces.length, of };
}

/** Warnings about the faults, with plane numbers. */
export function stackFaultWarnings(faults: StackFaults): Warning[] {
  const warnings: Warning[] = faults.duplicates.map(([first, again]) => ({
    code: "duplicate_plane",
    text: `Plane ${again} is a duplicate of plane ${first}. Remove one of them and check the z step.`,
  }));
  for (const { plane, factor } of faults.flashes) {
    const by = factor > 1 ? `${factor.toFixed(1)} times as bright` : `only ${(100 * factor).toFixed(0)} % as bright`;
    warnings.push({
      code: "plane_brightness",
      text: `Plane ${plane} is ${by} as the planes around it, perhaps because of a flash or a failing lamp. Leave it out or rescale it before focus measurement or deconvolution.`,
    });
  }
  for (const plane of faults.blanks) {
    warnings.push({
      code: "blank_plane",
      text: `Plane ${plane} is blank: it does not show the structure of the planes beside it. Leave it out.`,
    });
  }
  if (faults.shuffled) {
    const order = faults.likelyOrder ? ` A likely order is ${faults.likelyOrder.join(", ")}.` : "";
    warnings.push({
      code: "plane_order",
      text: `The planes seem to be out of order, since similar planes are not neighbours.${order} Check the file names or the acquisition order.`,
    });
  }
  for (const plane of faults.gaps) {
    warnings.push({
      code: "missing_plane",
      text: `A plane may be missing between planes ${plane} and ${plane + 1}, since they differ as much as planes two steps apart.`,
    });
  }
  return warnings;
}
