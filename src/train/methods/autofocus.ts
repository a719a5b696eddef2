/** Trains single-shot autofocus on z-stacks, whose sharpest planes serve as labels. */

import { z } from "zod";
import { Random } from "../../array/random.ts";
import { ParfocalError } from "../../errors.ts";
import { Graph } from "../../graph/graph.ts";
import { writeOnnx } from "../../graph/onnx/write.ts";
import {
  type AutofocusArchitecture,
  autofocusArchitecture,
  autofocusCell,
  autofocusNetwork,
  autofocusPresets,
  autofocusStride,
} from "../../models/networks/autofocus.ts";
import { constantParameters, trainableParameters } from "../../models/networks/parameters.ts";
import type { Tensors } from "../../run/runtime.ts";
import { commonConfig } from "../common-config.ts";
import { configError } from "../config-error.ts";
import { copyPatch, drawAugmentation, noAugmentation } from "../data/augmentation.ts";
import { contentSums, drawPlace } from "../data/content.ts";
import { cutFocusSource, type FocusSource, focusAt, focusSource } from "../data/focus-labels.ts";
import { checkPixelSizes } from "../data/same-pixel-size.ts";
import { trainingSources } from "../data/training-sources.ts";
import { describeModel } from "../describe-model.ts";
import type { Learner } from "../learner.ts";
import { optimise, weightsToValidate } from "../optimise.ts";
import type { TrainingInput, TrainingMethod } from "../training-method.ts";
import { autofocusValidator, type CellLabels, type PlanePart } from "./autofocus-validator.ts";
import { defocusLoss } from "./defocus-likelihood.ts";

const common = commonConfig({
  experiment_name: "autofocus",
  patch_size: 128,
  batch_size: 8,
  num_steps: 3000,
  learning_rate: 2e-3,
  clip_norm: 5,
  ema_decay: 0.99,
});

export const autofocusConfig = z.strictObject({
  method: z.literal("autofocus").default("autofocus").describe("name of the method"),
  ...common,
  augment: common.augment.describe("augment patches by random brightness"),
  norm_pmin: common.norm_pmin.describe("percentile of the counts of a plane that is normalised to 0"),
  norm_pmax: common.norm_pmax.describe("percentile of the counts of a plane that is normalised to 1"),
  augment_orientation: z
    .boolean()
    .default(false)
    .describe(
      "also augment patches by random flips and transposition; only for an objective whose PSF is rotationally symmetric at every defocus",
    ),
  architecture: autofocusArchitecture
    .partial()
    .optional()
    .describe("settings of the network that differ from the preset"),
  distance_range: z
    .tuple([z.number(), z.number()])
    .default([-6, 6])
    .describe("range of distances from focus to train on, um; regions outside it get no estimate"),
});

export type AutofocusConfig = z.output<typeof autofocusConfig>;

export const autofocus: TrainingMethod<AutofocusConfig, typeof autofocusConfig> = {
  name: "autofocus",
  task: "autofocus",
  summary: "network that estimates from one image how far each region is from focus (after Liao et al., 2022)",
  config: autofocusConfig,
  check(config) {
    const stride = autofocusStride(architectureOf(config));
    if (stride !== autofocusCell) {
      throw configError(
        "architecture",
        `architecture: the product of its strides is ${stride}, expected ${autofocusCell}`,
      );
    }
    if (config.patch_size % autofocusCell !== 0) {
      const detail = `patch_size must be a multiple of ${autofocusCell}, got ${config.patch_size}`;
      throw configError("patch_size", detail);
    }
    const [low, high] = config.distance_range;
    if (low >= high)
      throw configError(
        "distance_range",
        `distance_range must go from the lower to the higher distance, got ${low}, ${high}`,
      );
  },
  learner,
};

interface Indexed {
  source: FocusSource;
  content: Float64Array;
}

function architectureOf({ preset, architecture }: AutofocusConfig): AutofocusArchitecture {
  return autofocusArchitecture.parse({ ...autofocusPresets[preset], ...architecture });
}

