/**
 * Total variation, the sum over all voxels of |gradient x|: small for flat areas with sharp borders, large for noise.
 *
 * Source: Dey, Blanc-Feraud, Zimmer, Roux, Kam, Olivo-Marin & Zerubia, Microsc. Res. Tech. 69, 260 (2006), eq. 9: the
 * Richardson-Lucy update is divided by 1 - lambda div(grad x / |grad x|).
 */
import type { Extent } from "./volume.ts";

/**
 * out = div(grad x / |grad x|), forward differences for the gradient and backward ones, their adjoint, for the
 * divergence, on a grid that wraps. Between -2 n and 2 n for n axes, so that lambda < 1 / (2 n) keeps the denominator
 * above 0.
 *
 * @param x, out `[depth, height, width]`, not the same array
 * @param options.epsilon gradients far below this count as flat
 * @param options.steepness of the z axis: pixel size / z step, so that a gradient is one per length and not per voxel
 */
export function curvature(
  x: Float32Array,
  out: Float32Array,
  { depth, height, width }: Extent,
  options: { epsilon: number; steepness: number },
): void {
  const { epsilon, steepness } = options;
  const small = epsilon * epsilon;
  const plane = height * width;
  const deep = depth > 1;
  out.fill(0);
  for (let z = 0; z < depth; z++) {
    const up = deep ? ((z + 1) % depth) * plane - z * plane : 0;
    for (let y = 0; y < height; y++) {
      const row = z * plane + y * width;
      const down = y + 1 < height ? width : width - plane;
      for (let c = 0; c < width; c++) {
        const i = row + c;
        const right = c + 1 < width ? 1 : 1 - width;
        const v = x[i];
        const dx = x[i + right] - v;
        const dy = x[i + down] - v;
        const dz = deep ? steepness * (x[i + up] - v) : 0;
        const inverse = 1 / Math.sqrt(dx * dx + dy * dy + dz * dz + small);
        // The divergence of the unit gradient p is sum of p(i) - p(i - 1): each p is added here and taken off there.
        out[i] += (dx + dy + steepness * dz) * inverse;
        out[i + right] -= dx * inverse;
        out[i + down] -= dy * inverse;
        if (deep) out[i + up] -= steepness * dz * inverse;
      }
    }
  }
}
