/** Light in an output that the recording does not explain: a map, the spots in it, and how well planted spots are found. */
import { gaussianFilter } from "../../array/filters.ts";
import type { Random } from "../../array/random.ts";
import { percentiles } from "../../array/statistics.ts";
import type { Plane } from "../../image/image.ts";

export interface UnexplainedLight {
  /** By how many standard deviations each place is brighter than the recording explains; below 0 where it explains more. */
  map: Plane;
  /** Maxima of the map above {@link leastSignificance}. */
  spots: { y: number; x: number; significance: number }[];
  /** Bright structures of the output, invented ones included. */
  structures: number;
}

/** Structure of a pixel or two, above what lies around it, pixels. */
const [spotSize, surroundings] = [1.2, 6] as const;
/** How far from where it was recorded a structure may lie, pixels, and how much brighter it may be: outputs are sharper than recordings. */
const [shift, brighter] = [3, 3] as const;
/** From here on a spot counts, in standard deviations, and as a share of the brightest structures. */
const [leastSignificance, leastBrightness] = [6, 0.08] as const;

/**
 * What the recording explains is its own structure (difference of Gaussians), wherever it lies within {@link shift} pixels, three times as bright. What is beyond is
 * counted in standard deviations of what output and recording differ by between structures, or 2 % of the brightest structures where that
 * is less: a model without noise is not held against a noisy recording. Both in the same counts, `[y, x]`.
 */
export function unexplainedLight(output: Plane, recorded: Plane): UnexplainedLight {
  const { height, width } = output;
  const [seen, known] = [localStructure(output), localStructure(recorded)];
  const bright = brightness(known);
  const differences = seen.map((value, i) => Math.abs(value - known[i]));
  const deviation = Math.max(1.4826 * percentiles(differences, [50])[0], 0.02 * bright, Number.MIN_VALUE);
  const explained = widest(known, height, width, shift);
  const data = seen.map((value, i) => (value - brighter * Math.max(0, explained[i])) / deviation);
  const least = Math.max(leastSignificance, (leastBrightness * bright) / deviation);
  const spots = maxima(data, height, width, least).map((i) => ({
    y: Math.floor(i / width),
    x: i % width,
    significance: data[i],
  }));
  const structures = maxima(seen, height, width, leastBrightness * bright).length;
  return { map: { data, height, width }, spots, structures };
}

export interface PlantedSpots {
  /** Probability that a planted spot stands out more than an empty place: area under the curve of true over false finds. 0.5 is chance. */
  auc: number;
  /** The least brightness, as a share of the brightest structures, from which half of the planted spots are found. */
  detectable: number;
}

/** Brightness of planted spots over that of the brightest structures. */
const contrasts = [0.05, 0.1, 0.2, 0.4, 0.8] as const;
const planted = 24;

/** Plants spots where the recording is empty, and looks for them. The area is that at a fifth of the brightest structures. */
export function findPlanted(output: Plane, recorded: Plane, random: Random): PlantedSpots {
  const { height, width } = output;
  const known = localStructure(recorded);
  const bright = brightness(known);
  const explained = widest(known, height, width, 2 * shift);
  const free = emptyPlaces(explained, 0.05 * bright, height, width, random);
  if (free.length < 8) return { auc: 0.5, detectable: Number.POSITIVE_INFINITY };
  const [taken, control] = [free.slice(0, free.length >> 1), free.slice(free.length >> 1)];
  const at = (map: Plane, i: number): number => largestNear(map, i);
  const plain = unexplainedLight(output, recorded).map;
  const empty = control.map((i) => at(plain, i));
  let [auc, detectable] = [0.5, Number.POSITIVE_INFINITY];
  for (const contrast of contrasts) {
    const data = output.data.slice();
    for (const i of taken) addSpot(data, height, width, i, (contrast * bright) / spotResponse);
    const { map, spots } = unexplainedLight({ data, height, width }, recorded);
    const found = taken.map((i) => at(map, i));
    const wins = found.reduce((sum, one) => sum + empty.filter((other) => one > other).length, 0);
    if (contrast === 0.2) auc = wins / (found.length * empty.length);
    const near = ({ y, x }: { y: number; x: number }, i: number): boolean =>
      Math.abs(y - Math.floor(i / width)) <= 2 && Math.abs(x - (i % width)) <= 2;
    const share = taken.filter((i) => spots.some((spot) => near(spot, i))).length / taken.length;
    if (share >= 0.5) detectable = Math.min(detectable, contrast);
  }
  return { auc, detectable };
}

