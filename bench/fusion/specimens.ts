/** Simulated stacks and what an all-in-focus image of each should show. */
import { gaussianFilter } from "../../src/array/filters.ts";
import { planeOf, type Stack } from "../../src/image/image.ts";
import type { Volume } from "../../src/optics/phantom/volume.ts";
import { shippedRecipe } from "../../src/simulate/shipped-recipes.ts";
import { createSimulator } from "../../src/simulate/simulator.ts";

export interface FusionSpecimen {
  name: string;
  stack: Stack;
  /** Plane of the stack that is nearest the middle of the specimen. */
  middle: number;
  /** Expected counts of that plane, without noise. */
  middlePlane: Float32Array;
  /** Where the specimen is, planes: see {@link specimenDepth}. */
  depth: Float32Array;
  /** Expected counts, without noise, of each pixel in the plane where the specimen is. */
  atSpecimen: Float32Array;
  /** The specimen with all heights added up, blurred as a point in focus is. No unit; scale and offset mean nothing. */
  projection: Float32Array;
}

/** Shipped recipes of fluorescent specimens; 63x oil for nuclei, filaments and mitochondria, 20x/0.8 for the others. */
export const fluorescentRecipes = ["beads", "nuclei", "filaments", "mitochondria", "tissue", "worm"] as const;

export async function simulateSpecimen(
  recipe: string,
  options: { seed: number; size: number; planes?: number; specimen?: Record<string, unknown> },
): Promise<FusionSpecimen> {
  const shipped = shippedRecipe(recipe);
  const { seed, size, planes, specimen = {} } = options;
  const chosen = {
    ...shipped,
    seed,
    size,
    ...(planes && { planes }),
    specimen: { ...(shipped.specimen as object), ...specimen },
  };
  const field = await createSimulator(chosen).field(0, { volume: true });
  const { volume, focusPlane } = field;
  const [image] = Object.values(field.images);
  if (!volume || !image) throw new Error(`${recipe}: no volume or no image`);
  const { stack, truth } = image;
  const depth = specimenDepth(volume, field.planes, stack);
  return {
    name: `${recipe} ${seed}`,
    stack,
    middle: focusPlane,
    middlePlane: planeOf(truth, focusPlane).data.slice(),
    depth,
    atSpecimen: takenAt(truth, depth),
    projection: sharpProjection(volume, stack),
  };
}

/** Standard deviation of a Gaussian like a point in focus, pixels (Zhang et al. 2007). */
function focusSigma({ optics, pixelSize }: Stack): number {
  return (0.21 * (optics?.wavelength ?? 0.5)) / (optics?.na ?? 1) / (pixelSize?.x ?? 0.1);
}

/**
 * Mean height of what is at a pixel, weighted by the fourth power of its density (blurred as a point in focus is): the height of the
 * densest thing where several lie above each other, and the middle of a thick one. Where there is nothing, that of the
 * surroundings.
 */
function specimenDepth(volume: Volume, heights: readonly number[], stack: Stack): Float32Array {
  const { height, width } = volume;
  const n = height * width;
  const sigma = Math.max(1, focusSigma(stack));
  const [sum, weight] = [new Float32Array(n), new Float32Array(n)];
  const step = heights[1] - heights[0];
  for (let k = 0; k < volume.depth; k++) {
    const slice = volume.data.subarray(k * n, (k + 1) * n);
    const z = (volume.bottom + k * volume.sliceStep - heights[0]) / step;
    const { data } = gaussianFilter({ data: slice, height, width }, sigma);
    for (let i = 0; i < n; i++) {
      const w = data[i] ** 4;
      sum[i] += w * z;
      weight[i] += w;
    }
  }
  // From the pixel itself where there is something, else from ever wider surroundings.
  const floor = 1e-4 * weight.reduce((a, b) => Math.max(a, b), 0);
  const out = new Float32Array(n);
  const left = new Float32Array(n).fill(1);
  let grids = { sum, weight };
  for (const wider of [0, 1, 2, 4, 8, 16, 32, 64]) {
    if (wider > 0)
      grids = {
        sum: gaussianFilter({ data: sum, height, width }, wider).data,
        weight: gaussianFilter({ data: weight, height, width }, wider).data,
      };
    for (let i = 0; i < n; i++) {
      const share = left[i] * (grids.weight[i] / (grids.weight[i] + floor));
      if (grids.weight[i] > 0) out[i] += share * (grids.sum[i] / grids.weight[i]);
      left[i] -= share;
    }
  }
  return out.map((z, i) => Math.min(stack.depth - 1, Math.max(0, z / Math.max(1e-6, 1 - left[i]))));
}

/** Each pixel from the plane at a depth, linearly between two. */
export function takenAt(stack: Stack, depth: Float32Array): Float32Array {
  const n = depth.length;
  return depth.map((z, i) => {
    const low = Math.min(stack.depth - 2, Math.floor(z));
    return stack.data[low * n + i] * (1 - (z - low)) + stack.data[(low + 1) * n + i] * (z - low);
  });
}

function sharpProjection(volume: Volume, stack: Stack): Float32Array {
  const { height, width } = volume;
  const sum = new Float32Array(height * width);
  for (let k = 0; k < volume.depth; k++) for (let i = 0; i < sum.length; i++) sum[i] += volume.data[k * sum.length + i];
  return gaussianFilter({ data: sum, height, width }, focusSigma(stack)).data;
}
