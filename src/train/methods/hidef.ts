/** Training HIDEF: holograms to fields in focus. */
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
import { hologramSources } from "../data/hologram-data.ts";
import { hologramBatches } from "../data/hologram-views.ts";
import { describeModel } from "../describe-model.ts";
import type { Learner } from "../learner.ts";
import { maeLoss } from "../losses.ts";
import { optimise, weightsToValidate } from "../optimise.ts";
import type { TrainingInput, TrainingMethod } from "../training-method.ts";
import { hidefValidator } from "./hidef-validator.ts";

/** Everything that decides how HIDEF is trained. Lengths in um. */
export const hidefConfig = z.strictObject({
  method: z.literal("hidef").default("hidef").describe("the method"),
  ...commonConfig({
    experiment_name: "hologram",
    patch_size: 128,
    batch_size: 4,
    num_steps: 2000,
    learning_rate: 1e-3,
  }),
  architecture: hidefArchitecture.partial().optional().describe("numbers that differ from the preset"),
  distance_range: z
    .tuple([z.number(), z.number()])
    .default([-20, -5])
    .describe("holograms to learn: from hologram to specimen, um along the light; light that has passed it: negative"),
  distance_error: z
    .number()
    .nonnegative()
    .default(20)
    .describe(
      "by how much the distance may be wrong that a hologram is sent back by, um: what the network focuses itself",
    ),
  positions: z.array(z.number()).min(1).optional().describe("z of every plane, um, where steps differ"),
  longest_wave: z
    .number()
    .positive()
    .optional()
    .describe("waves of the phase longer than this, um, are not learnt: holograms near the focus hardly show them"),
  focus_plane: z
    .int()
    .nonnegative()
    .optional()
    .describe("plane in focus, from 0; default the middle one of simulated stacks, found in recorded ones"),
});

export type HidefConfig = z.output<typeof hidefConfig>;

export const hidef: TrainingMethod<HidefConfig, typeof hidefConfig> = {
  name: "hidef",
  task: "hologram",
  summary:
    "U-Net from a back-propagated in-line hologram to the field in focus, without twin image (after Wu et al., 2018)",
  config: hidefConfig,
  check: checkHidefConfig,
  learner,
};

/** @throws usage for keys that do not go together */
function checkHidefConfig(config: HidefConfig): void {
  // The mean of |field|^2 over a larger pixel is not |mean field|^2: the resampled hologram would not be that of the resampled truth.
  refuseResampling(config, "averaged pixels of a hologram are not the hologram of an averaged field");
  const { distance_range: range, patch_size } = config;
  if (range[0] > range[1]) {
    throw configError("distance_range", `distance_range must go from the lower to the higher distance, got ${range}`);
  }
  const multiple = hidefAlignment(architectureOf(config));
  if (patch_size % multiple !== 0) {
    throw configError("patch_size", `patch_size must be a multiple of ${multiple} for this model, got ${patch_size}`);
  }
}

/** The preset's numbers with the configuration's own. */
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
