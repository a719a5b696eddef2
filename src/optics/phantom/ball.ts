/** Draws balls of uniform density, of which beads consist, slice by slice with smooth edges. */

/** A ball of fluorophore, um. Density may be negative: a hollow is a ball subtracted from a larger one. */
export interface Ball {
  x: number;
  y: number;
  z: number;
  radius: number;
  /** Fluorescence per um^3 in arbitrary units. */
  density: number;
}

export interface SliceGrid {
  /** Pixels; the image wraps at its edges. */
  height: number;
  width: number;
  pixelSize: number;
  /** The range of z that this slice covers, um. */
  bottom: number;
  top: number;
}

/**
 * Adds the part of a ball that lies in one slab: each pixel receives density x length of the ball along z inside the
 * slab (exact), averaged over the pixel's area (by samples: finer for small balls), so that edges are smooth in all
 * directions. The centre of pixel i is at i x pixelSize.
 *
 * @param image `[height, width]`
 */
export function drawBall(image: Float32Array, grid: SliceGrid, ball: Ball): void {
  const { height, width, pixelSize, bottom, top } = grid;
  const { x, y, z, radius, density } = ball;
  const nearest = Math.max(0, bottom - z, z - top);
  if (nearest >= radius) return;
  const reach = Math.sqrt(radius * radius - nearest * nearest);
  const samples = radius < 4 * pixelSize ? 6 : 3;
  const offsets = Float64Array.from({ length: samples }, (_, i) => ((i + 0.5) / samples - 0.5) * pixelSize);
  const weight = density / samples ** 2;
  const r2 = radius * radius;
  const firstX = Math.ceil((x - reach) / pixelSize - 0.5);
  const lastX = Math.floor((x + reach) / pixelSize + 0.5);
  const lastY = Math.floor((y + reach) / pixelSize + 0.5);
  for (let py = Math.ceil((y - reach) / pixelSize - 0.5); py <= lastY; py++) {
    const row = (((py % height) + height) % height) * width;
    for (let px = firstX; px <= lastX; px++) {
      let sum = 0;
      for (const oy of offsets) {
        const dy = py * pixelSize + oy - y;
        for (const ox of offsets) {
          const dx = px * pixelSize + ox - x;
          const h2 = r2 - dx * dx - dy * dy;
          if (h2 <= 0) continue;
          const h = Math.sqrt(h2);
          const length = Math.min(top, z + h) - Math.max(bottom, z - h);
          if (length > 0) sum += length;
        }
      }
      image[row + (((px % width) + width) % width)] += weight * sum;
    }
  }
}
