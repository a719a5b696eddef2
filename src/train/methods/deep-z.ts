/** Trains Deep-Z, with one or several input planes. */
import { Random } from "../../array/random.ts";
import { sizeOf } from "../../array/shape.ts";
import type { Tensor } from "../../graph/graph.ts";
import { deepZAlignment } from "../../models/networks/deep-z.ts";
import { type DeepZNetwork, filterSpecs } from "../../models/networks/deep-z-refocus.ts";
import { coarsePixel } from "../../models/networks/plane-filters.ts";
import type { Runtime } from "../../run/runtime.ts";
import { batchDrawer, type IndexedSource } from "../data/draw-batch.ts";
import { driftWarnings } from "../data/drift-warnings.ts";
import { heldRange } from "../data/held-range.ts";
import type { PairSource } from "../data/pairs.ts";
import { refocusSources } from "../data/refocus-sources.ts";
import { describeModel } from "../describe-model.ts";
import type { Learner, Validator } from "../learner.ts";
import type { TrainingInput, TrainingMethod } from "../training-method.ts";
import { architectureOf, checkDeepZConfig, type DeepZConfig, deepZConfig } from "./deep-z-config.ts";
import { deepZSteps, exportDeepZ, predictionGraph } from "./deep-z-steps.ts";
import { measureDirection } from "./direction-calibration.ts";
import { fitPlaneFilters } from "./fit-plane-filters.ts";
import { centralWindows, createValidator, type RefocusNetwork } from "./refocus-validator.ts";

export const deepZ: TrainingMethod<DeepZConfig, typeof deepZConfig> = {
  name: "deep-z",
  task: "refocus",
  summary: "U-Net that refocuses one or a few planes by a distance per pixel (Wu et al., 2019)",
  config: deepZConfig,
  check: checkDeepZConfig,
  learner,
};

function* learner(input: TrainingInput, config: DeepZConfig): Generator<void, Learner> {
  const architecture = architectureOf(config);
  const { range, warnings } = heldRange(input.samples, config);
  const { validation, at } = yield* refocusSources(input, {
    ...config,
    distance_range: range,
    gives_back: Boolean(architecture.recorded_base),
  });
  warnings.push(...(yield* driftWarnings(input.samples)));
  const draw = batchDrawer(config, architecture.distance_scale);
  const { batch_size: n, patch_size: p, input_offsets } = config;
  const built: DeepZNetwork = { architecture, offsets: input_offsets, range };
  const network = {
    alignment: deepZAlignment(architecture),
    distanceScale: architecture.distance_scale,
    predictionGraph: (height: number, width: number) => predictionGraph(height, width, built, config.ema_decay),
  };
  const filters = filterSpecs(built);
  return {
    warnings,
    ...deepZSteps(config, built),
    async batchAt(step) {
      const { image, target } = draw(await at(step), new Random(config.seed).fork(step));
      return {
        image: { type: "float32", shape: [n, input_offsets.length + 1, p, p], data: image },
        target: { type: "float32", shape: [n, 1, p, p], data: target },
      };
    },
    ...(filters && {
      buffers: Object.fromEntries(filters.map(([name, spec]) => [name, constantTensor(spec)])),
      async fitBuffers(runtime: Runtime, signal?: AbortSignal) {
        const choose = await at(1);
        // These patches are different from those of the training steps.
        const random = new Random(config.seed).fork(0);
        const batches = Math.max(minBatches, Math.min(maxBatches, 2 * config.num_steps));
        const p = largestPatch(choose, config.patch_size, random);
        const drawLarge = batchDrawer(
          { ...config, patch_size: p, batch_size: filterPatches },
          architecture.distance_scale,
        );
        return fitPlaneFilters(
          built,
          { batches, n: filterPatches, p },
          (i) => drawLarge(choose, random.fork(i)),
          runtime,
          signal,
        );
      },
    }),
    validator: createValidator(validation, network, { distances: 8, perDistance: 3 }),
    finalValidator: withDirection(
      createValidator(validation, network, { distances: 15, perDistance: 4, thorough: true }),
      validation,
      network,
      { input_offsets, distance_range: range },
    ),
    pack: (weights, { steps, report }) => ({
      info: {
        ...describeModel(input, config, steps, report),
        task: "refocus",
        method: "deep-z",
        architecture,
        input_offsets,
        distance_range: range,
        pixel_size: validation[0].pixelSize,
        z_step: validation[0].zStep,
        ...(report.direction && { direction: report.direction }),
      },
      onnx: exportDeepZ(built, weights),
    }),
  };
}

/** Minimum and maximum number of batches for fitting linear filters; a short training uses fewer. */
const [minBatches, maxBatches] = [100, 400] as const;

/** Number of patches in a batch for fitting linear filters, and their maximum side, pixels. */
const [filterPatches, maxFilterSide] = [4, 128] as const;

/** The side of the largest patch that fits into all sources. */
function largestPatch(choose: (random: Random) => IndexedSource, min: number, random: Random): number {
  const sides = Array.from({ length: 64 }, () => {
    const { source } = choose(random);
    return Math.min(source.height, source.width);
  });
  const side = Math.max(min, Math.min(maxFilterSide, ...sides));
  return side - (side % coarsePixel);
}

const constantTensor = ({ shape, initial }: { shape: readonly number[]; initial: number }): Tensor => ({
  type: "float32",
  shape,
  data: new Float32Array(sizeOf(shape)).fill(initial),
});

/**
 * Extends the validator of a network of one input plane: also calibrates the direction of defocus, and reports its
 * accuracy.
 */
function withDirection(
  validator: Validator,
  sources: readonly PairSource[],
  network: RefocusNetwork,
  { input_offsets, distance_range }: Pick<DeepZConfig, "input_offsets" | "distance_range">,
): Validator {
  if (input_offsets.length > 1) return validator;
  const windows = centralWindows(sources, network);
  return {
    ...validator,
    async run(session, until) {
      const report = await validator.run(session, until);
      const direction = await measureDirection(sources, distance_range, windows.plane, (plane, distance) =>
        windows.refocus(session, [plane], distance),
      );
      if (direction) report.scores.direction_accuracy = direction.accuracy;
      return { ...report, direction };
    },
  };
}
