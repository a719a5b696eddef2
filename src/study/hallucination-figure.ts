/**
 * Maps of structures that are in outputs but were not recorded, and a chart of how well the test finds such structures.
 */
import { divergingColour } from "../figures/colour-map.ts";
import { contrastOf, pictureGrid } from "../figures/picture-grid.ts";
import { type NamedLine, plotLines } from "../figures/plots.ts";
import { type Figure, pixelOf, slug } from "./figure.ts";
import type { CandidateStudy } from "./study.ts";

export function hallucinationMaps({ candidate, hallucinations, studied }: CandidateStudy): Figure | undefined {
  if (hallucinations === undefined) return undefined;
  const { output, reference, map, plane } = hallucinations.worst;
  const contrast = contrastOf(reference);
  return {
    id: `hallucinations-${slug(candidate.name)}`,
    kind: "picture",
    title: `${candidate.name}: structures in the output that were not recorded`,
    caption: `The output with the largest share of hallucinated structures (plane ${plane}). The map shows by how many standard deviations the output is brighter than ${hallucinations.against} can explain: 0 is white, 10 and more is dark red. From 6 on a place counts as hallucinated.`,
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
      { columns: ["Output", hallucinations.referenceName, "Excess"], pixelSize: pixelOf(studied), panelSize: 340 },
    ),
  };
}

/** ROC curves: share of planted structures that are found, over share of empty places that are mistaken for one. */
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
    title: "Sensitivity of the hallucination test",
    caption:
      "Spots and short lines as bright as real structures were added to empty places of an output. The curve shows the share of them that the test finds, over the share of empty places that it wrongly reports, for every threshold (ROC curve). A good test runs along the upper left edge; a diagonal means guessing. If the test finds planted structures badly, it can also miss real hallucinations.",
    svg: await plotLines(lines, {
      x: "false alarms (share of empty places)",
      y: "planted structures found (share), higher is better",
      zero: true,
    }),
  };
}
