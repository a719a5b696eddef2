/** The uncertainty of models in the report of a study: maps, the reliability chart, and tables. */
import { percentile } from "../array/statistics.ts";
import { divergingColour } from "../figures/colour-map.ts";
import { contrastOf, type GridCell, pictureGrid } from "../figures/picture-grid.ts";
import { plotLines } from "../figures/plots.ts";
import type { ReportSection } from "../figures/report.ts";
import type { Plane } from "../image/image.ts";
import type { Candidate } from "./candidate.ts";
import type { EnsembleSpread } from "./ensemble-spread.ts";
import type { Figure } from "./figure.ts";
import type { SpreadEvidence } from "./spread-evidence.ts";
import type { SpreadMap } from "./spread-map.ts";
import type { StudiedStack } from "./studied-stack.ts";

/** The part of a candidate's study that is shown. */
export interface SpreadStudy {
  candidate: Pick<Candidate, "name">;
  spread: SpreadEvidence | undefined;
}

type Known = SpreadStudy & { spread: SpreadEvidence };
const isKnown = (study: SpreadStudy): study is Known => study.spread !== undefined;

/** Largest number of models of an ensemble whose outputs are shown. */
const maxShown = 4;

/**
 * For every candidate that predicts its spread, and for every ensemble: one plane with a map of its uncertainty and a
 * map of its error.
 */
export function spreadPictures(
  { stack }: { stack: Pick<StudiedStack["stack"], "pixelSize"> },
  studies: readonly SpreadStudy[],
  ensembles: readonly EnsembleSpread[],
): Figure[] {
  const picture = (columns: string[], cells: GridCell[]): string =>
    pictureGrid([{ label: "", cells }], { columns, pixelSize: stack.pixelSize?.x, panelSize: 260 });
  const own = studies.filter(isKnown).map(({ candidate, spread }, i): Figure => {
    const { map, error, limit, names } = cellsOf(spread.typical, spread.against);
    const output = {
      plane: spread.typical.output,
      contrast: contrastOf(spread.typical.known?.target ?? spread.typical.output),
    };
    return {
      id: `spread-map-${i + 1}`,
      kind: "picture",
      title: `${candidate.name}: where the model is uncertain`,
      caption: `Uncertainty of plane ${spread.typical.plane}. The map shows the scale of the Laplace distribution that the model predicts for every pixel: ${colours(limit)}${error.length > 0 ? " Beside it is the error of the model, in the same colours. Both maps should be dark in the same places." : ""} A model is not uncertain about faults that all its training images share.`,
      svg: picture(["Output", "Uncertainty", ...names], [output, map, ...error]),
    };
  });
  const together = ensembles.map((ensemble): Figure => {
    const { typical, task } = ensemble;
    const { map, error, limit, names } = cellsOf(typical, ensemble.against);
    const shown = typical.outputs.slice(0, maxShown);
    const left = typical.outputs.length - shown.length;
    return {
      id: `spread-ensemble-${task}`,
      kind: "picture",
      title: `Where models ${task === "refocus" ? "that refocus" : "that section"} disagree`,
      caption: `Outputs of the models for plane ${typical.plane}${left > 0 ? ` (${left} more models are included in the map, but not shown)` : ""}. The map shows the standard deviation between the models: ${colours(limit)}${error.length > 0 ? " Beside it is the error of their mean, in the same colours. Where only the error is dark, all models make the same mistake." : ""} Agreement does not prove that outputs are right: models that were trained on the same data share their faults.`,
      svg: picture(
        [...shown.map(({ name }) => name), "Disagreement", ...names],
        [...shown.map(({ output }): GridCell => ({ plane: output })), map, ...error],
      ),
    };
  });
  return [...own, ...together];
}

const colours = (limit: number): string =>
  `0 is white, ${Number((100 * limit).toPrecision(2))} % of the data range and more is dark red.`;

/** The map and, where the target is known, the error in the same colours, and the target. */
function cellsOf(
  { spread, known }: SpreadMap,
  against: string | undefined,
): { map: GridCell; error: GridCell[]; limit: number; names: string[] } {
  const limit = limitOf([spread, ...(known ? [known.error] : [])]);
  const coloured = (plane: Plane): GridCell => ({
    plane,
    contrast: [0, limit],
    colour: (value) => divergingColour(Math.max(0, value)),
  });
  if (known === undefined) return { map: coloured(spread), error: [], limit, names: [] };
  const target = { plane: known.target, contrast: contrastOf(known.target) };
  const name = against === "truth" ? "Ground truth" : "Recorded sharpest plane";
  return { map: coloured(spread), error: [coloured(known.error), target], limit, names: ["Error", name] };
}

