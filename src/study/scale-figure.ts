/** Figures of the same image at other scales: pictures, and a chart of the gain over scale. */
import { type GridCell, type GridRow, pictureGrid } from "../figures/picture-grid.ts";
import { type NamedLine, plotLines } from "../figures/plots.ts";
import { type Figure, pixelOf, slug } from "./figure.ts";
import type { CandidateStudy } from "./study.ts";

export function scaleGrid({ candidate, scales, studied }: CandidateStudy): Figure | undefined {
  if (scales.length === 0) return undefined;
  const withoutPixelSize = scales.filter(({ withPixelSize }) => !withPixelSize);
  const withPixelSize = withoutPixelSize.map(({ factor }) =>
    scales.find((one) => one.withPixelSize && one.factor === factor),
  );
  const caption = ({ gain, hallucinated }: (typeof scales)[number]): string =>
    gain === undefined
      ? ""
      : `${gain > 0 ? "+" : ""}${gain.toFixed(1)} dB${hallucinated === undefined ? "" : `, ${Math.round(100 * hallucinated)} % hallucinated`}`;
  const cell = (one: (typeof scales)[number] | undefined): GridCell | undefined =>
    one && { plane: one.output, caption: caption(one) };
  const rows: GridRow[] = [
    { label: "input", cells: withoutPixelSize.map(({ input }) => ({ plane: input })) },
    { label: "output, without the new pixel size", cells: withoutPixelSize.map(cell) },
    ...(withPixelSize.some(Boolean)
      ? [{ label: "output, with the new pixel size", cells: withPixelSize.map(cell) }]
      : []),
    ...(withoutPixelSize.some(({ target }) => target)
      ? [{ label: "ground truth", cells: withoutPixelSize.map(({ target }) => target && { plane: target }) }]
      : []),
  ];
  return {
    id: `scales-${slug(candidate.name)}`,
    kind: "picture",
    title: `${candidate.name}: the same image at several scales`,
    caption:
      "The image was enlarged or reduced before the model was applied, with and without the correct new pixel size. Below each output: its gain in PSNR over the best recorded baseline, and the share of its bright structures that were hallucinated. Outputs should look alike at every scale.",
    svg: pictureGrid(rows, {
      columns: withoutPixelSize.map(({ factor }) => `${factor} x`),
      pixelSize: pixelOf(studied),
      panelSize: 230,
    }),
  };
}

export async function scaleChart(studies: readonly CandidateStudy[]): Promise<Figure | undefined> {
  const lines = studies.flatMap(({ candidate, scales }): NamedLine[] =>
    [false, true].flatMap((withPixelSize) => {
      const own = scales.filter(
        (one) => (one.withPixelSize === withPixelSize || one.factor === 1) && one.gain !== undefined,
      );
      if (own.length < 2) return [];
      return [
        {
          name: `${candidate.name}${withPixelSize ? ", with new pixel size" : ""}`,
          points: own
            .map(({ factor, gain = Number.NaN }) => ({ x: Math.log2(factor), y: gain }))
            .sort((a, b) => a.x - b.x),
        },
      ];
    }),
  );
  if (lines.length === 0) return undefined;
  return {
    id: "scale",
    kind: "chart",
    title: "Gain in PSNR on rescaled images",
    caption:
      "Gain in PSNR over the best recorded baseline after the image was rescaled by a factor of 2 to the power of x, with and without the correct new pixel size. The gain should be above 0 and should not depend on the scale.",
    svg: await plotLines(lines, {
      x: "log2 of the scale factor",
      y: "gain in PSNR (dB), higher is better",
      dots: true,
      zero: true,
    }),
  };
}
