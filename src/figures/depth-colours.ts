/** A depth map as a picture: colour is depth, brightness is the fused image. */
import { percentiles } from "../array/statistics.ts";

/** Viridis (Smith & van der Walt 2015) at nine places, dark violet to yellow: ordered in lightness, safe for the colour-blind. */
const viridis = [
  [68, 1, 84],
  [72, 40, 120],
  [62, 74, 137],
  [49, 104, 142],
  [38, 130, 142],
  [31, 158, 137],
  [53, 183, 121],
  [110, 206, 88],
  [253, 231, 37],
] as const;

/**
 * 8-bit RGB, `[height, width, 3]`. Depths from `low` to `high` run from violet to yellow; counts between the percentiles 0.5 and
 * 99.5 of the image run from a third of the colour to all of it, so that depth can be read in the dark as well.
 */
export function depthColours(
  depth: Float32Array,
  image: Float32Array,
  [low, high]: readonly [number, number],
): Uint8Array {
  const [black, white] = percentiles(image, [0.5, 99.5]);
  const rgb = new Uint8Array(3 * depth.length);
  for (let i = 0; i < depth.length; i++) {
    const at = fraction(depth[i], low, high) * (viridis.length - 1);
    const k = Math.min(viridis.length - 2, Math.floor(at));
    const light = 1 / 3 + (2 / 3) * fraction(image[i], black, white);
    for (let c = 0; c < 3; c++)
      rgb[3 * i + c] = light * (viridis[k][c] + (at - k) * (viridis[k + 1][c] - viridis[k][c]));
  }
  return rgb;
}

function fraction(value: number, low: number, high: number): number {
  return high > low ? Math.min(1, Math.max(0, (value - low) / (high - low))) : 0.5;
}
