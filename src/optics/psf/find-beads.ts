/** Finds beads in a field: bright spots without neighbours. */
import { gaussianFilter } from "../../array/filters.ts";
import { median } from "../../array/statistics.ts";
import type { Stack } from "../../image/image.ts";

/** The brightest voxel of a bead. */
export interface FoundBead {
  x: number;
  y: number;
  z: number;
  /** Counts above the background. */
  brightness: number;
}

export interface FindBeadsOptions {
  /** Half the width, pixels, of the square around a bead that must hold no other bead. */
  half: number;
  /** Minimum brightness of a bead as a share of that of the brightest bead; default 0.2. */
  threshold?: number | undefined;
  /** The count at which the camera saturates; beads that reach it are left out. */
  saturation?: number | undefined;
}

export interface FoundBeads {
  /** Brightest first. */
  beads: FoundBead[];
  /** How many beads were left out, by reason. */
  rejected: { border: number; neighbour: number; saturated: number; end: number };
}

/**
 * Finds spots of the maximum projection, smoothed by one pixel, that stand out from the noise by six standard
 * deviations. Spots are left out if their square leaves the image or holds the middle of another spot, if they are
 * saturated (at
 * `saturation`, or in a plateau), or if they are brightest in the first or last plane.
 */
export function findBeads(stack: Stack, options: FindBeadsOptions): FoundBeads {
  const { depth, height, width, data } = stack;
  const { half, threshold = 0.2, saturation = Number.POSITIVE_INFINITY } = options;
  const size = height * width;
  const projection = new Float32Array(size);
  for (let i = 0; i < size; i++) {
    let most = data[i];
    for (let z = 1; z < depth; z++) most = Math.max(most, data[z * size + i]);
    projection[i] = most;
  }
  const { data: smooth } = gaussianFilter({ data: projection, height, width }, 1);
  const background = median(smooth);
  const spread = noiseOf(smooth, width);
  const brightest = smooth.reduce((a, b) => Math.max(a, b), background) - background;
  const minBrightness = Math.max(6 * spread, threshold * brightest, 1e-12);

  const spots: FoundBead[] = [];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const value = smooth[y * width + x];
      if (value - background < minBrightness || !isPeak(smooth, height, width, y, x)) continue;
      let z = 0;
      const at = y * width + x;
      for (let i = 1; i < depth; i++) if (data[i * size + at] > data[z * size + at]) z = i;
      spots.push({ x, y, z, brightness: data[z * size + at] - background });
    }
  }
  let largest = Number.NEGATIVE_INFINITY;
  for (const value of data) if (value > largest) largest = value;
  spots.sort((a, b) => b.brightness - a.brightness);
  const rejected = { border: 0, neighbour: 0, saturated: 0, end: 0 };
  const reason = (one: FoundBead): keyof typeof rejected | undefined => {
    const { x, y, z } = one;
    if (Math.min(x, y, width - 1 - x, height - 1 - y) < half) return "border";
    if (spots.some((other) => other !== one && Math.max(Math.abs(other.x - x), Math.abs(other.y - y)) <= half))
      return "neighbour";
    if (data[z * size + y * width + x] >= saturation || isClipped(stack, one, largest, background)) return "saturated";
    return depth > 1 && (z === 0 || z === depth - 1) ? "end" : undefined;
  };
  const beads = spots.filter((one) => {
    const why = reason(one);
    if (why) rejected[why]++;
    return why === undefined;
  });
  return { beads, rejected };
}

/** Minimum counts above the background for a plateau: below, several voxels reach the same value by chance. */
const minClipped = 100;
/** Minimum number of neighbouring voxels at the largest value of the stack that form a plateau. */
const minPlateau = 3;

/**
 * Whether a bead is clipped at the largest value of the stack: cameras of 10 to 14 bits saturate below the maximum of
 * the pixel type.
 */
function isClipped(
  { data, depth, height, width }: Stack,
  { x, y, z }: FoundBead,
  largest: number,
  background: number,
): boolean {
  if (largest - background < minClipped) return false;
  let count = 0;
  for (let c = Math.max(0, z - 1); c <= Math.min(depth - 1, z + 1); c++)
    for (let b = Math.max(0, y - 1); b <= Math.min(height - 1, y + 1); b++)
      for (let a = Math.max(0, x - 1); a <= Math.min(width - 1, x + 1); a++)
        if (data[(c * height + b) * width + a] === largest) count++;
  return count >= minPlateau;
}

/** Noise of a smoothed image, from differences of pixels four apart; most of them hold no bead. */
function noiseOf(smooth: Float32Array, width: number): number {
  const differences = smooth.map((v, i) => (i % width < width - 4 ? Math.abs(v - smooth[i + 4]) : 0));
  const counted = differences.filter((_, i) => i % width < width - 4);
  return counted.length === 0 ? 0 : (1.4826 * median(counted)) / Math.SQRT2;
}

/** Whether a pixel is larger than its neighbours within two pixels; of equal pixels the first counts. */
function isPeak(image: Float32Array, height: number, width: number, y: number, x: number): boolean {
  const value = image[y * width + x];
  for (let v = Math.max(0, y - 2); v <= Math.min(height - 1, y + 2); v++) {
    for (let u = Math.max(0, x - 2); u <= Math.min(width - 1, x + 2); u++) {
      const other = image[v * width + u];
      if (other > value || (other === value && (v < y || (v === y && u < x)))) return false;
    }
  }
  return true;
}
