/**
 * Depth as a labelling of pixels with planes: the sum of a data term and of the differences between neighbours, made small along eight
 * directions at a time (semi-global matching, Hirschmueller 2008), with the same first focus measure as `parfocal fuse` has.
 */
import { correlate, gaussianFilter, gaussianKernel } from "../../src/array/filters.ts";
import { noiseLevel } from "../../src/classical/noise-level.ts";
import { planeOf, type Stack } from "../../src/image/image.ts";
import { takenAt } from "./specimens.ts";

/** Costs are cut off here, so that an outlier does not bend its surroundings. */
const dearest = 4;
const oneStep = 0.5;
const anyStep = 6;

export function fuseByLabelling(stack: Stack): { image: Float32Array; depth: Float32Array } {
  const { depth: planes, height, width } = stack;
  const costs = dataCosts(stack);
  const sums = new Float32Array(costs.length);
  for (const direction of [
    [0, 1],
    [0, -1],
    [1, 0],
    [-1, 0],
    [1, 1],
    [-1, -1],
    [1, -1],
    [-1, 1],
  ] as const)
    addAlong(sums, costs, { planes, height, width }, direction);
  const depth = new Float32Array(height * width);
  for (let i = 0; i < depth.length; i++) {
    let at = 0;
    for (let z = 1; z < planes; z++) if (sums[i * planes + z] < sums[i * planes + at]) at = z;
    const [a, b, c] = [-1, 0, 1].map((k) => sums[i * planes + at + k]);
    const bend = a - 2 * b + c;
    depth[i] = at + (at > 0 && at < planes - 1 && bend > 0 ? (0.5 * (a - c)) / bend : 0);
  }
  return { image: takenAt(stack, depth), depth };
}

/** `[pixel, plane]`: how much the score is below the pixel's best. A rise towards an end of the stack is levelled: it says nothing. */
function dataCosts(stack: Stack): Float32Array {
  const { depth: planes, height, width } = stack;
  const n = height * width;
  const noise = Math.max(1e-6, noiseLevel(planeOf(stack, planes >> 1)));
  const smooth = gaussianKernel(1, 3);
  const slope = smooth.map((weight, i) => (i - (smooth.length - 1) / 2) * weight);
  const scores = Array.from({ length: planes }, (_, z) => {
    const plane = planeOf(stack, z);
    const [gy, gx] = [correlate(plane, slope, smooth).data, correlate(plane, smooth, slope).data];
    const data = gy.map((v, i) => ((v * v + gx[i] * gx[i]) * 4 * Math.PI) / noise ** 2);
    return gaussianFilter({ data, height, width }, 2.5).data.map((v) => 2 * Math.log1p(v / 4));
  });
  const costs = new Float32Array(n * planes);
  const own = new Float32Array(planes);
  for (let i = 0; i < n; i++) {
    for (let z = 0; z < planes; z++) own[z] = scores[z][i];
    let [first, last] = [0, planes - 1];
    while (first + 1 < planes && own[first + 1] <= own[first]) first++;
    while (last > 0 && own[last - 1] <= own[last]) last--;
    own.fill(own[first], 0, first);
    own.fill(own[last], last + 1);
    const best = Math.max(...own);
    for (let z = 0; z < planes; z++) costs[i * planes + z] = Math.min(dearest, best - own[z]);
  }
  return costs;
}

function addAlong(
  sums: Float32Array,
  costs: Float32Array,
  { planes, height, width }: { planes: number; height: number; width: number },
  [dy, dx]: readonly [number, number],
): void {
  const path = new Float32Array(costs.length);
  for (let a = 0; a < height; a++)
    for (let b = 0; b < width; b++) {
      const [y, x] = [dy < 0 ? height - 1 - a : a, dx < 0 ? width - 1 - b : b];
      const i = (y * width + x) * planes;
      const [v, u] = [y - dy, x - dx];
      const inside = v >= 0 && v < height && u >= 0 && u < width;
      const j = (v * width + u) * planes;
      let least = Number.POSITIVE_INFINITY;
      if (inside) for (let z = 0; z < planes; z++) least = Math.min(least, path[j + z]);
      for (let z = 0; z < planes; z++) {
        let before = 0;
        if (inside) {
          before = Math.min(path[j + z], least + anyStep);
          if (z > 0) before = Math.min(before, path[j + z - 1] + oneStep);
          if (z + 1 < planes) before = Math.min(before, path[j + z + 1] + oneStep);
          before -= least;
        }
        path[i + z] = costs[i + z] + before;
        sums[i + z] += path[i + z];
      }
    }
}
