/** What is in outputs and was not recorded: maps, and how well such things would be found. */
import { divergingColour } from "../figures/colour-map.ts";
import { contrastOf, pictureGrid } from "../figures/picture-grid.ts";
import { type NamedLine, plotLines } from "../figures/plots.ts";
import { type Figure, pixelOf, slug } from "./figure.ts";
import type { CandidateStudy } from "./study.ts";

export function inventionMaps({ candidate, inventions, subject }: CandidateStudy): Figure | undefined {
  if (inventions === undefined) return undefined;
  const { output, reference, map, plane } = inventions.worst;
  const contrast = contrastOf(reference);
  return {
    id: `inventions-${slug(candidate.name)}`,
    kind: "picture",
    title: `${candidate.name}: what is in the output and was not recorded`,
    caption: `The output with most of it (plane ${plane}). The map shows by how many standard deviations the output is brighter than ${inventions.against} explains: white 0, dark red 10 and more; from 6 on a place counts as hallucinated.`,
    png: pictureGrid(
      [
        {
          label: "",
          cells: [
            { plane: output, contrast },
            { plane: reference, contrast },
            { plane: map, contrast: [0, 10], colour: (value) => divergingColour(Math.max(0, value)) },
          ],
        },
      ],
      { columns: ["Output", inventions.referenceName, "Excess"], pixelSize: pixelOf(subject), panelSize: 340 },
    ),
  };
}

/** Of planted structures, how many are found, over how many empty places are taken for one. */
export async function inventionChart(studies: readonly CandidateStudy[]): Promise<Figure | undefined> {
  const lines = studies.flatMap(({ candidate, inventions }): NamedLine[] =>
    inventions?.planted === undefined || inventions.planted.curve.length < 2
      ? []
      : [
          {
            name: candidate.name,
            points: inventions.planted.curve.map(({ falseAlarmRate, detectionRate }) => ({
              x: falseAlarmRate,
              y: detectionRate,
            })),
          },
        ],
  );
  if (lines.length === 0) return undefined;
  return {
    id: "inventions-roc",
    kind: "chart",
    title: "How well would hallucinations be found?",
    caption:
      "Spots and short lines as bright as real structures, planted into an output where nothing is: the share that the map finds, over the share of empty places that it takes for one, at every threshold. Lines should run along the upper left edge; a diagonal is a guess.",
    svg: await plotLines(lines, {
      x: "empty places taken for hallucinations",
      y: "planted hallucinations found, higher is better",
      zero: true,
    }),
  };
}
