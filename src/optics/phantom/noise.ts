/** Textures: smooth random functions of position, independent of the sampling. */
import type { Random } from "../../array/random.ts";

/** Numbers of mean 0 and variance 1 on a periodic cubic lattice. */
export interface NoiseLattice {
  readonly size: number;
  readonly values: Float32Array;
}

const SIZE = 64;

/**
 * The factor by which interpolation with the smooth step reduces the variance of the lattice: 26/35 along each axis.
 */
const LATTICE_VARIANCE = (26 / 35) ** 3;

/** A lattice of 64^3 uniform random numbers. */
export function createNoiseLattice(random: Random): NoiseLattice {
  const values = new Float32Array(SIZE ** 3);
  const spread = Math.sqrt(12);
  for (let i = 0; i < values.length; i++) values[i] = (random.uniform() - 0.5) * spread;
  return { size: SIZE, values };
}

/**
 * Value noise: the lattice interpolated at (x, y, z) by the smooth step 3t^2 - 2t^3 along each axis. Its variance is
 * {@link LATTICE_VARIANCE}.
 */
export function noiseAt(lattice: NoiseLattice, x: number, y: number, z: number): number {
  const mask = lattice.size - 1;
  const v = lattice.values;
  const fx = Math.floor(x);
  const fy = Math.floor(y);
  const fz = Math.floor(z);
  const x0 = fx & mask;
  const x1 = (fx + 1) & mask;
  const y0 = (fy & mask) * SIZE;
  const y1 = ((fy + 1) & mask) * SIZE;
  const z0 = (fz & mask) * SIZE * SIZE;
  const z1 = ((fz + 1) & mask) * SIZE * SIZE;
  let t = x - fx;
  const tx = t * t * (3 - 2 * t);
  t = y - fy;
  const ty = t * t * (3 - 2 * t);
  t = z - fz;
  const tz = t * t * (3 - 2 * t);
  let a = v[z0 + y0 + x0];
  const near0 = a + tx * (v[z0 + y0 + x1] - a);
  a = v[z0 + y1 + x0];
  const near1 = a + tx * (v[z0 + y1 + x1] - a);
  a = v[z1 + y0 + x0];
  const far0 = a + tx * (v[z1 + y0 + x1] - a);
  a = v[z1 + y1 + x0];
  const far1 = a + tx * (v[z1 + y1 + x1] - a);
  const near = near0 + ty * (near1 - near0);
  return near + tz * (far0 + ty * (far1 - far0) - near);
}

/** One layer of a texture. */
export interface Octave {
  /** Distance between lattice points, um: blobs are about twice as wide. */
  scale: number;
  /** Its standard deviation in the sum. */
  amplitude: number;
}

/**
 * A sum of octaves, each rotated against the others to hide the lattice; its variance is the sum of the squared
 * amplitudes.
 *
 * @param voxel length over which each value is averaged, um: finer octaves fade accordingly
 * @returns the texture at a point, um
 */
export function createTexture(
  lattice: NoiseLattice,
  octaves: readonly Octave[],
  voxel: { xy: number; z: number },
): (x: number, y: number, z: number) => number {
  const layers = octaves.map(({ scale, amplitude }, i) => {
    const c = Math.cos(1.1 + 2.4 * i);
    const s = Math.sin(1.1 + 2.4 * i);
    const fade = lengthFade(voxel.xy / scale) ** 2 * lengthFade(voxel.z / scale);
    return { c, s, inverse: 1 / scale, weight: (amplitude * fade) / Math.sqrt(LATTICE_VARIANCE), shift: 17.3 * i };
  });
  return (x, y, z) => {
    let sum = 0;
    for (let i = 0; i < layers.length; i++) {
      const { c, s, inverse, weight, shift } = layers[i];
      // Rotated about z, then about x, which is cheap and gives every octave different axes.
      const u = (c * x - s * y) * inverse;
      const v = (s * x + c * y) * inverse;
      const w = z * inverse;
      sum += weight * noiseAt(lattice, u + shift, c * v - s * w + shift, s * v + c * w);
    }
    return sum;
  };
}

/** The factor by which averaging over `ratio` lattice distances along one axis reduces the standard deviation. */
function lengthFade(ratio: number): number {
  return 1 / Math.sqrt(1 + 0.35 * ratio * ratio);
}
