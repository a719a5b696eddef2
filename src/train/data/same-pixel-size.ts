import { ParfocalError } from "../../errors.ts";

/** Sizes that differ by less are taken as equal, also where models are applied. */
const tolerance = 0.02;

export const areAlike = (sizes: readonly number[]): boolean =>
  Math.max(...sizes) <= (1 + tolerance) * Math.min(...sizes);

/**
 * A size for stacks of several, um: the largest, so that no stack is given pixels that it does not have; see
 * docs/decisions/pixel-size.md.
 */
export const commonPixelSize = (sizes: readonly number[]): number => Number(Math.max(...sizes).toPrecision(6));

/** What to do about stacks of several pixel sizes, where a method learns from resampled ones. */
export const resampleAdvice = (sizes: readonly number[]): string =>
  `set model_pixel_size, such as ${commonPixelSize(sizes)}, to which all are resampled`;

/**
 * A model learns one pixel size.
 * @param resampled whether the method learns from resampled stacks, so that `model_pixel_size` is a way out; default
 *   true
 * @throws image.unfit for a source whose pixels differ by more than 2 %; usage for none at all
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
    const detail = `${name} has pixels of ${pixelSize} um, ${first.name} of ${first.pixelSize} um`;
    const other = resampled ? `, or ${resampleAdvice([pixelSize, first.pixelSize])}` : "";
    const message = `A model learns one pixel size: ${detail}; train on stacks of one kind${other}.`;
    throw new ParfocalError("image.unfit", message, { path: name, detail });
  }
}
