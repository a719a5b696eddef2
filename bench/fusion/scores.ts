/** How near an image of a stack is to the truth, in counts and in detail, and which planes it comes from. */
import { gaussianFilter } from "../../src/array/filters.ts";
import { percentile } from "../../src/array/statistics.ts";
import { planeOf, type Stack } from "../../src/image/image.ts";

/** Correlation of the differences of Gaussians of 1 and 2 pixels: blind to scale, offset and what is blurred. 1 is equal detail. */
export function detailCorrelation(image: Float32Array, truth: Float32Array, width: number): number {
  const height = image.length / width;
  const band = (data: Float32Array) => {
    const wide = gaussianFilter({ data, height, width }, 2).data;
    return gaussianFilter({ data, height, width }, 1).data.map((v, i) => v - wide[i]);
  };
  const [a, b] = [band(image), band(truth)];
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    ab += a[i] * b[i];
    aa += a[i] * a[i];
    bb += b[i] * b[i];
  }
  return ab / Math.sqrt(aa * bb || 1);
}

/** Share of the brightest fifth of an image's pixels whose depth rounds to one of the three planes at either end of the stack. */
export function outerShare(image: Float32Array, depth: Float32Array, planes: number): number {
  const bright = percentile(image, 80);
  let [outer, all] = [0, 0];
  depth.forEach((z, i) => {
    if (image[i] < bright) return;
    all++;
    if (Math.round(z) <= 2 || Math.round(z) >= planes - 3) outer++;
  });
  return outer / all;
}

/** The largest score of any recorded plane, by a score of images. */
export function bestPlane(stack: Stack, score: (image: Float32Array) => number): { plane: number; score: number } {
  let best = { plane: -1, score: Number.NEGATIVE_INFINITY };
  for (let plane = 0; plane < stack.depth; plane++) {
    const s = score(planeOf(stack, plane).data);
    if (s > best.score) best = { plane, score: s };
  }
  return best;
}
