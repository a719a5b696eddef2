import type { Stack } from "./image.ts";

/** A z-stack to learn from, and what it is called in messages and in the model's description. */
export interface NamedStack {
  name: string;
  stack: Stack;
  /** What a network shall make of it: the same planes of the same place in another kind of image. */
  target?: Stack | undefined;
  /** The complex field in each plane of a coherent stack. */
  field?: { real: Stack; imag: Stack } | undefined;
  /** Made by a recipe, so that what its stage did is known. */
  simulated?: boolean | undefined;
}
