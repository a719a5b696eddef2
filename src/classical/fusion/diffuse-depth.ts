/** Smooths a depth map: confident pixels keep their own depth, and the others follow their surroundings. */

/**
 * Depth in planes and its weight, 0 or more, of every pixel: `[height, width]`. The depth of a pixel of weight 0 is
 * ignored.
 */
export interface WeightedDepth {
  depth: Float32Array;
  weight: Float32Array;
  height: number;
  width: number;
}

/** Passes over each size of the map. */
const sweeps = 8;

/**
 * The map d that minimises sum of weight (d - depth)^2 + stiffness (difference of d between neighbours)^2. A pixel of
 * weight w moves with surroundings of about sqrt(stiffness / w) pixels. It is solved on the smallest of a pyramid of
 * maps first, so that depth is interpolated across any gap, and refined by red-black Gauss-Seidel sweeps on each larger
 * one. No depth lies outside the range of the input. All depths are 0 if no pixel has a weight.
 * @param pause awaited between sweeps; what it throws ends the work
 */
export async function diffuseDepth(
  map: WeightedDepth,
  stiffness: number,
  pause?: () => Promise<void>,
): Promise<Float32Array> {
  const { height, width } = map;
  if (Math.min(height, width) <= 2) return new Float32Array(height * width).fill(weightedMean(map));
  const half = halved(map);
  const smooth = enlarged(await diffuseDepth(half, stiffness, pause), half, map);
  for (let k = 0; k < sweeps; k++) {
    for (const colour of [0, 1]) relax(smooth, map, stiffness, colour);
    await pause?.();
  }
  return smooth;
}

function weightedMean({ depth, weight }: WeightedDepth): number {
  let [sum, weights] = [0, 0];
  for (let i = 0; i < weight.length; i++) {
    if (weight[i] === 0) continue;
    sum += weight[i] * depth[i];
    weights += weight[i];
  }
  return weights > 0 ? sum / weights : 0;
}

/**
 * Combines blocks of 2 x 2 pixels to their weighted mean; the stiffness between blocks is the same in two dimensions.
 */
function halved({ depth, weight, height, width }: WeightedDepth): WeightedDepth {
  const [rows, columns] = [Math.ceil(height / 2), Math.ceil(width / 2)];
  const half = { depth: new Float32Array(rows * columns), weight: new Float32Array(rows * columns) };
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const i = y * width + x;
      if (weight[i] === 0) continue;
      const at = (y >> 1) * columns + (x >> 1);
      half.weight[at] += weight[i];
      half.depth[at] += weight[i] * depth[i];
    }
  for (let i = 0; i < half.weight.length; i++) if (half.weight[i] > 0) half.depth[i] /= half.weight[i];
  return { ...half, height: rows, width: columns };
}

/** Bilinear: pixel i lies at i / 2 - 1 / 4 of the blocks. */
function enlarged(data: Float32Array, from: WeightedDepth, { height, width }: WeightedDepth): Float32Array {
  const out = new Float32Array(height * width);
  const place = (i: number, last: number) => {
    const at = Math.min(last, Math.max(0, i / 2 - 0.25));
    const low = Math.min(last - 1, Math.floor(at));
    return { low, part: at - low };
  };
  const across = Array.from({ length: width }, (_, x) => place(x, from.width - 1));
  for (let y = 0; y < height; y++) {
    const down = place(y, from.height - 1);
    const [top, bottom] = [down.low * from.width, (down.low + 1) * from.width];
    for (let x = 0; x < width; x++) {
      const { low, part } = across[x];
      const upper = data[top + low] * (1 - part) + data[top + low + 1] * part;
      const lower = data[bottom + low] * (1 - part) + data[bottom + low + 1] * part;
      out[y * width + x] = upper * (1 - down.part) + lower * down.part;
    }
  }
  return out;
}

function relax(smooth: Float32Array, map: WeightedDepth, stiffness: number, colour: number): void {
  const { depth, weight, height, width } = map;
  for (let y = 0; y < height; y++)
    for (let x = (y + colour) & 1; x < width; x += 2) {
      const i = y * width + x;
      let [sum, neighbours] = [0, 0];
      if (x > 0) {
        sum += smooth[i - 1];
        neighbours++;
      }
      if (x + 1 < width) {
        sum += smooth[i + 1];
        neighbours++;
      }
      if (y > 0) {
        sum += smooth[i - width];
        neighbours++;
      }
      if (y + 1 < height) {
        sum += smooth[i + width];
        neighbours++;
      }
      const own = weight[i] === 0 ? 0 : weight[i] * depth[i];
      smooth[i] = (own + stiffness * sum) / (weight[i] + stiffness * neighbours);
    }
}
