import type { Stack } from "./image.ts";

/** A z-stack for training, with its name in messages and in the model's description. */
export interface NamedStack {
  name: string;
  stack: Stack;
  /** The target: the same planes of the same place in another kind of image. */
  target?: Stack | undefined;
  /** The complex field in each plane of a coherent stack. */
  field?: { real: Stack; imag: Stack } | undefined;
  /** Whether it was simulated by a recipe, so that the positions of its stage are known. */
  simulated?: boolean | undefined;
}
