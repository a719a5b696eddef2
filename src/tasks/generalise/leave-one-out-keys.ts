/** Keys of the training configuration that suit stacks of several objectives, unless the user gives others. */

import { areEqualSizes, commonPixelSize } from "../../train/data/same-pixel-size.ts";
import { refocusKeys } from "../../train/refocus-defaults.ts";
import type { StackKind } from "./leave-one-out-source.ts";

/**
 * The given keys, and in addition:
 *
 * - `model_pixel_size`, where pixel sizes differ: see {@link commonPixelSize} and docs/decisions/pixel-size.md;
 * - for methods that refocus, the input planes and the range of distances that all stacks allow, see {@link
 *   refocusKeys}.
 */
export function keysForAll(
  given: Readonly<Record<string, unknown>>,
  kinds: readonly StackKind[],
): Record<string, unknown> {
  const sizes = kinds.map(({ pixelSize }) => pixelSize);
  const keys: Record<string, unknown> = areEqualSizes(sizes) ? {} : { model_pixel_size: commonPixelSize(sizes) };
  const { method = "deep-z" } = given;
  const stacks = kinds.map(({ planes, zStep, optics }) => ({ depth: planes, zStep, optics }));
  return { ...keys, ...refocusKeys(String(method), given, stacks), ...given };
}