/** The smallest round share of the data range that at most 1 % of the pixels of each map exceed. */
function limitOf(maps: readonly Plane[]): number {
  const high = Math.max(...maps.map(({ data }) => percentile(data, 99)));
  return [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1].find((limit) => limit >= high) ?? 1;
}

/** For all candidates that predict a spread and have a target: the share of pixels within the predicted intervals. */
export async function reliabilityChart(studies: readonly SpreadStudy[]): Promise<Figure | undefined> {
  const lines = studies.filter(isKnown).flatMap(({ candidate, spread: { calibration } }) =>
    calibration === undefined
      ? []
      : [
          {
            name: candidate.name,
            points: [{ nominal: 0, found: 0 }, ...calibration.reliability].map(({ nominal, found }) => ({
              x: nominal,
              y: found,
            })),
          },
        ],
  );
  if (lines.length === 0) return undefined;
  const ends = [0, 1].map((x) => ({ x, y: x }));
  return {
    id: "spread-reliability",
    kind: "chart",
    title: "Reliability of the predicted uncertainty",
    caption:
      "For each pixel the model predicts an interval that should contain the true value with a given probability. The chart shows how often it does. On the diagonal the uncertainty is right; below it the model is overconfident, above it the model is less confident than it could be.",
    svg: await plotLines([{ name: "ideal", points: ends, plain: true }, ...lines], {
      x: "nominal share of errors within the interval",
      y: "measured share",
      zero: true,
      dots: true,
    }),
  };
}

/** Tables of the spread and calibration of candidates that predict it, and of ensembles. Empty where there are none. */
export function spreadTable(studies: readonly SpreadStudy[], ensembles: readonly EnsembleSpread[]): ReportSection[] {
  const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
  const number = (value: number | undefined): string =>
    value !== undefined && Number.isFinite(value) ? value.toFixed(2) : "none";
  const own = studies.filter(isKnown).map(({ candidate, spread: { mean, against, calibration, bright } }) => {
    const within = (share: number): string =>
      percent(calibration?.reliability.find(({ nominal }) => nominal === share)?.found ?? Number.NaN);
    if (calibration === undefined) return [candidate.name, percent(mean), ...Array(7).fill("cannot tell")];
    const { factor, correlation, expected } = calibration;
    return [
      candidate.name,
      percent(mean),
      ...[0.5, 0.8, 0.95].map(within),
      `${number(factor)} x`,
      `${number(bright?.factor)} x`,
      `${number(correlation)} (expected ${number(expected)})`,
      `the ${against}`,
    ];
  });
  const together = ensembles.map(({ names, spread, error, correlation, against }) => [
    names.join(", "),
    percent(spread),
    error === undefined ? "cannot tell" : percent(error),
    error === undefined ? "cannot tell" : number(correlation),
    against === undefined ? "no ground truth" : `the ${against}`,
  ]);
  const sections: ReportSection[] = [];
  if (own.length > 0) {
    sections.push({
      kind: "table",
      caption:
        "Predicted uncertainty of the models. Mean uncertainty is the mean scale of the Laplace distribution, as a share of the data range. The next columns show how many errors lie within the intervals that should contain 50, 80 and 95 % of them: a smaller share means that the model is overconfident. The factor is the number by which the uncertainty would have to be multiplied so that half of the errors lie within the 50 % interval; it is given for all pixels, most of which are dark in most images, and for the brightest tenth. The last number in brackets is the correlation that would be expected if the uncertainty were right. It is below 1, since each error is random.",
      columns: [
        "",
        "mean uncertainty",
        "errors within 50 %",
        "errors within 80 %",
        "errors within 95 %",
        "factor",
        "factor, brightest pixels",
        "correlation with the error",
        "compared with",
      ],
      rows: own,
    });
  }
  if (together.length > 0) {
    sections.push({
      kind: "table",
      caption:
        "Disagreement between models for the same task: the standard deviation between the models (root mean square over the region, as a share of the data range), beside the error of their mean. If the error is much larger, the models make the same mistakes. Agreement does not prove that outputs are right, least of all for models that were trained on the same data.",
      columns: ["models", "disagreement", "error of their mean", "correlation of both", "compared with"],
      rows: together,
    });
  }
  return sections;
}
