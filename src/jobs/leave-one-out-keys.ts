/** Keys of a training's configuration that suit stacks of several lenses, where the user has not said otherwise. */
import { areAlike, commonPixelSize } from "../train/same-pixel-size.ts";
import type { StackKind } from "./leave-one-out-source.ts";

/** What a stack lets a network go, um, where it goes farther: the standard of the refocusing systems. */
const farthest = 4;

/**
 * The keys that are given, and beside them:
 *
 * - `model_pixel_size`, where pixels differ: see {@link commonPixelSize} and docs/decisions/pixel-size.md;
 * - for Deep-Z and Recurrent-MZ `distance_range`: what the thinnest stack allows from its middle, 4 um at most;
 * - for Deep-Z `input_offsets`: two planes, half as far apart as it refocuses, at a distance that every stack has (to a quarter of its z step,
 *   which is what training allows). One plane alone cannot tell the direction.
 */
export function keysForAll(
  given: Readonly<Record<string, unknown>>,
  kinds: readonly StackKind[],
): Record<string, unknown> {
  const sizes = kinds.map(({ pixelSize }) => pixelSize);
  const keys: Record<string, unknown> = areAlike(sizes) ? {} : { model_pixel_size: commonPixelSize(sizes) };
  const steps = kinds.flatMap(({ zStep }) => (zStep === undefined ? [] : [zStep]));
  const { model = "deep-z" } = given;
  if (steps.length === kinds.length && (model === "deep-z" || model === "recurrent-mz")) {
    const reach = Math.min(farthest, ...kinds.map(({ zStep = 0, planes }) => zStep * Math.floor((planes - 1) / 2)));
    const range = [-rounded(reach), rounded(reach)];
    keys.distance_range = range;
    if (model === "recurrent-mz") keys.plane_range = range;
    else keys.input_offsets = [0, ...offsetFor(steps, reach)];
  }
  return { ...keys, ...given };
}

/** The distance nearest to half of `reach` at which every stack has a plane; none where there is none. */
function offsetFor(steps: readonly number[], reach: number): number[] {
  const finest = Math.min(...steps);
  const multiples = Array.from({ length: Math.floor(reach / finest + 1e-6) }, (_, i) => rounded((i + 1) * finest));
  const fits = (offset: number): boolean =>
    steps.every((step) => {
      const planes = Math.round(offset / step);
      return planes !== 0 && Math.abs(planes * step - offset) <= 0.25 * step;
    });
  const found = multiples.filter(fits);
  const off = (offset: number): number => Math.abs(offset - reach / 2);
  return found.length === 0 ? [] : [found.reduce((best, one) => (off(one) < off(best) - 1e-9 ? one : best))];
}

const rounded = (um: number): number => Number(um.toFixed(6));
