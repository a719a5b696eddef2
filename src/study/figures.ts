/** The figures of a study: those of the review, for any stack and any candidates, and the pictures behind the verdicts. */
import { directionMaps, distanceGrid } from "./distance-figure.ts";
import type { Figure } from "./figure.ts";
import { focusAlignmentFigures } from "./focus-alignment-figure.ts";
import { hallucinationChart, hallucinationMaps } from "./hallucination-figure.ts";
import { focusChart, montage, oneImage, planesGrid } from "./planes-figure.ts";
import { scaleChart, scaleGrid } from "./scale-figure.ts";
import { profileCharts, scoreCharts, widthChart } from "./score-figure.ts";
import { splitChart } from "./split-figure.ts";
import { reliabilityChart, spreadPictures } from "./spread-figure.ts";
import { type CandidateStudy, ensemblesOf } from "./study.ts";
import type { Subject } from "./subject.ts";

/** All figures that the data allow, in the order of the report. */
export async function studyFigures(subject: Subject, studies: readonly CandidateStudy[]): Promise<Figure[]> {
  const figures: (Figure | undefined)[] = [
    montage(subject),
    await focusChart(subject),
    oneImage(subject, studies),
    ...studies.map(distanceGrid),
    ...studies.map(scaleGrid),
    planesGrid("every-plane", "Every plane, and its output", subject, studies, undefined),
    planesGrid("every-plane-object", "Every plane around one structure", subject, studies, subject.object),
    ...(await scoreCharts(studies)),
    ...(await Promise.all(studies.map(profileCharts))).flat(),
    ...studies.map(directionMaps),
    ...(await focusAlignmentFigures(studies)),
    ...studies.map(hallucinationMaps),
    await hallucinationChart(studies),
    await scaleChart(studies),
    await widthChart(studies),
    await splitChart(studies),
    ...spreadPictures(subject, studies, ensemblesOf(subject, studies)),
    await reliabilityChart(studies),
  ];
  return figures.filter((figure) => figure !== undefined);
}
