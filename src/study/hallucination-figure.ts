/** What is in outputs and was not recorded: maps, and how well such things would be found. */
import { divergingColour } from "../figures/colour-map.ts";
import { contrastOf, pictureGrid } from "../figures/picture-grid.ts";
import { type NamedLine, plotLines } from "../figures/plots.ts";
import { type Figure, pixelOf, slug } from "./figure.ts";
import type { CandidateStudy } from "./study.ts";

export function hallucinationMaps({ candidate, hallucinations, subject }: CandidateStudy): Figure | undefined {
  if (hallucinations === undefined) return undefined;
  const { output, reference, map, plane } = hallucinations.worst;
  const contrast = contrastOf(reference);
  return {
    id: `hallucinations-${slug(candidate.name)}`,
    kind: "picture",
    title: `${candidate.name}: what is in the output and was not recorded`,
    caption: `The output with most of it (plane ${plane}). The map shows by how many standard deviations the output is brighter than ${hallucinations.against} explains: white 0, dark red 10 and more; from 6 on a place counts as hallucinated.`,
    svg: pictureGrid(
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
      { columns: ["Output", hallucinations.referenceName, "Excess"], pixelSize: pixelOf(subject), panelSize: 340 },
    ),
  };
}

/** Of planted structures, how many are found, over how many empty places are taken for one. */
export async function hallucinationChart(studies: readonly CandidateStudy[]): Promise<Figure | undefined> {
  const lines = studies.flatMap(({ candidate, hallucinations }): NamedLine[] =>
    hallucinations?.planted === undefined || hallucinations.planted.curve.length < 2
      ? []
      : [
          {
            name: candidate.name,
            points: hallucinations.planted.curve.map(({ falseAlarmRate, detectionRate }) => ({
              x: falseAlarmRate,
              y: detectionRate,
            })),
          },
        ],
  );
  if (lines.length === 0) return undefined;
  return {
    id: "hallucinations-roc",
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
