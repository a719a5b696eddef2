/** Draws a function of position, averaged over voxels. */
import type { Volume } from "./volume.ts";

/** A box in um; x and y may leave the volume, whose sides wrap. */
export interface Bounds {
  low: readonly [x: number, y: number, z: number];
  high: readonly [x: number, y: number, z: number];
}

/** Points per voxel along each axis: about `detail` apart, at most 1.15 times that. */
export function samplesPerVoxel(volume: Volume, detail: number): { xy: number; z: number } {
  const parts = (size: number) => Math.max(1, Math.ceil(size / detail - 0.15));
  return { xy: parts(volume.pixelSize), z: parts(volume.sliceStep) };
}

/**
 * Adds a function of position to the voxels of a box; each voxel receives the mean over a lattice of points.
 *
 * @param detail finest length to resolve, um: points are at most 1.15 times as far apart
 * @param density at a point in um, inside the bounds
 */
export function drawShape(
  volume: Volume,
  bounds: Bounds,
  detail: number,
  density: (x: number, y: number, z: number) => number,
): void {
  const { data, depth, height, width, pixelSize, sliceStep, bottom } = volume;
  const parts = samplesPerVoxel(volume, detail);
  const offsets = (n: number, size: number) => Float64Array.from({ length: n }, (_, i) => ((i + 0.5) / n - 0.5) * size);
  const lateral = offsets(parts.xy, pixelSize);
  const axial = offsets(parts.z, sliceStep);
  const weight = 1 / (parts.xy ** 2 * parts.z);
  const firstX = Math.ceil(bounds.low[0] / pixelSize - 0.5);
  const lastX = Math.floor(bounds.high[0] / pixelSize + 0.5);
  const firstY = Math.ceil(bounds.low[1] / pixelSize - 0.5);
  const lastY = Math.floor(bounds.high[1] / pixelSize + 0.5);
  const firstZ = Math.max(0, Math.ceil((bounds.low[2] - bottom) / sliceStep - 0.5));
  const lastZ = Math.min(depth - 1, Math.floor((bounds.high[2] - bottom) / sliceStep + 0.5));
  for (let k = firstZ; k <= lastZ; k++) {
    const z = bottom + k * sliceStep;
    for (let j = firstY; j <= lastY; j++) {
      const row = (k * height + (((j % height) + height) % height)) * width;
      for (let i = firstX; i <= lastX; i++) {
        let sum = 0;
        for (let c = 0; c < parts.z; c++)
          for (let b = 0; b < parts.xy; b++)
            for (let a = 0; a < parts.xy; a++)
              sum += density(i * pixelSize + lateral[a], j * pixelSize + lateral[b], z + axial[c]);
        if (sum !== 0) data[row + (((i % width) + width) % width)] += weight * sum;
      }
    }
  }
}

/** The value of a soft edge `softness` um wide at a signed distance (positive inside): 0 outside, 1 inside. */
export function edge(distance: number, softness: number): number {
  return Math.min(1, Math.max(0, 0.5 + distance / softness));
}

/** A bell of height 1 that is 0 from `radius` on: (1 - (d/r)^2)^2. */
export function bump(distanceSquared: number, radius: number): number {
  const t = 1 - distanceSquared / (radius * radius);
  return t <= 0 ? 0 : t * t;
}
