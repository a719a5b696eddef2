/** Augmentation: patches turned and brightened. */
import type { Random } from "../../array/random.ts";

/** How a patch is turned and brightened; the same for its input and its target. */
export interface View {
  flipY: boolean;
  flipX: boolean;
  transpose: boolean;
  gain: number;
  shift: number;
}

export const plainView: View = { flipY: false, flipX: false, transpose: false, gain: 1, shift: 0 };

/** The PSF of an objective is round, so that turned patches are as real as the recorded ones; z is never turned. */
export function drawView(random: Random): View {
  return {
    flipY: random.uniform() < 0.5,
    flipX: random.uniform() < 0.5,
    transpose: random.uniform() < 0.5,
    gain: Math.exp(random.between(-0.25, 0.25)),
    shift: random.between(-0.02, 0.02),
  };
}

/** A square patch of a plane `[height, width]` that begins at `base` in `data`, seen in a view; `[p, p]` into `out`. */
export function copyPatch(
  data: Float32Array,
  base: number,
  width: number,
  p: number,
  view: View,
  out: Float32Array,
): void {
  for (let i = 0; i < p; i++) {
    const a = view.flipY ? p - 1 - i : i;
    for (let j = 0; j < p; j++) {
      const b = view.flipX ? p - 1 - j : j;
      const at = view.transpose ? base + b * width + a : base + a * width + b;
      out[i * p + j] = data[at] * view.gain + view.shift;
    }
  }
}
