/** Shifts and warps planes as a drifting stage, a tilted focus or a second channel does. */
import { createRealFft2 } from "../../array/fft.ts";
import { type Interpolation, sampleAt } from "../../array/resample.ts";
import { ParfocalError } from "../../errors.ts";
import type { Plane } from "../../image/image.ts";
import type { MisregistrationOptions } from "./stage-options.ts";

/**
 * Shifts a plane of a box whose sides wrap, by any fraction of a pixel and without interpolation, by the shift theorem.
 *
 * @param plane its sides are 2^a 3^b 5^c
 * @param shift pixels, towards larger coordinates where positive
 */
export function shiftWrapping(plane: Plane, shift: { dy: number; dx: number }): Plane {
  const { height, width } = plane;
  const plan = createRealFft2(height, width);
  const columns = plan.spectrumWidth;
  const real = new Float32Array(height * columns);
  const imag = new Float32Array(height * columns);
  plan.forward(plane.data, real, imag);
  const down = turns(height, height, shift.dy);
  const across = turns(columns, width, shift.dx);
  for (let v = 0; v < height; v++) {
    for (let u = 0; u < columns; u++) {
      const cos = down.cos[v] * across.cos[u] - down.sin[v] * across.sin[u];
      const sin = down.cos[v] * across.sin[u] + down.sin[v] * across.cos[u];
      const i = v * columns + u;
      const [re, im] = [real[i], imag[i]];
      real[i] = re * cos - im * sin;
      imag[i] = re * sin + im * cos;
    }
  }
  const data = new Float32Array(height * width);
  plan.inverse(real, imag, data);
  return { data, height, width };
}

/**
 * exp(-2 pi i f shift) for the first `count` frequencies of an axis; the highest frequency of an even axis stays real.
 */
function turns(count: number, length: number, shift: number): { cos: Float64Array; sin: Float64Array } {
  const angle = (i: number) => (-2 * Math.PI * (2 * i <= length ? i : i - length) * shift) / length;
  return {
    cos: Float64Array.from({ length: count }, (_, i) => Math.cos(angle(i))),
    sin: Float64Array.from({ length: count }, (_, i) => (2 * i === length ? 0 : Math.sin(angle(i)))),
  };
}

/**
 * A plane whose focus varies over the field, computed from evenly focused planes: every pixel is interpolated along z
 * (Catmull-Rom) at its own height. Planes as close as the slices of the volume are dense enough for it.
 *
 * @param planes `[n, height, width]`, focused at first, first + step, ... um
 * @param heightAt z of the focal plane at a pixel, um
 * @throws `usage` where a height lies outside the planes
 */
export function tiltFocus(
  planes: { data: Float32Array; height: number; width: number; first: number; step: number },
  heightAt: (y: number, x: number) => number,
): Plane {
  const { data, height, width, first, step } = planes;
  const size = height * width;
  const count = data.length / size;
  const out = new Float32Array(size);
  for (let i = 0; i < size; i++) {
    const z = heightAt(Math.floor(i / width), i % width);
    const at = (z - first) / step;
    if (!(at >= -1e-6 && at <= count - 1 + 1e-6)) {
      const range = `${first} to ${first + (count - 1) * step} um`;
      const message = `Tilted focus: a pixel is focused at ${z.toPrecision(4)} um, outside the planes, ${range}; image more planes.`;
      throw new ParfocalError("usage", message, { option: "tilt", got: z, expected: range });
    }
    const low = Math.min(Math.max(0, Math.floor(at)), Math.max(0, count - 2));
    const value = (k: number) => data[Math.min(count - 1, Math.max(0, k)) * size + i];
    out[i] = catmullRom(value(low - 1), value(low), value(low + 1), value(low + 2), at - low);
  }
  return { data: out, height, width };
}

function catmullRom(a: number, b: number, c: number, d: number, f: number): number {
  return b + (f * (c - a + f * (2 * a - 5 * b + 4 * c - d + f * (3 * (b - c) + d - a)))) / 2;
}

/**
 * The image of a second channel: the plane is scaled and rotated about its centre, then shifted, by cubic
 * interpolation; beyond its edges it is mirrored.
 */
export function misregister(
  plane: Plane,
  { shift, scale, rotation }: MisregistrationOptions,
  pixelSize: number,
  method: Interpolation = "cubic",
): Plane {
  const { height, width } = plane;
  const [cy, cx] = [(height - 1) / 2, (width - 1) / 2];
  const angle = (rotation * Math.PI) / 180;
  const [cos, sin] = [Math.cos(angle) / scale, Math.sin(angle) / scale];
  const data = new Float32Array(height * width);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [py, px] = [y - cy - shift[0] / pixelSize, x - cx - shift[1] / pixelSize];
      data[y * width + x] = sampleAt(plane, cy + cos * py - sin * px, cx + cos * px + sin * py, method);
    }
  }
  return { data, height, width };
}
