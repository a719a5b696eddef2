import { ParfocalError } from "../errors.ts";

/**
 * A model learns one pixel size.
 * @throws image.unfit for a source whose pixels differ by more than 2 %; usage for none at all
 */
export function checkPixelSizes(sources: readonly { name: string; pixelSize: number }[]): void {
  if (sources.length === 0) {
    throw new ParfocalError("usage", "Training needs at least one z-stack; none was given.", {});
  }
  const [first] = sources;
  for (const { name, pixelSize } of sources) {
    if (Math.abs(pixelSize / first.pixelSize - 1) <= 0.02) continue;
    const detail = `${name} has pixels of ${pixelSize} um, ${first.name} of ${first.pixelSize} um`;
    throw new ParfocalError("image.unfit", `A model learns one pixel size: ${detail}; train on stacks of one kind.`, {
      path: name,
      detail,
    });
  }
}
