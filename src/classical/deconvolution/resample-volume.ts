/** Volumes read at other places than their voxels, axis by axis. */
import type { Extent, Volume } from "./volume.ts";

/**
 * Output i of an axis is centred at `start` + i x `step` of the input, in voxels, and is `step` wide where that is
 * above 1.
 */
export interface AxisSampling {
  length: number;
  start: number;
  step: number;
}

/**
 * Catmull-Rom interpolation (Keys 1981) along each axis, averaged over the width of an output voxel where that is wider
 * than an input voxel; what lies outside the volume is 0.
 */
export function resampleVolume(volume: Volume, z: AxisSampling, y: AxisSampling, x: AxisSampling): Volume {
  const { depth, height, width } = volume;
  let size: Extent = { depth, height, width };
  let data = volume.data;
  for (const [axis, sampling] of [
    ["depth", z],
    ["height", y],
    ["width", x],
  ] as const) {
    // Read where the voxels are: nothing to do.
    if (sampling.start === 0 && sampling.step === 1 && sampling.length === size[axis]) continue;
    data = alongAxis(data, size, axis, sampling);
    size = { ...size, [axis]: sampling.length };
  }
  return { ...size, data };
}

function alongAxis(
  data: Float32Array,
  size: Extent,
  axis: keyof Extent,
  { length, start, step }: AxisSampling,
): Float32Array {
  const from = size[axis];
  const inner = axis === "depth" ? size.height * size.width : axis === "height" ? size.width : 1;
  const outer = (size.depth * size.height * size.width) / (from * inner);
  const out = new Float32Array(outer * length * inner);
  // Points within an output voxel: about two for each input voxel that it covers.
  const points = step > 1 ? 2 * Math.ceil(step) : 1;
  for (let i = 0; i < length; i++) {
    const weights = new Map<number, number>();
    for (let p = 0; p < points; p++) {
      const at = start + i * step + (points > 1 ? ((p + 0.5) / points - 0.5) * step : 0);
      const floor = Math.floor(at);
      cubic(at - floor).forEach((weight, tap) => {
        const j = floor - 1 + tap;
        if (j >= 0 && j < from) weights.set(j, (weights.get(j) ?? 0) + weight / points);
      });
    }
    for (const [j, weight] of weights) {
      for (let o = 0; o < outer; o++) {
        const source = (o * from + j) * inner;
        const target = (o * length + i) * inner;
        for (let k = 0; k < inner; k++) out[target + k] += weight * data[source + k];
      }
    }
  }
  return out;
}

/** Weights of the four neighbours of a place at the fraction `f` between the middle two. */
function cubic(f: number): [number, number, number, number] {
  return [
    ((2 - f) * f - 1) * f * 0.5,
    ((3 * f - 5) * f * f + 2) * 0.5,
    ((4 - 3 * f) * f + 1) * f * 0.5,
    (f - 1) * f * f * 0.5,
  ];
}
