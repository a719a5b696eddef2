/**
 * Validation of single-shot autofocus: compares the estimates of held-out regions with their labels, and draws a
 * diagram.
 */

import { mean } from "../../array/statistics.ts";
import { defocusDiagram } from "../../figures/defocus-diagram.ts";
import type { Graph } from "../../graph/graph.ts";
import { type DefocusEstimate, estimateOf, leastContent } from "../../models/apply/defocus-estimate.ts";
import { autofocusCell } from "../../models/networks/autofocus.ts";
import type { FocusSource } from "../data/focus-labels.ts";
import type { Validator } from "../learner.ts";

/** A part of one plane, pixels of its source. */
export interface PlanePart {
  plane: number;
  top: number;
  left: number;
  height: number;
  width: number;
}

/** Labels of cells, row by row: distance from focus, um, and 1 where it is known, else 0. */
export interface CellLabels {
  distance: number[];
  weight: number[];
}

interface ValidatorOptions {
  /** Number of planes of each source, evenly spread. */
  planes: number;
  /** Defocus that corresponds to a network output of 1, um. */
  scale: number;
  known(source: FocusSource, part: PlanePart): CellLabels;
}

/** Maximum side of the validated region, pixels. */
const maxSide = 512;

/**
 * Scores over all cells whose focus is known: `mae_um`, the mean absolute error; `input_mae_um`, that of always
 * estimating 0; `mae_size_um`, that of the distance without its sign; `mae_near_um`, that of the cells within 2 um of
 * focus; `sign_right`, the share of correct signs among cells farther from focus than a z step and a tenth of the
 * range; `confident_share`, the share of these cells with a direction confidence of 0.75 or more, and `confident_right`, the
 * share of correct signs among them; `content_right`, the share of all cells whose content is classified correctly. The
 * loss is the exponential of the mean negative log likelihood of the distances, the first part of the training loss; it
 * is a width in um, above 0.
 */
export function autofocusValidator(
  sources: readonly FocusSource[],
  predictionGraph: (height: number, width: number) => Graph,
  { planes, scale, known }: ValidatorOptions,
): Validator {
  const aligned = (extent: number): number => Math.floor(Math.min(maxSide, extent) / autofocusCell) * autofocusCell;
  const height = Math.max(autofocusCell, Math.min(...sources.map((source) => aligned(source.height))));
  const width = Math.max(autofocusCell, Math.min(...sources.map((source) => aligned(source.width))));
  return {
    metrics: ["mae_um", "mae_size_um", "sign_right"],
    graphs: { predict: predictionGraph(height, width) },
    async run(session) {
      const scored: { truth: number; estimate: DefocusEstimate; nll: number }[] = [];
      let [rightContent, cells] = [0, 0];
      for (const source of sources) {
        const [top, left] = [Math.floor((source.height - height) / 2), Math.floor((source.width - width) / 2)];
        for (const plane of spread(source.depth, planes)) {
          const part = { plane, top: Math.max(0, top), left: Math.max(0, left), height, width };
          const data = window(source, part);
          const { focus } = await session.run("predict", {
            image: { type: "float32", shape: [1, 1, height, width], data },
          });
          const { distance, weight } = known(source, part);
          const size = distance.length;
          for (let i = 0; i < size; i++) {
            const raw = [0, 1, 2, 3].map((k) => focus.data[k * size + i]);
            const estimate = estimateOf(raw, scale);
            cells++;
            if (estimate.content >= leastContent === weight[i] > 0) rightContent++;
            if (weight[i] > 0)
              scored.push({ truth: distance[i], estimate, nll: negativeLogLikelihood(estimate, distance[i]) });
          }
        }
      }
      const step = Math.max(sources[0].zStep, 0.1 * Math.max(...scored.map(({ truth }) => Math.abs(truth))));
      const signed = scored.filter(({ truth }) => Math.abs(truth) > step);
      const confident = signed.filter(({ estimate }) => estimate.directionConfidence >= 0.75);
      const right = (some: typeof scored): number =>
        share(
          some.filter(({ truth, estimate }) => Math.sign(truth) === Math.sign(estimate.defocus)),
          some,
        );
      const error = ({ truth, estimate }: (typeof scored)[number]): number => Math.abs(truth - estimate.defocus);
      const scores = {
        mae_um: meanOrZero(scored.map(error)),
        input_mae_um: meanOrZero(scored.map(({ truth }) => Math.abs(truth))),
        mae_size_um: meanOrZero(
          scored.map(({ truth, estimate }) => Math.abs(Math.abs(truth) - Math.abs(estimate.defocus))),
        ),
        mae_near_um: meanOrZero(scored.filter(({ truth }) => Math.abs(truth) <= 2).map(error)),
        sign_right: right(signed),
        confident_share: share(confident, signed),
        confident_right: right(confident),
        content_right: rightContent / cells,
      };
      return {
        loss: Math.exp(meanOrZero(scored.map(({ nll }) => nll))),
        scores,
        groups: [],
        draw: (title) =>
          defocusDiagram(
            scored.map(({ truth, estimate }) => ({ truth, ...estimate })),
            title,
          ),
      };
    },
  };
}

/** -log p(truth) of the mixture of two Laplace distributions, with lengths in um. */
function negativeLogLikelihood({ defocus, directionConfidence: p, spread: b }: DefocusEstimate, truth: number): number {
  const density =
    (p * Math.exp(-Math.abs(truth - defocus) / b) + (1 - p) * Math.exp(-Math.abs(truth + defocus) / b)) / (2 * b);
  return -Math.log(Math.max(density, 1e-30));
}

const meanOrZero = (values: readonly number[]): number => (values.length === 0 ? 0 : mean(values));
const share = (part: readonly unknown[], all: readonly unknown[]): number =>
  all.length === 0 ? 1 : part.length / all.length;

function spread(depth: number, count: number): number[] {
  const n = Math.min(depth, count);
  return Array.from({ length: n }, (_, i) => Math.round(((i + 0.5) * depth) / n - 0.5));
}

/** Cuts out a part of a plane, mirrored where the source is smaller than a cell. */
function window(
  { data, height: rows, width: columns }: FocusSource,
  { plane, top, left, height, width }: PlanePart,
): Float32Array {
  const out = new Float32Array(height * width);
  const inside = (i: number, extent: number): number => (i < extent ? i : Math.max(0, 2 * extent - 2 - i));
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      out[y * width + x] = data[(plane * rows + inside(top + y, rows)) * columns + inside(left + x, columns)];
    }
  }
  return out;
}
