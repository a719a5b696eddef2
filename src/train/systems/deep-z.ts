/** Training Deep-Z, or a network of its kind with several input planes. */
import { Random } from "../../array/random.ts";
import { type DirectionCalibration, deepZAlignment } from "../../models/deep-z.ts";
import { describeModel } from "../describe-model.ts";
import { measureDirection } from "../direction-calibration.ts";
import { batchDrawer } from "../draw-batch.ts";
import { driftWarnings } from "../drift-warnings.ts";
import type { Learner, Validator } from "../learner.ts";
import type { PairSource } from "../pairs.ts";
import { parseConfig } from "../parse-config.ts";
import { refocusSources } from "../refocus-sources.ts";
import type { TrainedSystem, TrainingInput } from "../trained-system.ts";
import { architectureOf, checkDeepZConfig, type DeepZConfig, deepZConfig } from "./deep-z-config.ts";
import { deepZSteps, exportDeepZ, predictionGraph } from "./deep-z-steps.ts";
import { centralWindows, createValidator, type RefocusNetwork } from "./refocus-validator.ts";

export const deepZ: TrainedSystem<DeepZConfig, typeof deepZConfig> = {
  model: "deep-z",
  task: "refocus",
  summary: "U-Net that refocuses one or a few planes by a distance per pixel (Wu et al., 2019)",
  config: deepZConfig,
  check: checkDeepZConfig,
  learner,
};

function learner(input: TrainingInput, config: DeepZConfig): Learner {
  const architecture = architectureOf(config);
  const { validation, at } = refocusSources(input, config);
  for (const warning of driftWarnings(input.samples)) input.onWarning?.(warning);
  const draw = batchDrawer(config, architecture.distance_scale);
  const { batch_size: n, patch_size: p, input_offsets } = config;
  const network = {
    alignment: deepZAlignment(architecture),
    distanceScale: architecture.distance_scale,
    predictionGraph: (planes: number, height: number, width: number) =>
      predictionGraph(planes, height, width, architecture, config.ema_decay),
  };
  const direction: Direction = {};
  return {
    ...deepZSteps(config, architecture),
    async batchAt(step) {
      const { image, target } = draw(await at(step), new Random(config.seed).fork(step));
      return {
        image: { type: "float32", shape: [n, input_offsets.length + 1, p, p], data: image },
        target: { type: "float32", shape: [n, 1, p, p], data: target },
      };
    },
    validator: createValidator(validation, network, 6),
    finalValidator: withDirection(createValidator(validation, network, 16), validation, network, config, direction),
    pack: (weights, { steps, report }) => ({
      info: {
        ...describeModel(input, config, steps, report),
        task: "refocus",
        model: "deep-z",
        architecture,
        input_offsets,
        distance_range: config.distance_range,
        pixel_size: validation[0].pixelSize,
        z_step: validation[0].zStep,
        ...(direction.measured && { direction: direction.measured }),
      },
      onnx: exportDeepZ(input_offsets.length, architecture, weights),
    }),
  };
}

interface Direction {
  measured?: DirectionCalibration | undefined;
}

/** Measures as well what a network of one input plane knows of direction, and shows how often it is right. */
function withDirection(
  validator: Validator,
  sources: readonly PairSource[],
  network: RefocusNetwork,
  { input_offsets, distance_range }: DeepZConfig,
  direction: Direction,
): Validator {
  if (input_offsets.length > 1) return validator;
  const windows = centralWindows(sources, network);
  return {
    ...validator,
    async run(session) {
      const report = await validator.run(session);
      direction.measured = await measureDirection(sources, distance_range, windows.plane, (plane, distance) =>
        windows.refocus(session, [plane], distance),
      );
      if (direction.measured) report.scores.direction_accuracy = direction.measured.accuracy;
      return report;
    },
  };
}

/**
 * A complete configuration from a partial one.
 * @throws usage naming the key, what it was and what is expected
 */
export function resolveDeepZConfig(partial: unknown): DeepZConfig {
  const config = parseConfig(deepZConfig, partial);
  checkDeepZConfig(config);
  return config;
}
