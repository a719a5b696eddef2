/**
 * The learner of image-to-image methods that train a single network with a pixel-wise loss, without a discriminator.
 */
import type { Random } from "../../array/random.ts";
import { Graph, type Value } from "../../graph/graph.ts";
import { writeOnnx } from "../../graph/onnx/write.ts";
import { slice } from "../../graph/operators/movement.ts";
import type { ModelInfo } from "../../models/model-info.ts";
import {
  constantParameters,
  type ParameterSpec,
  type Parameters,
  trainableParameters,
} from "../../models/networks/parameters.ts";
import type { NetworkForm } from "../../models/networks/strided-convolution.ts";
import type { Tensors } from "../../run/runtime.ts";
import type { CommonConfig } from "../common-config.ts";
import { configError } from "../config-error.ts";
import { pairedBatches } from "../data/paired-batches.ts";
import { type IndexedPair, pairedSources } from "../data/paired-data.ts";
import { sectionScale } from "../data/section-scale.ts";
import { describeModel } from "../describe-model.ts";
import type { Learner, Validator } from "../learner.ts";
import { maeLoss } from "../losses.ts";
import { optimise, weightsToValidate } from "../optimise.ts";
import type { TrainingInput } from "../training-method.ts";
import { type BeyondImage, pairedValidator } from "./paired-validator.ts";

/** An image-to-image network and its loss. */
export interface SupervisedNetwork {
  /** Image sizes must be multiples of this. */
  alignment: number;
  /** Pixels that are cropped on each side of the input patch in training; default 0. */
  offset?: number | undefined;
  /** Margin around the validated region, pixels; default twice the alignment. */
  margin?: number | undefined;
  /**
   * `[n, 1, h, w]` to `[n, channels, h, w]`, the image first; in training the output may be smaller, with the same
   * centre.
   */
  build(x: Value, parameters: Parameters, form: NetworkForm): Value;
  /** The loss; default the mean absolute error. */
  loss?(output: Value, target: Value): Value;
  /** Scores of outputs beside the image. */
  beyond?: BeyondImage | undefined;
  /** Restricts a source to the part that patches are drawn from; default the whole source. */
  choose?(source: IndexedPair): IndexedPair;
}

/** The part of the description of a section model that does not depend on the method. */
export type SectionDescription = Omit<Extract<ModelInfo, { method: "unet" }>, "method" | "architecture">;

/**
 * Lowers `loss` between the output for `image` and `target`, both `[n, 1, p, p]`.
 * @param describe adds the keys of the method to the description
 */
export function* supervisedLearner(
  input: TrainingInput,
  config: CommonConfig,
  network: SupervisedNetwork,
  describe: (common: SectionDescription) => ModelInfo,
): Generator<void, Learner> {
  const { validation, at, warnings } = yield* pairedSources(input, config);
  const chosen = async (step: number) => {
    const choose = await at(step);
    return (random: Random): IndexedPair => {
      const source = choose(random);
      return network.choose?.(source) ?? source;
    };
  };
  const validator = (settings: { count: number; thorough?: boolean }): Validator =>
    pairedValidator(
      validation,
      {
        alignment: network.alignment,
        margin: network.margin,
        beyond: network.beyond,
        predictionGraph: (height, width) => predictionGraph(network, height, width, config.ema_decay),
      },
      settings,
    );
  const { graph, specs } = trainingGraph(config, network);
  const { pixelSize, zStep } = validation[0];
  return {
    warnings,
    steps: [{ name: "network", graph, learningRate: config.learning_rate }],
    specs,
    batchAt: pairedBatches(chosen, config),
    validator: validator({ count: 6 }),
    finalValidator: validator({ count: 18, thorough: true }),
    pack: (weights, { steps, report }) => ({
      info: describe({
        ...describeModel(input, config, steps, report),
        task: "section",
        pixel_size: pixelSize,
        ...(zStep === undefined ? {} : { z_step: zStep }),
        ...sectionScale(validation),
      }),
      onnx: exportNetwork(network, weights),
    }),
  };
}

/** @throws usage for a patch size that does not fit the network */
export function checkPatchSize({ patch_size }: Pick<CommonConfig, "patch_size">, multiple: number, min = 0): void {
  if (patch_size % multiple === 0 && patch_size >= min) return;
  const size = min > 0 ? ` of at least ${min}` : "";
  throw configError(
    "patch_size",
    `patch_size must be a multiple of ${multiple}${size} for this architecture, got ${patch_size}`,
  );
}

function trainingGraph(
  { batch_size: n, patch_size: p, clip_norm, ema_decay }: CommonConfig,
  { build, loss = maeLoss, offset = 0 }: SupervisedNetwork,
): { graph: Graph; specs: Map<string, ParameterSpec> } {
  const graph = new Graph();
  const { parameters, specs, values } = trainableParameters(graph);
  const [image, target] = ["image", "target"].map((name) => graph.input(name, [n, 1, p, p]));
  const output = build(middleOf(image, p - 2 * offset), parameters, "training");
  const truth = middleOf(target, output.shape[2]);
  optimise(graph, loss(output, truth), values, { clipNorm: clip_norm, emaDecay: ema_decay });
  return { graph, specs };
}

/** The middle `[n, c, size, size]` of a square image. */
function middleOf(x: Value, size: number): Value {
  const start = (x.shape[2] - size) / 2;
  return start === 0
    ? x
    : slice(
        x,
        [2, 3].map((axis) => ({ axis, start, end: start + size })),
      );
}

function predictionGraph({ build }: SupervisedNetwork, height: number, width: number, emaDecay?: number): Graph {
  const graph = new Graph();
  const image = graph.input("image", [1, 1, height, width]);
  graph.output("output", build(image, weightsToValidate(graph, emaDecay), "portable"));
  return graph;
}

/** The trained model as ONNX, with its weights: `image` to `output`; extents "batch", "y" and "x" are variable. */
export function exportNetwork(
  { alignment, build }: Pick<SupervisedNetwork, "alignment" | "build">,
  weights: Tensors,
): Uint8Array<ArrayBuffer> {
  const graph = new Graph();
  const size = 4 * Math.max(4, alignment);
  const image = graph.input("image", [1, 1, size, size]);
  graph.output("output", build(image, constantParameters(graph, weights), "portable"));
  const open = { 0: "batch", 2: "y", 3: "x" };
  return writeOnnx(graph, { variable: { image: open, output: open } });
}
