/** The noise of a stack as a function of its counts, and a scale of counts on which the noise is constant. */
import { slopesOfPairs } from "../../array/fit-line.ts";
import { median } from "../../array/statistics.ts";

/** Variance of the noise, counts^2, at a count: `dark + gain * count`, but at least `floor`^2. */
export interface NoiseModel {
  dark: number;
  /** Counts^2 per count, 0 or more; for an ideal camera the counts per photon. */
  gain: number;
  /** Counts, > 0. */
  floor: number;
  /** Standard deviation in the median block, counts. */
  typical: number;
}

export interface NoiseSurvey {
  /** Adds some rows of a plane: counts, `[rows, width]`. */
  add(data: Float32Array, width: number): void;
  /**
   * @param range counts from the dark to the bright pixels of the stack, a five-hundredth of which is the minimum noise
   */
  result(range: readonly [number, number]): NoiseModel;
}

/** Edge, pixels, of the blocks in which noise is measured. */
export const noiseBlock = 16;

/** Maximum number of blocks; larger stacks are subsampled. */
const maxBlocks = 2 ** 17;

/** Number of groups of blocks of equal size, from dark to bright. */
const groups = 12;

/** Minimum share of the variance that the slope must explain; otherwise the noise counts as constant. */
const minExplained = 0.25;

/**
 * The noise of every block is the median response to a mask that is insensitive to planes and edges (Immerkaer 1996,
 * with the median instead of the mean); the line through the medians of the groups is that of Theil (1950) and Sen
 * (1968), which structure in some of them hardly affects. (photon-transfer.ts measures the same for a stack in memory;
 * here the stack comes in bands, and its dark end matters.)
 */
export function createNoiseSurvey(): NoiseSurvey {
  let blocks: Block[] = [];
  let [seen, every] = [0, 1];
  return {
    add(data, width) {
      const height = data.length / width;
      const [tall, wide] = [Math.min(noiseBlock, height), Math.min(noiseBlock, width)];
      if (tall < 3 || wide < 3) return;
      const responses = new Float32Array((tall - 2) * (wide - 2));
      for (let y = 0; y + tall <= height; y += tall)
        for (let x = 0; x + wide <= width; x += wide) {
          if (seen++ % every !== 0) continue;
          blocks.push(measure(data, { width, x, y, tall, wide }, responses));
          if (blocks.length < maxBlocks) continue;
          blocks = blocks.filter((_, i) => i % 2 === 0);
          every *= 2;
        }
    },
    result: ([low, high]) => lineThrough(blocks, Math.max((high - low) / 500, 1e-6 * Math.max(1, Math.abs(high)))),
  };
}

/** Mean, counts, and variance of the noise, counts^2. */
interface Block {
  mean: number;
  variance: number;
}

function measure(
  data: Float32Array,
  { width, x, y, tall, wide }: { width: number; x: number; y: number; tall: number; wide: number },
  responses: Float32Array,
): Block {
  let [sum, n] = [0, 0];
  for (let row = y + 1; row < y + tall - 1; row++)
    for (let i = row * width + x + 1; i < row * width + x + wide - 1; i++) {
      sum += data[i];
      const corners = data[i - width - 1] + data[i - width + 1] + data[i + width - 1] + data[i + width + 1];
      const sides = data[i - width] + data[i + width] + data[i - 1] + data[i + 1];
      responses[n++] = Math.abs(corners - 2 * sides + 4 * data[i]);
    }
  responses.sort();
  const sigma = (responses[(n - 1) >> 1] + responses[n >> 1]) / 2 / (0.6745 * 6);
  return { mean: sum / n, variance: sigma * sigma };
}

function lineThrough(blocks: Block[], nothing: number): NoiseModel {
  if (blocks.length === 0) return { dark: 0, gain: 0, floor: nothing, typical: nothing };
  const typical = Math.sqrt(middle(blocks.map(({ variance }) => variance)));
  const sorted = [...blocks].sort((a, b) => a.mean - b.mean);
  const points = Array.from(
    { length: Math.min(groups, sorted.length) },
    (_, k, of = Math.min(groups, sorted.length)) => {
      const group = sorted.slice(Math.floor((k * sorted.length) / of), Math.floor(((k + 1) * sorted.length) / of));
      return { mean: middle(group.map(({ mean }) => mean)), variance: middle(group.map(({ variance }) => variance)) };
    },
  );
  const least = Math.min(...points.map(({ variance }) => variance));
  const floor = Math.max(nothing, Math.sqrt(least) / 2);
  const flat = { dark: typical * typical, gain: 0, floor, typical: Math.max(nothing, typical) };
  const slopes = slopesOfPairs({ x: points.map(({ mean }) => mean), y: points.map(({ variance }) => variance) });
  if (slopes.length === 0) return flat;
  const gain = middle(slopes);
  const explained = gain * (points[points.length - 1].mean - points[0].mean);
  if (!(explained > minExplained * typical * typical)) return flat;
  return { ...flat, gain, dark: middle(points.map(({ mean, variance }) => variance - gain * mean)) };
}

const middle = (values: readonly number[]): number => median(Float32Array.from(values));

/**
 * A function of counts that gives the noise a standard deviation of 1 everywhere: the integral of 1 / sigma (Anscombe
 * 1948 for photons), a square root where the noise is that of photons and a straight line where it is the floor. It
 * grows with the counts.
 */
export function stabiliser({ dark, gain, floor }: NoiseModel): (count: number) => number {
  if (gain === 0) {
    const sigma = Math.max(floor, Math.sqrt(dark));
    return (count) => count / sigma;
  }
  const bend = (floor * floor - dark) / gain;
  return (count) => (count < bend ? (count - bend) / floor : (2 / gain) * (Math.sqrt(dark + gain * count) - floor));
}
