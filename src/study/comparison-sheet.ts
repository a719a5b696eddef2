/** The planes of a comparison as a contact sheet: first input, output, ground truth and difference. */

import { contactSheet } from "../figures/contact-sheet.ts";
import { planeOf, type Stack } from "../image/image.ts";
import type { Comparison } from "./compare-stacks.ts";

/** Largest number of rows of the contact sheet. */
const maxRows = 8;

/**
 * A drawing (SVG text) of up to eight evenly chosen planes, including the first and the last, each with its scores. The title gives
 * the data range that the scores were computed with.
 * @param stacks as they were compared; `input` has one plane or as many planes as the others
 */
export function comparisonSheet(
  { output, truth, input }: { output: Stack; truth: Stack; input: Stack },
  { planes, dataRange, dataRangeOf }: Comparison,
): string {
  const count = Math.min(maxRows, planes.length);
  const chosen = Array.from({ length: count }, (_, i) =>
    Math.round((i * (planes.length - 1)) / Math.max(1, count - 1)),
  );
  const rows = chosen.map((z) => {
    const { output: outputScores, input: inputScores } = planes[z];
    return {
      label: truth.zStep === undefined ? `plane ${z}` : `plane ${z}, ${Number((z * truth.zStep).toPrecision(4))} um`,
      input: planeOf(input, input.depth === 1 ? 0 : z),
      output: planeOf(output, z),
      truth: planeOf(truth, z),
      outputScores,
      ...(inputScores && { inputScores }),
    };
  });
  const { pixelSize } = truth;
  return contactSheet(rows, {
    title: `PSNR and SSIM with a data range of ${Number(dataRange.toPrecision(6))} counts (${dataRangeOf})`,
    ...(pixelSize && { pixelSize: pixelSize.x }),
  });
}