function localStructure(plane: Plane): Float32Array {
  const fine = gaussianFilter(plane, spotSize).data;
  const coarse = gaussianFilter(plane, surroundings).data;
  return fine.map((value, i) => value - coarse[i]);
}

const brightness = (structure: Float32Array): number => Math.max(percentiles(structure, [99.5])[0], Number.MIN_VALUE);

/** The largest value within `reach` pixels each way. */
function widest(data: Float32Array, height: number, width: number, reach: number): Float32Array {
  const along = (values: Float32Array, stride: number, extent: number): Float32Array =>
    values.map((_, i) => {
      const place = Math.floor(i / stride) % extent;
      let most = Number.NEGATIVE_INFINITY;
      for (let k = -Math.min(reach, place); k <= Math.min(reach, extent - 1 - place); k++) {
        most = Math.max(most, values[i + k * stride]);
      }
      return most;
    });
  return along(along(data, 1, width), width, height);
}

/** Indices of values that are at least `least` and the largest within three pixels; not at the very edge. */
function maxima(data: Float32Array, height: number, width: number, least: number): number[] {
  const around = widest(data, height, width, 3);
  const found: number[] = [];
  for (let y = 2; y < height - 2; y++) {
    for (let x = 2; x < width - 2; x++) {
      const i = y * width + x;
      if (data[i] >= least && data[i] === around[i]) found.push(i);
    }
  }
  return found;
}

function emptyPlaces(explained: Float32Array, most: number, height: number, width: number, random: Random): number[] {
  const places: number[] = [];
  for (let tries = 0; tries < 4000 && places.length < 2 * planted; tries++) {
    const [y, x] = [8 + random.integer(Math.max(1, height - 16)), 8 + random.integer(Math.max(1, width - 16))];
    const i = y * width + x;
    const apart = places.every((j) => Math.abs(Math.floor(j / width) - y) > 8 || Math.abs((j % width) - x) > 8);
    if (explained[i] <= most && apart) places.push(i);
  }
  return places;
}

/** Width of a planted spot (standard deviation, pixels), and what {@link localStructure} makes of its peak: both from Gaussians' areas. */
const spotSigma = 1.5;
const spotResponse =
  spotSigma ** 2 / (spotSigma ** 2 + spotSize ** 2) - spotSigma ** 2 / (spotSigma ** 2 + surroundings ** 2);

function addSpot(data: Float32Array, height: number, width: number, at: number, peak: number): void {
  const [y0, x0] = [Math.floor(at / width), at % width];
  for (let y = Math.max(0, y0 - 6); y <= Math.min(height - 1, y0 + 6); y++)
    for (let x = Math.max(0, x0 - 6); x <= Math.min(width - 1, x0 + 6); x++)
      data[y * width + x] += peak * Math.exp(-((y - y0) ** 2 + (x - x0) ** 2) / (2 * spotSigma ** 2));
}

function largestNear({ data, height, width }: Plane, at: number): number {
  const [y0, x0] = [Math.floor(at / width), at % width];
  let most = Number.NEGATIVE_INFINITY;
  for (let y = Math.max(0, y0 - 2); y <= Math.min(height - 1, y0 + 2); y++)
    for (let x = Math.max(0, x0 - 2); x <= Math.min(width - 1, x0 + 2); x++) most = Math.max(most, data[y * width + x]);
  return most;
}
