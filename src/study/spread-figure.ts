/** How sure models are, in the report of a study: maps beside pictures, the reliability chart, and tables. */
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
import type { Subject } from "./subject.ts";

/** What of a candidate's study is shown. */
export interface SpreadStudy {
  candidate: Pick<Candidate, "name">;
  spread: SpreadEvidence | undefined;
}

type Known = SpreadStudy & { spread: SpreadEvidence };
const isKnown = (study: SpreadStudy): study is Known => study.spread !== undefined;

/** Models of an ensemble whose outputs are shown each, at most. */
const mostShown = 4;

/** Of every candidate that tells its spread, and of every ensemble: a plane, where it is in doubt, and where it is wrong. */
export function spreadPictures(
  { stack }: { stack: Pick<Subject["stack"], "pixelSize"> },
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
      title: `${candidate.name}: where it is in doubt`,
      caption: `Plane ${spread.typical.plane}. The map is the scale of the Laplace distribution that the model tells for every pixel: ${colours(limit)}${error.length > 0 ? " Beside it the error that it made, in the same colours: good where both are dark in the same places." : ""} What is alike in all that it was taught with it does not doubt.`,
      svg: picture(["Output", "Its spread", ...names], [output, map, ...error]),
    };
  });
  const together = ensembles.map((ensemble): Figure => {
    const { typical, task } = ensemble;
    const { map, error, limit, names } = cellsOf(typical, ensemble.against);
    const shown = typical.outputs.slice(0, mostShown);
    const left = typical.outputs.length - shown.length;
    return {
      id: `spread-ensemble-${task}`,
      kind: "picture",
      title: `Where models ${task === "refocus" ? "that refocus" : "that section"} disagree`,
      caption: `Plane ${typical.plane}${left > 0 ? `; ${left} more models are in the map and not shown` : ""}. The map is the standard deviation between the models: ${colours(limit)}${error.length > 0 ? " Beside it the error of their mean, in the same colours: where that is dark and the map is not, all are wrong alike." : ""} Agreement is no proof: models that were trained on the same data share their faults.`,
      svg: picture(
        [...shown.map(({ name }) => name), "Disagreement", ...names],
        [...shown.map(({ output }): GridCell => ({ plane: output })), map, ...error],
      ),
    };
  });
  return [...own, ...together];
}

const colours = (limit: number): string =>
  `white 0, dark red ${Number((100 * limit).toPrecision(2))} % of the data range and more.`;

/** The map, and what is known beside it, in colours of one scale. */
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
  const name = against === "truth" ? "Truth" : "Sharpest plane, recorded";
  return { map: coloured(spread), error: [coloured(known.error), target], limit, names: ["Error", name] };
}

/** The least round number, over the data range, that hardly a pixel exceeds. */
function limitOf(maps: readonly Plane[]): number {
  const high = Math.max(...maps.map(({ data }) => percentile(data, 99)));
  return [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1].find((limit) => limit >= high) ?? 1;
}

/** Of all that tell their spread and can be held against something: shares of pixels within the intervals that they tell. */
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
    title: "May it be as sure as it is?",
    caption:
      "Of the interval around each output that should hold so many of the errors: how many it holds. On the diagonal is right; below it a model is surer than it may be, above it less sure than it could be.",
    svg: await plotLines([{ name: "as it should be", points: ends, plain: true }, ...lines], {
      x: "share of errors that should be within",
      y: "share that is",
      zero: true,
      dots: true,
    }),
  };
}

/** Spread and calibration of candidates that tell theirs, and of ensembles. Empty where there are none. */
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
      `${number(correlation)}, expected ${number(expected)}`,
      `the ${against}`,
    ];
  });
  const together = ensembles.map(({ names, spread, error, correlation, against }) => [
    names.join(", "),
    percent(spread),
    error === undefined ? "cannot tell" : percent(error),
    error === undefined ? "cannot tell" : number(correlation),
    against === undefined ? "nothing known" : `the ${against}`,
  ]);
  const sections: ReportSection[] = [];
  if (own.length > 0) {
    sections.push({
      kind: "table",
      caption:
        "What models tell of their own doubt: the mean scale of their Laplace distribution over the data range, and how many of the errors lie within the intervals that should hold 50, 80 and 95 % of them. Fewer is too sure; the factor is by what the spread would have to be multiplied for half of the errors to be within its half, of all pixels, most of which are dark in most images, and of the brightest tenth. Beside the correlation of spread and error stands what it would be were all errors drawn from the spread: never 1, since chance decides on each.",
      columns: [
        "",
        "mean spread",
        "within 50 %",
        "within 80 %",
        "within 95 %",
        "factor",
        "factor where it is bright",
        "correlation with the error",
        "held against",
      ],
      rows: own,
    });
  }
  if (together.length > 0) {
    sections.push({
      kind: "table",
      caption:
        "Standard deviation between models for the same task, root mean square over the region and the data range, beside the error of their mean. Where the error is much the larger, models are wrong alike: agreement is no proof, least of all of models that were trained on the same data.",
      columns: ["models", "disagreement", "error of their mean", "correlation of both", "held against"],
      rows: together,
    });
  }
  return sections;
}
