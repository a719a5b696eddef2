/** The forward generator alone, as a graph for validation and as an ONNX file. */
import { Graph } from "../../graph/graph.ts";
import { writeOnnx } from "../../graph/onnx/write.ts";
import { type ComiArchitecture, comiAlignment, comiGenerator } from "../../models/networks/comi.ts";
import { frozenStatistics } from "../../models/networks/frozen-norm.ts";
import { constantParameters, type Parameters, trainableParameters } from "../../models/networks/parameters.ts";
import type { Norm } from "../../models/networks/running-norm.ts";
import type { Tensors } from "../../run/runtime.ts";
import { weightsToValidate } from "../optimise.ts";

/** The generator with weights and statistics from the state: `image` `[1, 1, h, w]` to `output`. */
export function cyclePrediction(
  height: number,
  width: number,
  architecture: ComiArchitecture,
  emaDecay?: number,
): Graph {
  const graph = new Graph();
  const weights = weightsToValidate(graph, emaDecay);
  // Statistics are averages already and have no moving average of their own.
  const statistics = emaDecay === undefined ? weights : trainableParameters(graph).parameters;
  predict(graph, height, width, architecture, weights, statistics);
  return graph;
}

/** The trained model as ONNX, with its weights and statistics; extents "batch", "y" and "x" are variable. */
export function exportCycle(architecture: ComiArchitecture, weights: Tensors): Uint8Array<ArrayBuffer> {
  const graph = new Graph();
  const size = 4 * comiAlignment;
  const parameters = constantParameters(graph, weights);
  predict(graph, size, size, architecture, parameters, parameters);
  const open = { 0: "batch", 2: "y", 3: "x" };
  return writeOnnx(graph, { variable: { image: open, output: open } });
}

function predict(
  graph: Graph,
  height: number,
  width: number,
  architecture: ComiArchitecture,
  parameters: Parameters,
  statistics: Parameters,
): void {
  const { normalisation } = architecture;
  const norm: Norm = normalisation === "none" ? (x) => x : frozenStatistics(normalisation, parameters, statistics);
  const image = graph.input("image", [1, 1, height, width]);
  graph.output("output", comiGenerator(image, architecture, parameters, norm, "portable"));
}
