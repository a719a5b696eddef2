/** Trains RLP: from two adjacent planes to the next one, over several steps at once. */
import { z } from "zod";
import { Random } from "../../array/random.ts";
import { Graph, type Value } from "../../graph/graph.ts";
import { writeOnnx } from "../../graph/onnx/write.ts";
import { add, mul } from "../../graph/operators/elementwise.ts";
import { concat, slice } from "../../graph/operators/movement.ts";
import {
  type DeepZArchitecture,
  deepZAlignment,
  deepZArchitecture,
  deepZPresets,
} from "../../models/networks/deep-z.ts";
import { constantParameters, type ParameterSpec, trainableParameters } from "../../models/networks/parameters.ts";
import { rlpStep } from "../../models/networks/rlp.ts";
import type { Tensors } from "../../run/runtime.ts";
import { commonConfig } from "../common-config.ts";
import { configError } from "../config-error.ts";
import { checkHoldsSequence, sequenceDrawer } from "../data/adjacent-planes.ts";
import { driftWarnings } from "../data/drift-warnings.ts";
import { refocusSources } from "../data/refocus-sources.ts";
import { describeModel } from "../describe-model.ts";
import type { Learner } from "../learner.ts";
import { maeLoss } from "../losses.ts";
import { optimise, weightsToValidate } from "../optimise.ts";
import type { TrainingInput, TrainingMethod } from "../training-method.ts";
import { rlpValidator } from "./rlp-validator.ts";

/** The configuration of RLP. Lengths in um. */
export const rlpConfig = z.strictObject({
  method: z.literal("rlp").default("rlp").describe("name of the method"),
  ...commonConfig({ experiment_name: "rlp" }),
  architecture: deepZArchitecture.partial().optional().describe("settings of the network that differ from the preset"),
  step: z.number().positive().default(1).meta({
    description:
      "distance between the two input planes, which is also the distance of a step, um; a multiple of the z step",
    default_in_words: "three axial units of the optics",
  }),
  unrolled_steps: z
    .int()
    .min(1)
    .max(8)
    .default(2)
    .describe("number of consecutive steps that are trained together, each from the output of the one before"),
  distance_range: z.tuple([z.number(), z.number()]).default([-4, 4]).meta({
    description: "range of refocusing distances to validate at, um from the first input plane",
    default_in_words: "eight axial units beyond the input planes, limited by the depth of the stacks",
  }),
});

export type RlpConfig = z.output<typeof rlpConfig>;

export const rlp: TrainingMethod<RlpConfig, typeof rlpConfig> = {
  name: "rlp",
  task: "refocus",
  summary: "U-Net that computes the next plane from two adjacent ones, applied recursively (after RLP-Net)",
  config: rlpConfig,
  check,
  learner,
};

function architectureOf({ preset, architecture }: RlpConfig): DeepZArchitecture {
  const own = Object.fromEntries(Object.entries(architecture ?? {}).filter(([, value]) => value !== undefined));
  // The target of a step is never an input plane, so that no recorded base is needed.
  return deepZArchitecture.parse({ ...deepZPresets[preset], recorded_base: undefined, ...own });
}

function check(config: RlpConfig): void {
  const { step, distance_range, patch_size } = config;
  const architecture = architectureOf(config);
  if (architecture.up.length !== architecture.down.length - 1) {
    const { down, up } = architecture;
    const detail = `architecture: up needs one level fewer than down, got ${up.length} and ${down.length}; give both`;
    throw configError("architecture", detail);
  }
  const multiple = deepZAlignment(architecture);
  if (patch_size % multiple !== 0) {
    const detail = `patch_size must be a multiple of ${multiple} for this architecture, got ${patch_size}`;
    throw configError("patch_size", detail);
  }
  if (distance_range[0] > -step || distance_range[1] < 2 * step) {
    const detail = `distance_range must contain at least -${step} to ${2 * step} um (one step to each side of the input planes), got ${distance_range.join(" to ")}`;
    throw configError("distance_range", detail);
  }
}

