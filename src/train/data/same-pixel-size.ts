import { ParfocalError } from "../../errors.ts";

/** Pixel sizes that differ by less than this fraction count as equal, as where models are applied. */
const tolerance = 0.02;

export const areEqualSizes = (sizes: readonly number[]): boolean =>
  Math.max(...sizes) <= (1 + tolerance) * Math.min(...sizes);

/**
 * A common pixel size for stacks with different pixel sizes, um: the largest, so that no stack is upsampled; see
 * docs/decisions/pixel-size.md.
 */
export const commonPixelSize = (sizes: readonly number[]): number => Number(Math.max(...sizes).toPrecision(6));

/** Advice for stacks with different pixel sizes, where a method can be trained on resampled stacks. */
export const resampleAdvice = (sizes: readonly number[]): string =>
  `set model_pixel_size, for example to ${commonPixelSize(sizes)} (um), to resample all to one pixel size`;

/**
 * Checks that all sources have the same pixel size.
 * @param resampled whether the method can be trained on resampled stacks, so that `model_pixel_size` can be advised;
 *   default true
 * @throws image.unfit for a source whose pixel size differs by more than 2 %; usage without any source
 */
export function checkPixelSizes(
  sources: readonly { name: string; pixelSize: number }[],
  { resampled = true }: { resampled?: boolean } = {},
): void {
  if (sources.length === 0) {
    throw new ParfocalError("usage", "Training needs at least one z-stack; none was given.", {});
  }
  const [first] = sources;
  for (const { name, pixelSize } of sources) {
    if (Math.abs(pixelSize / first.pixelSize - 1) <= tolerance) continue;
    const detail = `${name} has pixels of ${pixelSize} um and ${first.name} of ${first.pixelSize} um`;
    const other = resampled ? `, or ${resampleAdvice([pixelSize, first.pixelSize])}` : "";
    const message = `All stacks must have the same pixel size, but ${detail}. Train on stacks with one pixel size${other}.`;
    throw new ParfocalError("image.unfit", message, { path: name, detail });
  }
}
