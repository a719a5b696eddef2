/** Checks that two images can be compared. */
import { ParfocalError } from "../errors.ts";
import { refuseNonFinite } from "../image/pixel-place.ts";
import type { Picture } from "./picture.ts";

/**
 * Checks that two images have the same size and finite pixels.
 * @throws image.unfit for different sizes, a size that the data does not have, or pixels that are not finite
 */
export function checkPair(output: Picture, truth: Picture): void {
  if (output.height !== truth.height || output.width !== truth.width)
    throw unfit(
      `The output has ${output.height} x ${output.width} pixels (height x width), the ground truth ${truth.height} x ${truth.width}. They must have the same size, so crop or resample one of them.`,
    );
  for (const [name, picture] of [
    ["output", output],
    ["ground truth", truth],
  ] as const) {
    const { data, height, width } = picture;
    if (data.length !== height * width || data.length === 0)
      throw unfit(
        `The ${name} of ${height} x ${width} pixels holds ${data.length} values; expected ${height * width}.`,
      );
    refuseNonFinite(data, { what: `The ${name}`, width });
  }
}

/** @throws usage unless the data range is a finite number above 0 */
export function checkRange(dataRange: number): void {
  if (dataRange > 0 && Number.isFinite(dataRange)) return;
  const expected = "a number above 0: 255 for 8 bit, 65535 for 16 bit, or the range that the ground truth uses";
  throw new ParfocalError("usage", `The data range is ${dataRange}; expected ${expected}.`, {
    option: "data_range",
    got: dataRange,
    expected,
  });
}

function unfit(detail: string): ParfocalError {
  return new ParfocalError("image.unfit", detail, { detail });
}
