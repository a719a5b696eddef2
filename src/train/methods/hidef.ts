/** Trains HIDEF: from holograms to in-focus fields. */
import { z } from "zod";
import { Graph } from "../../graph/graph.ts";
import {
  exportHidef,
  type HidefArchitecture,
  hidefAlignment,
  hidefArchitecture,
  hidefNetwork,
  hidefPresets,
} from "../../models/networks/hidef.ts";
import { type ParameterSpec, trainableParameters } from "../../models/networks/parameters.ts";
import { commonConfig } from "../common-config.ts";
import { configError, refuseResampling } from "../config-error.ts";
import { hologramBatches } from "../data/hologram-batches.ts";
import { hologramSources } from "../data/hologram-data.ts";
import { describeModel } from "../describe-model.ts";
import type { Learner } from "../learner.ts";
import { maeLoss } from "../losses.ts";
import { optimise, weightsToValidate } from "../optimise.ts";
import type { TrainingInput, TrainingMethod } from "../training-method.ts";
import { hidefValidator } from "./hidef-validator.ts";

const common = commonConfig({
  experiment_name: "hologram",
  patch_size: 128,
  batch_size: 4,
  num_steps: 2000,
  learning_rate: 1e-3,
});

/** The configuration of HIDEF. Lengths in um. */
export const hidefConfig = z.strictObject({
  method: z.literal("hidef").default("hidef").describe("name of the method"),
  ...common,
  augment: common.augment.describe("augment patches by random flips and transposition"),
  model_pixel_size: common.model_pixel_size.describe("not supported by this method: holograms cannot be resampled"),
  norm_pmin: common.norm_pmin.describe("not used by this method: fields are normalised to a mean intensity of 1"),
  norm_pmax: common.norm_pmax.describe("not used by this method: fields are normalised to a mean intensity of 1"),
  architecture: hidefArchitecture.partial().optional().describe("settings of the network that differ from the preset"),
  distance_range: z
    .tuple([z.number(), z.number()])
    .default([-20, -5])
    .describe(
      "range of distances from hologram to specimen to train on, um along the light; negative for holograms recorded behind the specimen",
    ),
  distance_error: z
    .number()
    .nonnegative()
    .default(20)
    .describe(
      "largest error of the back-propagation distance to train with, um; the network corrects defocus up to this",
    ),
  positions: z.array(z.number()).min(1).optional().describe("z of every plane, um, for stacks with uneven steps"),
  longest_wave: z
    .number()
    .positive()
    .optional()
    .describe(
      "phase variations with longer periods than this, um, are not learnt, since holograms near focus hardly contain them",
    ),
  focus_plane: z
    .int()
    .nonnegative()
    .optional()
    .describe(
      "number of the plane in focus, from 0 (default: the middle plane of simulated stacks, autofocus for recorded ones)",
    ),
});

export type HidefConfig = z.output<typeof hidefConfig>;

export const hidef: TrainingMethod<HidefConfig, typeof hidefConfig> = {
  name: "hidef",
  task: "hologram",
  summary:
    "U-Net that turns a back-propagated in-line hologram into the in-focus field without twin image (after Wu et al., 2018)",
  config: hidefConfig,
  check: checkHidefConfig,
  learner,
};

/** @throws usage for keys that do not fit together */
function checkHidefConfig(config: HidefConfig): void {
  // The mean of |field|^2 over a larger pixel is not |mean field|^2, so the resampled hologram would not be the
  // hologram of the resampled field.
  refuseResampling(config, "a resampled hologram is not the hologram of the resampled field");
  const { distance_range: range, patch_size } = config;
  if (range[0] > range[1]) {
    throw configError("distance_range", `distance_range must go from the lower to the higher distance, got ${range}`);
  }
  const multiple = hidefAlignment(architectureOf(config));
  if (patch_size % multiple !== 0) {
    throw configError(
      "patch_size",
      `patch_size must be a multiple of ${multiple} for this architecture, got ${patch_size}`,
    );
  }
}

/** The architecture of the preset with the settings of the configuration. */
const architectureOf = ({ preset, architecture }: HidefConfig): HidefArchitecture => ({
  channels: architecture?.channels ?? hidefPresets[preset].channels,
});

function* learner(input: TrainingInput, config: HidefConfig): Generator<void, Learner> {
  const architecture = architectureOf(config);
  const { validation, at } = yield* hologramSources(input, config);
  const network = {
    alignment: hidefAlignment(architecture),
    distanceError: config.distance_error,
    predictionGraph: (height: number, width: number): Graph => {
      const graph = new Graph();
      const field = graph.input("field", [1, 2, height, width]);
      const parameters = weightsToValidate(graph, config.ema_decay);
      graph.output("focused", hidefNetwork(field, architecture, parameters, "portable"));
      return graph;
    },
  };
  const { graph, specs } = trainingGraph(config, architecture);
  const { light } = validation[0];
  return {
    steps: [{ name: "network", graph, learningRate: config.learning_rate }],
    specs,
    batchAt: hologramBatches(at, config),
    validator: hidefValidator(validation, network, 1),
    finalValidator: hidefValidator(validation, network, 4),
    pack: (weights, { steps, report }) => ({
      info: {
        ...describeModel(input, config, steps, report),
        task: "hologram",
        method: "hidef",
        architecture,
        distance_range: config.distance_range,
        distance_error: config.distance_error,
        pixel_size: light.pixelSize,
      },
      onnx: exportHidef(architecture, weights),
    }),
  };
}

/** Lowers the mean absolute error of both parts of `field` `[n, 2, p, p]` against `truth`. */
function trainingGraph(
  { batch_size: n, patch_size: p, clip_norm, ema_decay }: HidefConfig,
  architecture: HidefArchitecture,
): { graph: Graph; specs: Map<string, ParameterSpec> } {
  const graph = new Graph();
  const { parameters, specs, values } = trainableParameters(graph);
  const output = hidefNetwork(graph.input("field", [n, 2, p, p]), architecture, parameters, "training");
  optimise(graph, maeLoss(output, graph.input("truth", [n, 2, p, p])), values, {
    clipNorm: clip_norm,
    emaDecay: ema_decay,
  });
  return { graph, specs };
}
