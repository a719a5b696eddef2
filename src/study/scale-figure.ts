/** The same image at other scales: pictures, and the gain over scale. */
import { type GridCell, type GridRow, pictureGrid } from "../figures/picture-grid.ts";
import { type NamedLine, plotLines } from "../figures/plots.ts";
import { type Figure, pixelOf, slug } from "./figure.ts";
import type { CandidateStudy } from "./study.ts";

export function scaleGrid({ candidate, scales, subject }: CandidateStudy): Figure | undefined {
  if (scales.length === 0) return undefined;
  const untold = scales.filter(({ told }) => !told);
  const told = untold.map(({ factor }) => scales.find((one) => one.told && one.factor === factor));
  const caption = ({ gain, hallucinated }: (typeof scales)[number]): string =>
    gain === undefined
      ? ""
      : `${gain > 0 ? "+" : ""}${gain.toFixed(1)} dB${hallucinated === undefined ? "" : `, ${Math.round(100 * hallucinated)} % hallucinated`}`;
  const cell = (one: (typeof scales)[number] | undefined): GridCell | undefined =>
    one && { plane: one.output, caption: caption(one) };
  const rows: GridRow[] = [
    { label: "input", cells: untold.map(({ input }) => ({ plane: input })) },
    { label: "output, without the new pixel size", cells: untold.map(cell) },
    ...(told.some(Boolean) ? [{ label: "output, with the new pixel size", cells: told.map(cell) }] : []),
    ...(untold.some(({ target }) => target)
      ? [{ label: "ground truth", cells: untold.map(({ target }) => target && { plane: target }) }]
      : []),
  ];
  return {
    id: `scales-${slug(candidate.name)}`,
    kind: "picture",
    title: `${candidate.name}: the same image at other scales`,
    caption:
      "The image was rescaled before it was given to the candidate, as users do who must fit it to a tool. Below each output: how much it gains over the best recorded baseline, and the share of its bright structures that nothing recorded explains. Outputs should look alike at every scale.",
    svg: pictureGrid(rows, {
      columns: untold.map(({ factor }) => `${factor} x`),
      pixelSize: pixelOf(subject),
      panelSize: 230,
    }),
  };
}

export async function scaleChart(studies: readonly CandidateStudy[]): Promise<Figure | undefined> {
  const lines = studies.flatMap(({ candidate, scales }): NamedLine[] =>
    [false, true].flatMap((told) => {
      const own = scales.filter((one) => (one.told === told || one.factor === 1) && one.gain !== undefined);
      if (own.length < 2) return [];
      return [
        {
          name: `${candidate.name}${told ? ", with pixel size" : ""}`,
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
    title: "Gain over scale",
    caption:
      "How much outputs gain over the best recorded baseline when the image is rescaled by a factor of two to the power of x, with and without the new pixel size. Above 0 is good; level is best.",
    svg: await plotLines(lines, {
      x: "log2 of the scale factor",
      y: "gain in PSNR (dB), higher is better",
      dots: true,
      zero: true,
    }),
  };
}
