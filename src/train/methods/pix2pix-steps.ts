/** The networks of pix2pix for training, for validation and for export. */
import type { Random } from "../../array/random.ts";
import { sizeOf } from "../../array/shape.ts";
import { Graph } from "../../graph/graph.ts";
import { writeOnnx } from "../../graph/onnx/write.ts";
import { mul } from "../../graph/operators/elementwise.ts";
import { constantParameters, trainableParameters } from "../../models/networks/parameters.ts";
import { type Pix2pixArchitecture, pix2pixAlignment, pix2pixGenerator } from "../../models/networks/pix2pix.ts";
import { type PatchGanArchitecture, patchGan } from "../../models/networks/pix2pix-discriminator.ts";
import { fixedStatistics } from "../../models/networks/running-norm.ts";
import type { Tensors } from "../../run/runtime.ts";
import { maeLoss } from "../losses.ts";
import { weightsToValidate } from "../optimise.ts";
import { type AdversarialLoss, crossEntropyLoss } from "./adversarial-losses.ts";
import type { AdversarialNetworks } from "./adversarial-steps.ts";
import { batchWeightName } from "./cycle-steps.ts";

const maskName = (block: number): string => `dropout${block}`;

/** Shapes of the dropout masks for a batch of this shape. */
function maskShapes({ stem, down, dropout }: Pix2pixArchitecture, batch: readonly number[]): Record<string, number[]> {
  const [n, , ...spatial] = batch;
  // The skip connections, from the smallest image: every level but the last, then the stem.
  const channels = [...(stem > 0 ? [stem] : []), ...down.slice(0, -1)].reverse();
  const shapes: Record<string, number[]> = {};
  for (const [block, c] of channels.slice(0, dropout).entries()) {
    const smaller = 2 ** (down.length - 1 - block);
    const extents = spatial.map((extent, i) => (i < spatial.length - 2 ? extent : extent / smaller));
    shapes[maskName(block)] = [n, c, ...extents];
  }
  return shapes;
}

/** Random dropout masks with values 0 or 2. */
export function dropoutMasks(architecture: Pix2pixArchitecture, batch: readonly number[], random: Random): Tensors {
  const masks: Tensors = {};
  for (const [name, shape] of Object.entries(maskShapes(architecture, batch))) {
    const data = Float32Array.from({ length: sizeOf(shape) }, () => (random.uniform() < 0.5 ? 0 : 2));
    masks[name] = { type: "float32", shape, data };
  }
  return masks;
}

export interface Pix2pixLosses {
  /** Weight of the mean absolute error of normalised images. */
  maeWeight: number;
  adversarialWeight: number;
  adversarial?: AdversarialLoss;
  /**
   * Whether the normalisation moves from batch statistics to running statistics, by the weight in `live_statistics` of
   * the batch.
   */
  freezeStatistics?: boolean;
}

/**
 * The networks of pix2pix for {@link adversarialSteps}; they read `image` and `target` of the shape `batch`, and the
 * dropout masks.
 * @param batch `[n, 1, p, p]` or `[n, 1, d, p, p]`
 */
export function pix2pixNetworks(
  architecture: Pix2pixArchitecture,
  discriminator: PatchGanArchitecture,
  batch: readonly number[],
  { maeWeight, adversarialWeight, adversarial = crossEntropyLoss, freezeStatistics = false }: Pix2pixLosses,
): AdversarialNetworks {
  return {
    shapes: { image: batch, target: batch, [batchWeightName]: [], ...maskShapes(architecture, batch) },
    target: "target",
    batchWeight: freezeStatistics ? batchWeightName : undefined,
    generator: (inputs, parameters, norm) =>
      pix2pixGenerator(inputs("image"), architecture, {
        parameters,
        norm,
        form: "training",
        dropout: (x, block) => mul(x, inputs(maskName(block))),
      }),
    supervised: (output, target) => mul(maeLoss(output, target), maeWeight),
    discriminator: (picture, inputs, parameters) => patchGan(picture, inputs("image"), discriminator, parameters),
    adversarial,
    adversarialWeight,
  };
}

/** The generator alone, with weights and statistics from the state: `image` of the given shape to `output`. */
export function pix2pixPrediction(
  architecture: Pix2pixArchitecture,
  shape: readonly number[],
  emaDecay?: number,
): Graph {
  const graph = new Graph();
  const image = graph.input("image", shape);
  const parameters = weightsToValidate(graph, emaDecay);
  const norm = fixedStatistics(parameters, emaDecay === undefined ? parameters : trainableParameters(graph).parameters);
  graph.output("output", pix2pixGenerator(image, architecture, { parameters, norm, form: "portable" }));
  return graph;
}

/**
 * The trained model as ONNX, with its weights: `image` to `output`. The extents "batch", "y" and "x" are variable; in
 * 3-D "z" as well, which should be the depth of the sub-stacks in training.
 */
export function exportPix2pix(
  architecture: Pix2pixArchitecture,
  depth: number,
  weights: Tensors,
): Uint8Array<ArrayBuffer> {
  const graph = new Graph();
  const side = 2 * pix2pixAlignment(architecture);
  const volume = architecture.dimensions === 3;
  const image = graph.input("image", volume ? [1, 1, depth, side, side] : [1, 1, side, side]);
  const parameters = constantParameters(graph, weights);
  const layers = { parameters, norm: fixedStatistics(parameters), form: "portable" as const };
  graph.output("output", pix2pixGenerator(image, architecture, layers));
  const open: Record<number, string> = volume ? { 0: "batch", 2: "z", 3: "y", 4: "x" } : { 0: "batch", 2: "y", 3: "x" };
  return writeOnnx(graph, { variable: { image: open, output: open } });
}
