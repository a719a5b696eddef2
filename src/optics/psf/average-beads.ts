/** A measured PSF: the mean of many beads, each shifted to the centre. */
import { createRealFft2, nextFastSize } from "../../array/fft.ts";
import type { Stack } from "../../image/image.ts";

/** A bead's own stack and where its middle is, in pixels and planes. */
export interface CentredBead {
  stack: Stack;
  x: number;
  y: number;
  z: number;
  background: number;
  /** Counts of its brightest pixel above the background. */
  peak: number;
}

/**
 * Mean of (bead - background) / peak over beads of one size. Each bead is shifted to the centre: laterally by the shift
 * theorem, which is exact for band-limited images, and along z by linear interpolation. Beyond the end of a stack its
 * outermost plane is used.
 *
 * @returns as high and wide as the beads, of `2 r + 1` planes, r those that every bead has on either side, the middle
 * at
 * `[depth / 2, height / 2, width / 2]`, rounded down; the middle's value is about 1
 */
export function averageBeads(beads: readonly CentredBead[]): Stack {
  const [{ stack: first }] = beads;
  const { height, width } = first;
  const reach = Math.max(
    0,
    Math.min(...beads.map(({ stack, z }) => Math.floor(Math.min(Math.round(z), stack.depth - 1 - Math.round(z))))),
  );
  const depth = 2 * reach + 1;
  const size = height * width;
  const sum = new Float32Array(depth * size);
  for (const { stack, x, y, z, background, peak } of beads) {
    const dy = Math.floor(height / 2) - y;
    const dx = Math.floor(width / 2) - x;
    for (let i = 0; i < depth; i++) {
      const plane = between(stack, z + i - reach);
      for (let k = 0; k < size; k++) plane[k] = (plane[k] - background) / peak;
      const moved = shifted(plane, height, width, dy, dx);
      for (let k = 0; k < size; k++) sum[i * size + k] += moved[k] / beads.length;
    }
  }
  return { ...first, data: sum, depth, dtype: "float32" };
}

/** The plane at a height, between two of the stack; the nearest one beyond its ends. */
function between({ data, depth, height, width }: Stack, z: number): Float32Array {
  const size = height * width;
  const low = Math.min(depth - 1, Math.max(0, Math.floor(z)));
  const high = Math.min(depth - 1, low + 1);
  const share = Math.min(1, Math.max(0, z - low));
  const plane = data.slice(low * size, (low + 1) * size);
  if (share > 0) for (let k = 0; k < size; k++) plane[k] += share * (data[high * size + k] - plane[k]);
  return plane;
}

/** The plane shifted by (dy, dx) pixels; its edge pixels are repeated outwards, so that nothing wraps into it. */
function shifted(plane: Float32Array, height: number, width: number, dy: number, dx: number): Float32Array {
  const [tall, wide] = [nextFastSize(height + 16), nextFastSize(width + 16)];
  const [top, left] = [(tall - height) >> 1, (wide - width) >> 1];
  const padded = new Float32Array(tall * wide);
  const clamp = (i: number, n: number) => Math.min(n - 1, Math.max(0, i));
  for (let y = 0; y < tall; y++)
    for (let x = 0; x < wide; x++)
      padded[y * wide + x] = plane[clamp(y - top, height) * width + clamp(x - left, width)];
  const plan = createRealFft2(tall, wide);
  const real = new Float32Array(tall * plan.spectrumWidth);
  const imag = new Float32Array(tall * plan.spectrumWidth);
  plan.forward(padded, real, imag);
  for (let v = 0; v < tall; v++) {
    const fv = (v < tall / 2 ? v : v - tall) / tall;
    for (let u = 0; u < plan.spectrumWidth; u++) {
      const k = v * plan.spectrumWidth + u;
      const angle = -2 * Math.PI * (fv * dy + (u / wide) * dx);
      const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
      [real[k], imag[k]] = [real[k] * cos - imag[k] * sin, real[k] * sin + imag[k] * cos];
    }
  }
  plan.inverse(real, imag, padded);
  const out = new Float32Array(height * width);
  for (let y = 0; y < height; y++) {
    const start = (y + top) * wide + left;
    out.set(padded.subarray(start, start + width), y * width);
  }
  return out;
}