function* learner(input: TrainingInput, config: AutofocusConfig): Generator<void, Learner> {
  const architecture = architectureOf(config);
  const { distance_scale: scale } = architecture;
  const { batch_size: n, patch_size: p, ema_decay: emaDecay } = config;
  const cells = p / autofocusCell;
  const { validation, at } = yield* trainingSources<FocusSource, Indexed>(input, config, {
    whole: (sample) => focusSource(sample, config),
    cut: cutFocusSource,
    index: (source) => ({ source, content: contentSums(source) }),
    together: checkPixelSizes,
  });
  const labels = validation.flatMap(
    (source) => labelsOf(source, { ...source, top: 0, left: 0, plane: source.focus.whole.plane }, config).weight,
  );
  if (!labels.some((known) => known > 0)) {
    const detail = "no region of the validation part has a known focus";
    const message = `${validation[0].name}: ${detail}. Choose another part with train_rows or train_columns, or give more stacks.`;
    throw new ParfocalError("image.unfit", message, { path: validation[0].name, detail });
  }

  const graph = new Graph();
  const image = graph.input("image", [n, 1, p, p]);
  const distance = graph.input("distance", [n, 1, cells, cells]);
  const weight = graph.input("weight", [n, 1, cells, cells]);
  const { parameters, specs, values } = trainableParameters(graph);
  const loss = defocusLoss(autofocusNetwork(image, architecture, parameters), distance, weight);
  optimise(graph, loss, values, { clipNorm: config.clip_norm, emaDecay });

  const predictionGraph = (height: number, width: number): Graph => {
    const prediction = new Graph();
    const seen = prediction.input("image", [1, 1, height, width]);
    const weights = weightsToValidate(prediction, emaDecay);
    prediction.output("focus", autofocusNetwork(seen, architecture, weights));
    return prediction;
  };
  const examples = (planes: number) =>
    autofocusValidator(validation, predictionGraph, {
      planes,
      scale,
      known: (source, part) => labelsOf(source, part, config),
    });
  return {
    steps: [{ name: "autofocus", graph, learningRate: config.learning_rate }],
    specs,
    async batchAt(step): Promise<Tensors> {
      const random = new Random(config.seed).fork(step);
      const choose = await at(step);
      const fed = {
        image: new Float32Array(n * p * p),
        distance: new Float32Array(n * cells * cells),
        weight: new Float32Array(n * cells * cells),
      };
      for (let i = 0; i < n; i++) {
        const { source, content } = choose(random);
        const plane = random.integer(source.depth);
        const place = drawPlace(source, content, config, random);
        // Astigmatism and coma elongate the blur differently above and below focus. A flipped or transposed patch would
        // show the opposite side, so its orientation is kept by default.
        const { gain, shift, ...flips } =
          config.augment || config.augment_orientation ? drawAugmentation(random) : noAugmentation;
        const orientation = config.augment_orientation ? { ...noAugmentation, ...flips } : noAugmentation;
        const augmentation = config.augment ? { ...orientation, gain, shift } : orientation;
        const { width, height } = source;
        const from = (plane * height + place.y) * width + place.x;
        copyPatch(source.data, from, width, p, augmentation, fed.image.subarray(i * p * p, (i + 1) * p * p));
        const truth = labelsOf(source, { plane, top: place.y, left: place.x, height: p, width: p }, config);
        for (const key of ["distance", "weight"] as const) {
          const out = fed[key].subarray(i * cells * cells, (i + 1) * cells * cells);
          copyPatch(Float32Array.from(truth[key]), 0, cells, cells, orientation, out);
        }
      }
      for (let i = 0; i < fed.distance.length; i++) fed.distance[i] /= scale;
      const labelShape = [n, 1, cells, cells];
      return {
        image: { type: "float32", shape: [n, 1, p, p], data: fed.image },
        distance: { type: "float32", shape: labelShape, data: fed.distance },
        weight: { type: "float32", shape: labelShape, data: fed.weight },
      };
    },
    validator: examples(12),
    finalValidator: examples(40),
    pack: (weights, { steps, report }) => ({
      info: {
        ...describeModel(input, config, steps, report),
        task: "autofocus",
        method: "autofocus",
        architecture,
        distance_range: config.distance_range,
        pixel_size: validation[0].pixelSize,
        z_step: validation[0].zStep,
      },
      onnx: exportAutofocus(architecture, weights),
    }),
  };
}

/**
 * Labels of the cells of a part of a plane: distances from focus, um, row by row, and 1 where they are known and in
 * range, else 0.
 */
function labelsOf(
  source: FocusSource,
  { plane, top, left, height, width }: PlanePart,
  { distance_range: [low, high] }: Pick<AutofocusConfig, "distance_range">,
): CellLabels {
  const distance: number[] = [];
  const weight: number[] = [];
  for (let y = 0; y + autofocusCell <= height; y += autofocusCell) {
    for (let x = 0; x + autofocusCell <= width; x += autofocusCell) {
      const focus = focusAt(source, top + y + (autofocusCell - 1) / 2, left + x + (autofocusCell - 1) / 2);
      const d = focus === undefined ? 0 : (plane - focus) * source.zStep;
      distance.push(d);
      weight.push(focus !== undefined && d >= low && d <= high ? 1 : 0);
    }
  }
  return { distance, weight };
}

/** The trained model as ONNX: `image` `[batch, 1, y, x]` to `focus` `[batch, 4, y / 32, x / 32]`. */
export function exportAutofocus(architecture: AutofocusArchitecture, weights: Tensors): Uint8Array<ArrayBuffer> {
  const graph = new Graph();
  const image = graph.input("image", [1, 1, 4 * autofocusCell, 4 * autofocusCell]);
  graph.output("focus", autofocusNetwork(image, architecture, constantParameters(graph, weights)));
  return writeOnnx(graph, {
    variable: { image: { 0: "batch", 2: "y", 3: "x" }, focus: { 0: "batch", 2: "rows", 3: "columns" } },
  });
}
