/** A depth map without grains: outvoted pixels take the depth of their neighbours, unsure ones that of their surroundings. */
import { resample } from "../../array/resample.ts";

/** Depth in planes and confidence 0..1, `[height, width]`. */
export interface DepthMap {
  depth: Float32Array;
  confidence: Float32Array;
  height: number;
  width: number;
}

/** The median keeps edges; the surroundings are those of the nearest size in which there is enough confidence. */
export function smoothDepth(map: DepthMap): Float32Array {
  const { height, width, confidence } = map;
  const voted = weightedMedian(map);
  const around = surroundings({ depth: voted, confidence, height, width });
  return voted.map((d, i) => confidence[i] * d + (1 - confidence[i]) * around[i]);
}

/** Median over 5 x 5 pixels, each counted with its confidence (and a little for all). */
function weightedMedian({ depth, confidence, height, width }: DepthMap): Float32Array {
  const out = new Float32Array(depth.length);
  const values = new Float64Array(25);
  const weights = new Float64Array(25);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      let [n, total] = [0, 0];
      for (let v = Math.max(0, y - 2); v <= Math.min(height - 1, y + 2); v++)
        for (let u = Math.max(0, x - 2); u <= Math.min(width - 1, x + 2); u++) {
          const weight = confidence[v * width + u] + 1e-3;
          const value = depth[v * width + u];
          let k = n++;
          for (; k > 0 && values[k - 1] > value; k--) {
            values[k] = values[k - 1];
            weights[k] = weights[k - 1];
          }
          values[k] = value;
          weights[k] = weight;
          total += weight;
        }
      let k = 0;
      for (let sum = weights[0]; sum < total / 2; sum += weights[++k]);
      out[y * width + x] = values[k];
    }
  return out;
}

/**
 * Mean depth weighted by confidence, over ever larger blocks until there is enough of it: pull up, push down (Gortler et al.
 * 1996). Where nothing is sure anywhere, the plain mean.
 */
function surroundings({ depth, confidence, height, width }: DepthMap): Float32Array {
  if (height === 1 && width === 1) return depth;
  const rows = Math.ceil(height / 2);
  const columns = Math.ceil(width / 2);
  const sums = new Float32Array(rows * columns);
  const weights = new Float32Array(rows * columns);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const i = y * width + x;
      const at = (y >> 1) * columns + (x >> 1);
      const weight = confidence[i] + 1e-6;
      sums[at] += weight * depth[i];
      weights[at] += weight;
    }
  const means = sums.map((sum, i) => sum / weights[i]);
  const enough = weights.map((weight) => Math.min(1, weight));
  const larger = surroundings({ depth: means, confidence: enough, height: rows, width: columns });
  const filled = means.map((mean, i) => enough[i] * mean + (1 - enough[i]) * larger[i]);
  // Pixel i lies at i / 2 - 1 / 4 of the blocks. Bilinear, because a depth beyond its neighbours' would be made up.
  const halves = { height, width, y0: -0.25, x0: -0.25, stepY: 0.5, stepX: 0.5 };
  return resample({ data: filled, height: rows, width: columns }, halves, "bilinear").data;
}
