/**
 * The gain and offset of a camera, estimated from an image: for photon noise the variance grows
 * with the mean, var = gain (mean - offset) + read noise^2 (the photon transfer curve of Janesick, 2007).
 */
import { slopesOfPairs } from "../../array/fit-line.ts";
import { mean, median, upperMedian } from "../../array/statistics.ts";
import type { Stack } from "../../image/image.ts";

export interface PhotonTransfer {
  /** Counts per photoelectron. */
  gain: number;
  /** Counts without light, as far as an image can say: where the fitted line meets variance 0, but at least 0. */
  offset: number;
  /** How well the line fits, 0..1: below about 0.5 the numbers are a guess. */
  confidence: number;
}

/** Steps of brightness, each holding as many pixels. */
const bins = 24;

/**
 * The noise of each pixel is what a mask blind to planes and parabolas leaves, [1 -2 1; -2 4 -2; 1 -2 1] / 6
 * (Immerkaer, Comput. Vis. Image Underst. 64, 300 (1996)), the brightness is the mean of its neighbourhood, and the
 * variance at each brightness comes from the median of the squares, which a few edges do not move. The line is that of
 * least absolute deviations in its slope (Theil-Sen).
 *
 * The mask takes fine structure for noise. Where pixels are coarser than the optics resolve, the gain comes out too
 * high.
 *
 * @returns undefined where there are fewer than 1000 pixels, no spread of brightness, or a variance that does not rise
 * with it
 */
export function photonTransfer(stack: Stack): PhotonTransfer | undefined {
  const { depth, height, width, data, dtype } = stack;
  const total = depth * Math.max(0, height - 2) * Math.max(0, width - 2);
  if (total < 1000) return undefined;
  // At most about a million pixels: every so-many-th row.
  const every = Math.max(1, Math.floor(total / 1e6));
  const top = dtype === "uint8" ? 255 : dtype === "uint16" ? 65535 : Number.POSITIVE_INFINITY;
  const means: number[] = [];
  const squares: number[] = [];
  let row = 0;
  for (let z = 0; z < depth; z++) {
    for (let y = 1; y + 1 < height; y++) {
      if (row++ % every !== 0) continue;
      const m = (z * height + y) * width;
      const [u, d] = [m - width, m + width];
      for (let x = 1; x + 1 < width; x++) {
        const corners = data[u + x - 1] + data[u + x + 1] + data[d + x - 1] + data[d + x + 1];
        const sides = data[u + x] + data[d + x] + data[m + x - 1] + data[m + x + 1];
        const middle = data[m + x];
        if (middle >= top || middle <= 0) continue;
        // Corners and middle make no part of the mean that would tie it to the noise: weights as a smoothing mask.
        means.push((corners + 2 * sides + 4 * middle) / 16);
        squares.push(((corners - 2 * sides + 4 * middle) / 6) ** 2);
      }
    }
  }
  const points = curve(means, squares);
  return points.length < 6 ? undefined : fitLine(points);
}

/** Mean and variance of each step of brightness. */
function curve(means: readonly number[], squares: readonly number[]): [number, number][] {
  if (means.length < 1000) return [];
  const order = Float64Array.from(means).sort();
  const [low, high] = [order[Math.floor(0.005 * order.length)], order[Math.floor(0.995 * order.length)]];
  if (!(high > low)) return [];
  const sums = Array.from({ length: bins }, () => ({ mean: 0, squares: [] as number[] }));
  means.forEach((mean, i) => {
    // Even in the square root, in which photon noise is even.
    const place = Math.sqrt(Math.max(0, mean - low) / (high - low));
    const bin = sums[Math.min(bins - 1, Math.floor(place * bins))];
    if (mean > high) return;
    bin.mean += mean;
    bin.squares.push(squares[i]);
  });
  return sums.flatMap(({ mean, squares: all }): [number, number][] =>
    // The median of the square of a normal variable is 0.4549 of its variance.
    all.length < 100 ? [] : [[mean / all.length, median(Float32Array.from(all)) / 0.4549]],
  );
}

function fitLine(points: readonly [number, number][]): PhotonTransfer | undefined {
  const [x, y] = [points.map(([mean]) => mean), points.map(([, variance]) => variance)];
  const gain = upperMedian(slopesOfPairs({ x, y }));
  if (!(gain > 0)) return undefined;
  const offset = upperMedian(points.map(([mean, variance]) => mean - variance / gain));
  const average = mean(y);
  const total = points.reduce((sum, [, variance]) => sum + (variance - average) ** 2, 0);
  const left = points.reduce((sum, [mean, variance]) => sum + (variance - gain * (mean - offset)) ** 2, 0);
  return { gain, offset: Math.max(0, offset), confidence: Math.max(0, 1 - left / total) };
}
