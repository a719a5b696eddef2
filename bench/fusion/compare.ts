/** The classical ways to fuse a stack, and how far an image is from the truth. */
import { gaussianFilter, sobel } from "../../src/array/filters.ts";
import { planeOf, type Stack } from "../../src/image/image.ts";
import type { FusionScene } from "./scene.ts";

/** Each pixel from the plane with the largest squared Sobel gradient there, averaged over a Gaussian of 2 pixels. */
export function sharpest(stack: Stack): Float32Array {
  const best = new Float32Array(stack.height * stack.width).fill(-1);
  const image = new Float32Array(best.length);
  for (let z = 0; z < stack.depth; z++) {
    const plane = planeOf(stack, z);
    const { y, x } = sobel(plane);
    const { data } = gaussianFilter({ ...plane, data: y.data.map((v, i) => v * v + x.data[i] ** 2) }, 2);
    data.forEach((v, i) => {
      if (v <= best[i]) return;
      best[i] = v;
      image[i] = plane.data[i];
    });
  }
  return image;
}

/** Maximum and mean over the planes. */
export function averages(stack: Stack): { max: Float32Array; mean: Float32Array } {
  const max = planeOf(stack, 0).data.slice();
  const mean = new Float32Array(max.length);
  for (let z = 0; z < stack.depth; z++)
    planeOf(stack, z).data.forEach((v, i) => {
      max[i] = Math.max(max[i], v);
      mean[i] += v / stack.depth;
    });
  return { max, mean };
}

/** Peak signal-to-noise ratio, dB; the range is that of the truth. */
export function psnr(image: Float32Array, truth: Float32Array): number {
  let [low, high, squares] = [truth[0], truth[0], 0];
  truth.forEach((t, i) => {
    low = Math.min(low, t);
    high = Math.max(high, t);
    squares += (image[i] - t) ** 2;
  });
  return 10 * Math.log10((high - low) ** 2 / (squares / truth.length));
}

/**
 * Root mean square of the error, blurred by 2 pixels so that noise and grain average out, 2 to 14 pixels from the edges of
 * beads: what an eye sees as rings. Counts.
 */
export function halo(image: Float32Array, { truth, distance }: FusionScene): number {
  const error = image.map((v, i) => (distance[i] > 1.5 ? v - truth.data[i] : 0));
  const { data } = gaussianFilter({ ...truth, data: error }, 2);
  const ring = data.filter((_, i) => distance[i] > 2 && distance[i] < 14);
  return Math.sqrt(ring.reduce((sum, v) => sum + v * v, 0) / ring.length);
}
