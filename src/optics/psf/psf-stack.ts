/** A PSF as a z-stack: the image of one point. */

import { requireMemory } from "../../array/require-memory.ts";
import { throwIfAborted } from "../../errors.ts";
import type { Stack } from "../../image/image.ts";
import { requirePlausible } from "../../image/plausible-calibration.ts";
import type { PsfModel } from "./psf-model.ts";
import { requirePositive } from "./pupil.ts";

export interface PsfStackOptions {
  /** um */
  pixelSize: number;
  zStep: number;
  /**
   * Number of planes; the point is in the nominal focus of the middle one (of an even number, the one above the
   * middle).
   */
  planes: number;
  /** Height and width in pixels; default as the farthest plane needs, at most 256. */
  size?: number | undefined;
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: { done: number; total: number }) => void) | undefined;
}

/**
 * Planes of a PSF, lowest focal plane first: plane i has defocus (middle - i) x zStep, z(emitter) - z(focal plane). The
 * point is at `[planes / 2, size / 2, size / 2]`, rounded down. Values are shares of its light in each pixel.
 * @throws `usage` for impossible numbers, `interrupted`
 */
export function psfStack(model: PsfModel, options: PsfStackOptions): Stack {
  const { pixelSize, zStep, planes, signal, onProgress } = options;
  requirePlausible("pixel_size", pixelSize);
  requirePlausible("z_step", zStep, "z_step", { pixelSize });
  requirePositive("planes", planes, "a whole number such as 41");
  const middle = Math.floor(planes / 2);
  const farthest = middle * zStep;
  const size = options.size ?? Math.min(256, model.size(pixelSize, farthest));
  requireMemory({
    what: `A PSF of ${planes} planes of ${size} x ${size} pixels`,
    bytes: 4 * planes * size ** 2,
    advice: "fewer planes, or a smaller size",
    option: "size",
  });
  const data = new Float32Array(planes * size * size);
  for (let i = 0; i < planes; i++) {
    throwIfAborted(signal);
    const defocus = (middle - i) * zStep;
    // Computed on a grid wide enough and cropped, because light would wrap on a narrow grid.
    const whole = model.psf({ pixelSize, defocus, size: Math.max(evenUp(size), model.size(pixelSize, defocus)) });
    const first = whole.size / 2 - Math.floor(size / 2);
    for (let y = 0; y < size; y++) {
      const start = (first + y) * whole.size + first;
      data.set(whole.data.subarray(start, start + size), (i * size + y) * size);
    }
    onProgress?.({ done: i + 1, total: planes });
  }
  return {
    data,
    depth: planes,
    height: size,
    width: size,
    pixelSize: { y: pixelSize, x: pixelSize },
    zStep,
    optics: { na: model.na, wavelength: model.wavelength },
    dtype: "float32",
  };
}

/** The next power of two, as the sizes of the models are. */
function evenUp(size: number): number {
  let power = 2;
  while (power < size) power *= 2;
  return power;
}
