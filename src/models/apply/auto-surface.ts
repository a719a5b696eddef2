/** Fits the surface on which a specimen is in focus to the focus positions of its regions. */
import { solvePositive } from "../../array/solve-linear.ts";
import { median } from "../../array/statistics.ts";
import type { ReadRegion } from "./mirrored-region.ts";

/** The focus position of a region. */
export interface FocusSample {
  /** Its centre, pixels. */
  x: number;
  y: number;
  /** Distance to its focus, um. */
  z: number;
  /** Confidence of the focus position, 0 to 1. */
  confidence: number;
}

export interface FocusSurface {
  /** Distances, um. */
  read: ReadRegion;
  /** Lowest and highest distance over the image, um. */
  range: [number, number];
}

/** Total confidence of nearby samples above which the surface follows them rather than the polynomial. */
const prior = 0.05;

/**
 * A smooth surface through the samples. Its global shape is a plane or, with enough samples, a paraboloid (a tilted or
 * bent coverslip): a robust least-squares fit weighted by confidence, with Tukey's biweight against outliers. Where
 * nearby samples differ from it (beads at several heights), the surface follows them: their differences are averaged
 * under a Gaussian of `radius` pixels, weighted by confidence (Nadaraya 1964). The surface never leaves the range of
 * the samples.
 *
 * @param samples at least one with a confidence above 0
 * @param radius standard deviation of the Gaussian, pixels
 */
export function focusSurface(
  samples: readonly FocusSample[],
  size: { width: number; height: number },
  radius: number,
): FocusSurface {
  const sure = samples.filter(({ confidence }) => confidence > 0);
  const whole = polynomial(sure, size);
  const low = Math.min(...sure.map(({ z }) => z));
  const high = Math.max(...sure.map(({ z }) => z));
  const rest = sure.map((sample) => ({ ...sample, off: sample.z - whole(sample.x, sample.y) }));
  const at = (x: number, y: number): number => {
    let [sum, weights] = [0, prior];
    for (const { x: sx, y: sy, off, confidence } of rest) {
      const weight = confidence * Math.exp(-((x - sx) ** 2 + (y - sy) ** 2) / (2 * radius * radius));
      sum += weight * off;
      weights += weight;
    }
    return Math.min(high, Math.max(low, whole(x, y) + sum / weights));
  };
  // The surface is computed at nodes a quarter of the radius apart, between which it is nearly linear.
  const step = Math.max(1, Math.floor(radius / 4));
  const [columns, rows] = [size.width, size.height].map((extent) => Math.ceil((extent - 1) / step) + 1);
  const nodes = new Float32Array(rows * columns);
  for (let j = 0; j < rows; j++) for (let i = 0; i < columns; i++) nodes[j * columns + i] = at(i * step, j * step);
  return {
    read: async (region) => {
      const map = new Float32Array(region.width * region.height);
      for (let y = 0; y < region.height; y++) {
        const [j, v] = split((region.y + y) / step, rows);
        for (let x = 0; x < region.width; x++) {
          const [i, u] = split((region.x + x) / step, columns);
          const node = j * columns + i;
          const [a, b] = [nodes[node], nodes[node + (u > 0 ? 1 : 0)]];
          const below = v > 0 ? node + columns : node;
          const [c, d] = [nodes[below], nodes[below + (u > 0 ? 1 : 0)]];
          map[y * region.width + x] = (1 - v) * ((1 - u) * a + u * b) + v * ((1 - u) * c + u * d);
        }
      }
      return map;
    },
    range: [Math.min(...nodes), Math.max(...nodes)],
  };
}

/** The node before a position, and the fraction of the way to the next node. */
function split(place: number, count: number): [number, number] {
  const node = Math.min(count - 1, Math.floor(place));
  return [node, node === count - 1 ? 0 : place - node];
}

/** The robust polynomial of degree 0, 1 or 2 in x and y, by how many samples there are. */
function polynomial(
  samples: readonly FocusSample[],
  { width, height }: { width: number; height: number },
): (x: number, y: number) => number {
  const scale = Math.max(width, height) / 2;
  const terms = (x: number, y: number): number[] => {
    const [u, v] = [(x - width / 2) / scale, (y - height / 2) / scale];
    if (samples.length < 4) return [1];
    return samples.length < 12 ? [1, u, v] : [1, u, v, u * u, u * v, v * v];
  };
  const rows = samples.map(({ x, y }) => terms(x, y));
  let weights = samples.map(({ confidence }) => confidence);
  let solution = leastSquares(rows, samples, weights);
  for (let round = 0; round < 10; round++) {
    const off = samples.map(({ z }, i) => Math.abs(z - dot(rows[i], solution)));
    const spread = Math.max(1e-6, 1.4826 * median(off));
    // 4.685 deviations: 95 % of the efficiency of least squares on normal errors.
    weights = samples.map(({ confidence }, i) => confidence * Math.max(0, 1 - (off[i] / (4.685 * spread)) ** 2) ** 2);
    solution = leastSquares(rows, samples, weights);
  }
  return (x, y) => dot(terms(x, y), solution);
}

const dot = (a: readonly number[], b: ArrayLike<number>): number => a.reduce((sum, v, i) => sum + v * b[i], 0);

/**
 * Normal equations with a trace of a ridge on slopes and bends, so that samples in one row do not decide the other
 * direction.
 */
function leastSquares(rows: number[][], samples: readonly FocusSample[], weights: readonly number[]): Float64Array {
  const n = rows[0].length;
  const total = weights.reduce((a, b) => a + b, 0);
  const matrix = Array.from({ length: n }, (_, a) =>
    Float64Array.from({ length: n }, (_, b) => {
      const ridge = a === b && a > 0 ? 1e-3 * total : 0;
      return rows.reduce((sum, row, i) => sum + weights[i] * row[a] * row[b], ridge);
    }),
  );
  const right = Float64Array.from({ length: n }, (_, a) =>
    rows.reduce((sum, row, i) => sum + weights[i] * row[a] * samples[i].z, 0),
  );
  solvePositive(matrix, [right]);
  return right;
}
