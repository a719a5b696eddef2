/** Augmentation of patches: flips, transposition and brightness. */
import type { Random } from "../../array/random.ts";

/** The augmentation of a patch, the same for its input and its target. */
export interface Augmentation {
  flipY: boolean;
  flipX: boolean;
  transpose: boolean;
  gain: number;
  shift: number;
}

export const noAugmentation: Augmentation = { flipY: false, flipX: false, transpose: false, gain: 1, shift: 0 };

/**
 * Draws a random augmentation. The PSF of an objective is rotationally symmetric, so that flipped and transposed
 * patches are realistic; z is never flipped.
 */
export function drawAugmentation(random: Random): Augmentation {
  return {
    flipY: random.uniform() < 0.5,
    flipX: random.uniform() < 0.5,
    transpose: random.uniform() < 0.5,
    gain: Math.exp(random.between(-0.25, 0.25)),
    shift: random.between(-0.02, 0.02),
  };
}

/**
 * Copies a square patch of a plane `[height, width]`, which begins at `base` in `data`, into `out` `[p, p]` with an
 * augmentation.
 */
export function copyPatch(
  data: Float32Array,
  base: number,
  width: number,
  p: number,
  augmentation: Augmentation,
  out: Float32Array,
): void {
  for (let i = 0; i < p; i++) {
    const a = augmentation.flipY ? p - 1 - i : i;
    for (let j = 0; j < p; j++) {
      const b = augmentation.flipX ? p - 1 - j : j;
      const at = augmentation.transpose ? base + b * width + a : base + a * width + b;
      out[i * p + j] = data[at] * augmentation.gain + augmentation.shift;
    }
  }
}
