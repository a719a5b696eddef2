/**
 * All figures of a study: those of the review, for any stack and any candidates, and those that show what the verdicts
 * rest on.
 */
import { directionMaps, distanceGrid } from "./distance-figure.ts";
import type { Figure } from "./figure.ts";
import { focusAlignmentFigures } from "./focus-alignment-figure.ts";
import { hallucinationChart, hallucinationMaps } from "./hallucination-figure.ts";
import { focusChart, montage, oneImage, planesGrid } from "./planes-figure.ts";
import { scaleChart, scaleGrid } from "./scale-figure.ts";
import { profileCharts, scoreCharts, widthChart } from "./score-figure.ts";
import { reliabilityChart, spreadPictures } from "./spread-figure.ts";
import type { StudiedStack } from "./studied-stack.ts";
import { type CandidateStudy, ensemblesOf } from "./study.ts";
import { thinningChart } from "./thinning-figure.ts";

/** Draws all figures that the data allow, in the order of the report. */
export async function studyFigures(studied: StudiedStack, studies: readonly CandidateStudy[]): Promise<Figure[]> {
  const figures: (Figure | undefined)[] = [
    montage(studied),
    await focusChart(studied),
    oneImage(studied, studies),
    ...studies.map(distanceGrid),
    ...studies.map(scaleGrid),
    planesGrid("every-plane", "Every plane and its output", studied, studies, undefined),
    planesGrid(
      "every-plane-structure",
      "Close-up of one structure in every plane",
      studied,
      studies,
      studied.structure,
    ),
    ...(await scoreCharts(studies)),
    ...(await Promise.all(studies.map(profileCharts))).flat(),
    ...studies.map(directionMaps),
    ...(await focusAlignmentFigures(studies)),
    ...studies.map(hallucinationMaps),
    await hallucinationChart(studies),
    await scaleChart(studies),
    await widthChart(studies),
    await thinningChart(studies),
    ...spreadPictures(studied, studies, ensemblesOf(studied, studies)),
    await reliabilityChart(studies),
  ];
  return figures.filter((figure) => figure !== undefined);
}