function* learner(input: TrainingInput, config: RlpConfig): Generator<void, Learner> {
  const architecture = architectureOf(config);
  const { step, unrolled_steps: steps, distance_range } = config;
  // The range contains the planes of every sequence of training steps.
  const reach: [number, number] = [-steps * step, (1 + steps) * step];
  const sources = { ...config, input_offsets: [0, step], distance_range: reach };
  const { validation, at } = yield* refocusSources(input, sources);
  for (const source of validation) checkHoldsSequence(source, steps);
  const warnings = yield* driftWarnings(input.samples);
  const draw = sequenceDrawer(config, steps);
  const network = {
    alignment: deepZAlignment(architecture),
    predictionGraph: (height: number, width: number) => predictionGraph(height, width, architecture, config.ema_decay),
  };
  return {
    warnings,
    ...trainingStep(config, architecture),
    batchAt: async (t) => draw(await at(t), new Random(config.seed).fork(t)),
    validator: rlpValidator(validation, network, distance_range, { pairs: 2 }),
    finalValidator: rlpValidator(validation, network, distance_range, { pairs: 6, thorough: true }),
    pack: (weights, { steps: taken, report }) => ({
      info: {
        ...describeModel(input, config, taken, report),
        task: "refocus",
        method: "rlp",
        architecture,
        input_offsets: [0, step],
        distance_range,
        pixel_size: validation[0].pixelSize,
        z_step: validation[0].zStep,
      },
      onnx: exportRlp(architecture, weights),
    }),
  };
}

/**
 * Step "generator": lowers the mean absolute error over several steps, each from the output of the steps before, so
 * that the network learns to continue from its own output. The gradient flows back through all steps.
 */
function trainingStep(
  config: RlpConfig,
  architecture: DeepZArchitecture,
): Pick<Learner, "steps"> & { specs: Map<string, ParameterSpec> } {
  const graph = new Graph();
  const { batch_size: n, patch_size: p, unrolled_steps: count } = config;
  const planes = graph.input("planes", [n, 2, p, p]);
  const direction = graph.input("direction", [n, 1, p, p]);
  const target = graph.input("target", [n, count, p, p]);
  const { parameters, specs, values } = trainableParameters(graph);
  let row = planes;
  const errors: Value[] = [];
  for (let k = 0; k < count; k++) {
    const next = rlpStep(row, direction, architecture, parameters, "training");
    errors.push(maeLoss(next, slice(target, [{ axis: 1, start: k, end: k + 1 }])));
    row = concat([next, slice(row, [{ axis: 1, start: 0, end: 1 }])], 1);
  }
  const loss = mul(
    errors.reduce((a, b) => add(a, b)),
    1 / count,
  );
  optimise(graph, loss, values, { clipNorm: config.clip_norm, emaDecay: config.ema_decay });
  return { steps: [{ name: "generator", graph, learningRate: config.learning_rate }], specs };
}

/** One step, with weights from the state: `image` `[1, 3, h, w]` (planes, direction) to `refocused`. */
function predictionGraph(height: number, width: number, architecture: DeepZArchitecture, emaDecay?: number): Graph {
  const graph = new Graph();
  appendStep(graph, height, width, architecture, weightsToValidate(graph, emaDecay));
  return graph;
}

/** The trained model as ONNX: one step, with its weights; extents "batch", "y" and "x" are variable. */
export function exportRlp(architecture: DeepZArchitecture, weights: Tensors): Uint8Array<ArrayBuffer> {
  const graph = new Graph();
  const size = 4 * 2 ** architecture.down.length;
  appendStep(graph, size, size, architecture, constantParameters(graph, weights));
  const open = { 0: "batch", 2: "y", 3: "x" };
  return writeOnnx(graph, { variable: { image: open, refocused: open } });
}

function appendStep(
  graph: Graph,
  height: number,
  width: number,
  architecture: DeepZArchitecture,
  parameters: ReturnType<typeof constantParameters>,
): void {
  const image = graph.input("image", [1, 3, height, width]);
  const part = (start: number, end: number) => slice(image, [{ axis: 1, start, end }]);
  graph.output("refocused", rlpStep(part(0, 2), part(2, 3), architecture, parameters, "portable"));
}
