/** Estimates the noise of a plane from the plane alone. */
import { percentile } from "../array/statistics.ts";
import type { Plane } from "../image/image.ts";

/**
 * Standard deviation of white noise, counts: the median absolute response to the mask [1 -2 1; -2 4 -2; 1 -2 1],
 * insensitive to planes and edges along the axes, over 0.6745 and the mask's norm 6 (Immerkaer 1996, with the median
 * instead of the mean).
 */
export function noiseLevel(plane: Plane): number {
  if (plane.height < 3 || plane.width < 3) return 0;
  const median = medianOfCounts(plane) ?? percentile(responses(plane), 50);
  return median / (0.6745 * 6);
}

/** Maximum response in the histogram. */
const maxCounted = 2 ** 16;

/**
 * The median where all responses are whole numbers, as those of counts are; undefined where they are not, or the median
 * is larger.
 */
function medianOfCounts(plane: Plane): number | undefined {
  const { height, width } = plane;
  const histogram = new Uint32Array(maxCounted);
  const rows = bends(plane, 0);
  const response = new Float32Array(width - 2);
  for (let y = 2; y < height; y++) {
    respond(plane, y, rows, response, 0);
    for (let x = 0; x < response.length; x++) {
      const value = response[x];
      const whole = value | 0;
      if (whole === value) {
        if (whole < maxCounted) histogram[whole]++;
      } else if (value < 2 ** 31) {
        return undefined;
      }
    }
  }
  const last = (height - 2) * (width - 2) - 1;
  const [low, high] = [Math.floor(last / 2), Math.ceil(last / 2)];
  const [first, second] = [atRank(histogram, low), atRank(histogram, high)];
  return first === undefined || second === undefined ? undefined : first + (second - first) / 2 ** (high - low);
}

function atRank(histogram: Uint32Array, rank: number): number | undefined {
  let below = 0;
  for (let value = 0; value < histogram.length; value++) {
    below += histogram[value];
    if (below > rank) return value;
  }
  return undefined;
}

function responses(plane: Plane): Float32Array {
  const { height, width } = plane;
  const all = new Float32Array((height - 2) * (width - 2));
  const rows = bends(plane, 0);
  for (let y = 2; y < height; y++) respond(plane, y, rows, all, (y - 2) * (width - 2));
  return all;
}

/**
 * The second differences along x of the last three rows, to begin with those of rows `y` and `y + 1`; `[row modulo 3,
 * x]`.
 */
function bends(plane: Plane, y: number): Float64Array {
  const rows = new Float64Array(3 * (plane.width - 2));
  bend(plane, y, rows);
  bend(plane, y + 1, rows);
  return rows;
}

function bend({ data, width }: Plane, y: number, rows: Float64Array): void {
  const to = (y % 3) * (width - 2);
  const from = y * width;
  for (let x = 0; x < width - 2; x++) rows[to + x] = data[from + x] - 2 * data[from + x + 1] + data[from + x + 2];
}

/**
 * Absolute responses of the masks that end at row y, into `out` from `to` on: the second differences along y of those
 * along x.
 */
function respond(plane: Plane, y: number, rows: Float64Array, out: Float32Array, to: number): void {
  bend(plane, y, rows);
  const inside = plane.width - 2;
  const [above, middle, below] = [(y + 1) % 3, (y + 2) % 3, y % 3].map((slot) => slot * inside);
  for (let x = 0; x < inside; x++) {
    out[to + x] = Math.abs(rows[above + x] - 2 * rows[middle + x] + rows[below + x]);
  }
}
