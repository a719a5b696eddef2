/** The last part of every training step: gradients, clipping, Adam and the moving average of the weights. */
import { gradients } from "../graph/gradients.ts";
import type { Graph, Value } from "../graph/graph.ts";
import { add, div, maximum, mul, sqrt, square, sub } from "../graph/operators/elementwise.ts";
import { reduceSum } from "../graph/operators/reduction.ts";
import { type Parameters, trainableParameters } from "../models/networks/parameters.ts";
import { nextOf } from "../run/runtime.ts";
import { type AdamOptions, adamUpdate } from "./adam.ts";

export interface OptimiseOptions {
  adam?: AdamOptions | undefined;
  /** Maximum norm of all gradients of the step together (Pascanu et al., ICML 2013); default no limit. */
  clipNorm?: number | undefined;
  /** Weight of the old value in the moving average of the weights at each step, such as 0.999; default no average. */
  emaDecay?: number | undefined;
}

/** The name of a parameter's moving average in the state. */
export const emaOf = (name: string): string => `ema/${name}`;

/**
 * Appends the update of `parameters` that lowers `loss`, and the output `loss`. The graph gets the inputs `rate` and
 * `correction` (scalars of Adam, which the training loop feeds), and the output `gradient_norm` where gradients are
 * clipped.
 */
export function optimise(
  graph: Graph,
  loss: Value,
  parameters: ReadonlyMap<string, Value>,
  { adam, clipNorm, emaDecay }: OptimiseOptions = {},
): void {
  graph.output("loss", loss);
  const scalars = { rate: graph.input("rate", []), correction: graph.input("correction", []) };
  let slopes = gradients(loss, [...parameters.values()]);
  if (clipNorm !== undefined) {
    const squares = slopes.map((slope) => reduceSum(square(slope)));
    const norm = sqrt(squares.reduce((a, b) => add(a, b)));
    graph.output("gradient_norm", norm);
    const factor = div(clipNorm, maximum(norm, clipNorm));
    slopes = slopes.map((slope) => mul(slope, factor));
  }
  const updated = adamUpdate(graph, parameters, slopes, scalars, adam);
  if (emaDecay === undefined) return;
  for (const [name, value] of updated) {
    const average = graph.input(emaOf(name), value.shape);
    graph.output(nextOf(emaOf(name)), add(average, mul(sub(value, average), 1 - emaDecay)));
  }
}

/**
 * The parameters that a validation graph reads from the state: the moving averages of the weights, where they are kept.
 */
export function weightsToValidate(graph: Graph, emaDecay: number | undefined): Parameters {
  const { parameters } = trainableParameters(graph);
  if (emaDecay === undefined) return parameters;
  return (name, shape, initial) => parameters(emaOf(name), shape, initial);
}
