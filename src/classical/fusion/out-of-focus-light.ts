/**
 * Estimates the out-of-focus light at a pixel of a plane: light from a brighter structure that is in focus in another
 * plane.
 *
 * The light of a bright spot spreads over a cone through the stack. Where the cone covers a dim neighbour, its edge is
 * often the sharpest structure, and a choice by sharpness alone draws a ring around the spot. Such light has two signs:
 * the pixel is brighter than in another plane, and the cone contains a spot in another plane that is brighter still.
 */

/** Edge, pixels, of the blocks in which out-of-focus light is estimated. */
export const lightBlock = 4;

/** Means of blocks of every plane, in counts or on a scale that grows with them: `[depth][rows, columns]`. */
export interface Blocks {
  rows: number;
  columns: number;
  planes: Float32Array[];
}

/**
 * Ratio of the excess of a spot to that of a block: below the first number, none of the light of the block counts as
 * out of focus; from the second on, all of it does. Inside a thick specimen, where all planes are about as bright, no
 * light may count as out of focus: see docs/decisions/fusion.md.
 */
const excessRatio = [1.5, 4] as const;

/**
 * Out-of-focus light of every block, on the scale of the means: the excess over the darkest plane at that block if the
 * brightest excess of the cone in other planes is at least 4 times as large, and none of it below 1.5 times.
 * @param slope growth of the cone: blocks of radius per plane
 */
export function outOfFocusLight({ rows, columns, planes }: Blocks, slope: number): Blocks {
  const base = new Float32Array(rows * columns).fill(Number.POSITIVE_INFINITY);
  for (const plane of planes) for (let i = 0; i < base.length; i++) base[i] = Math.min(base[i], plane[i]);
  const excess = planes.map((plane) => plane.map((v, i) => v - base[i]));
  const brightest = planes.map(() => new Float32Array(rows * columns));
  raiseToCone(brightest, excess, { rows, columns, slope }, 1);
  raiseToCone(brightest, excess, { rows, columns, slope }, -1);
  excess.forEach((plane, z) => {
    plane.forEach((own, i) => {
      plane[i] =
        own > 0 ? own * smoothStep((brightest[z][i] / own - excessRatio[0]) / (excessRatio[1] - excessRatio[0])) : 0;
    });
  });
  return { rows, columns, planes: excess };
}

/** Raises `brightest` to the largest excess in the cone on one side of each plane. */
function raiseToCone(
  brightest: readonly Float32Array[],
  excess: readonly Float32Array[],
  { rows, columns, slope }: { rows: number; columns: number; slope: number },
  direction: 1 | -1,
): void {
  const depth = excess.length;
  let reach = new Float32Array(rows * columns);
  for (let k = 0; k < depth; k++) {
    const z = direction > 0 ? k : depth - 1 - k;
    for (let i = 0; i < reach.length; i++) {
      brightest[z][i] = Math.max(brightest[z][i], reach[i]);
      reach[i] = Math.max(reach[i], excess[z][i]);
    }
    // The radius grows by whole blocks, following the slope.
    const grow = Math.floor((k + 1) * slope) - Math.floor(k * slope);
    for (let step = 0; step < grow; step++) reach = dilate(reach, rows, columns);
  }
}

/** The maximum of every block and its four neighbours. */
function dilate(data: Float32Array, rows: number, columns: number): Float32Array<ArrayBuffer> {
  const out = Float32Array.from(data);
  for (let y = 0; y < rows; y++)
    for (let x = 0; x < columns; x++) {
      const i = y * columns + x;
      let max = data[i];
      if (x > 0 && data[i - 1] > max) max = data[i - 1];
      if (x + 1 < columns && data[i + 1] > max) max = data[i + 1];
      if (y > 0 && data[i - columns] > max) max = data[i - columns];
      if (y + 1 < rows && data[i + columns] > max) max = data[i + columns];
      out[i] = max;
    }
  return out;
}

/**
 * Adds rows of a plane to the means of blocks; a block at the lower or right edge may be smaller.
 * @param y0 row of the plane at which `data` begins, a multiple of {@link lightBlock}
 * @param means `[rows, columns]`
 */
export function addBlockMeans(
  data: Float32Array,
  y0: number,
  width: number,
  height: number,
  means: Float32Array,
): void {
  const columns = Math.ceil(width / lightBlock);
  for (let y = 0; y < data.length / width; y++) {
    const row = Math.floor((y0 + y) / lightBlock);
    const high = Math.min(lightBlock, height - row * lightBlock);
    for (let x = 0; x < width; x++) {
      const column = Math.floor(x / lightBlock);
      const wide = Math.min(lightBlock, width - column * lightBlock);
      means[row * columns + column] += data[y * width + x] / (high * wide);
    }
  }
}

/** Out-of-focus light of some rows of a plane, interpolated between the centres of blocks: float32 `[count, width]`. */
export function outOfFocusRows(
  { rows, columns, planes }: Blocks,
  z: number,
  width: number,
  { y0, count }: { y0: number; count: number },
): Float32Array {
  const plane = planes[z];
  const out = new Float32Array(count * width);
  const place = (i: number, last: number) => {
    const at = Math.min(last, Math.max(0, (i + 0.5) / lightBlock - 0.5));
    const low = Math.floor(at);
    return { low, high: Math.min(last, low + 1), part: at - low };
  };
  const across = Array.from({ length: width }, (_, x) => place(x, columns - 1));
  for (let y = 0; y < count; y++) {
    const down = place(y0 + y, rows - 1);
    for (let x = 0; x < width; x++) {
      const { low, high, part } = across[x];
      const top = plane[down.low * columns + low] * (1 - part) + plane[down.low * columns + high] * part;
      const bottom = plane[down.high * columns + low] * (1 - part) + plane[down.high * columns + high] * part;
      out[y * width + x] = top * (1 - down.part) + bottom * down.part;
    }
  }
  return out;
}

function smoothStep(t: number): number {
  const inside = Math.min(1, Math.max(0, t));
  return inside * inside * (3 - 2 * inside);
}
