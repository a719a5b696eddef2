/** What trainings have in common in which a single network learns one kind of image from another, pixel by pixel, without an opponent. */
import type { Random } from "../../array/random.ts";
import { Graph, type Value } from "../../graph/graph.ts";
import { writeOnnx } from "../../graph/onnx/write.ts";
import { slice } from "../../graph/operators/movement.ts";
import type { ModelInfo } from "../../models/model-info.ts";
import type { NetworkForm } from "../../models/networks/halving-convolution.ts";
import {
  constantParameters,
  type ParameterSpec,
  type Parameters,
  trainableParameters,
} from "../../models/networks/parameters.ts";
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

/** A network from image to image, and what it is after. */
export interface SupervisedNetwork {
  /** Image sizes must be multiples of this. */
  alignment: number;
  /** Pixels that are left out on each side of a training patch before the network sees it; default 0. */
  offset?: number | undefined;
  /** Pixels that it sees around what is validated; default twice the alignment. */
  margin?: number | undefined;
  /** `[n, 1, h, w]` to `[n, channels, h, w]`, the image first; in training the output may be smaller, about the same middle. */
  build(x: Value, parameters: Parameters, form: NetworkForm): Value;
  /** Default the mean absolute error. */
  loss?(output: Value, target: Value): Value;
  /** What a validation judges beside the image. */
  beyond?: BeyondImage | undefined;
  /** What patches are drawn from where that is not the whole source. */
  choose?(source: IndexedPair): IndexedPair;
}

/** What the description of every section model holds beside what is its method's own. */
export type SectionDescription = Omit<Extract<ModelInfo, { method: "unet" }>, "method" | "architecture">;

/**
 * Lowers `loss` of the network's output for `image` against `target`, both `[n, 1, p, p]`.
 * @param describe adds to a model's description what is the method's own
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

/** @throws usage for patches that the network cannot take */
export function checkPatchSize({ patch_size }: Pick<CommonConfig, "patch_size">, multiple: number, least = 0): void {
  if (patch_size % multiple === 0 && patch_size >= least) return;
  const size = least > 0 ? ` of at least ${least}` : "";
  throw configError(
    "patch_size",
    `patch_size must be a multiple of ${multiple}${size} for this model, got ${patch_size}`,
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
  const wanted = middleOf(target, output.shape[2]);
  optimise(graph, loss(output, wanted), values, { clipNorm: clip_norm, emaDecay: ema_decay });
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

/** The finished model: weights inside, `image` to `output`, extents "batch", "y" and "x" open. */
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
