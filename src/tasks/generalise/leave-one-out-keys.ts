/** Keys of a training's configuration that suit stacks of several objectives, where the user has not said otherwise. */

import { areEqualSizes, commonPixelSize } from "../../train/data/same-pixel-size.ts";
import { refocusKeys } from "../../train/refocus-defaults.ts";
import type { StackKind } from "./leave-one-out-source.ts";

/**
 * The keys that are given, and beside them:
 *
 * - `model_pixel_size`, where pixels differ: see {@link commonPixelSize} and docs/decisions/pixel-size.md;
 * - of methods that refocus, where planes lie and how far to go: what all stacks can teach, see {@link refocusKeys}.
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
