/** Trains Recurrent-MZ. */
import { Random } from "../../array/random.ts";
import { driftWarnings } from "../data/drift-warnings.ts";
import { heldRange } from "../data/held-range.ts";
import { planeSetDrawer } from "../data/plane-sets.ts";
import { refocusSources } from "../data/refocus-sources.ts";
import { describeModel } from "../describe-model.ts";
import type { Learner } from "../learner.ts";
import type { TrainingInput, TrainingMethod } from "../training-method.ts";
import {
  checkRecurrentMzConfig,
  type RecurrentMzConfig,
  recurrentMzArchitectureOf,
  recurrentMzConfig,
} from "./recurrent-mz-config.ts";
import { exportRecurrentMz, recurrentMzSteps } from "./recurrent-mz-steps.ts";
import { recurrentMzValidator } from "./recurrent-mz-validator.ts";

export const recurrentMz: TrainingMethod<RecurrentMzConfig> = {
  name: "recurrent-mz",
  task: "refocus",
  summary:
    "recurrent network that computes any plane of a volume from several planes at any positions (Huang et al., 2021)",
  config: recurrentMzConfig,
  check: checkRecurrentMzConfig,
  learner,
};

function* learner(input: TrainingInput, config: RecurrentMzConfig): Generator<void, Learner> {
  const architecture = recurrentMzArchitectureOf(config);
  const { min_planes, max_planes, plane_range } = config;
  const { range: distance_range, warnings } = heldRange(input.samples, { ...config, input_offsets: [0] });
  const { validation, at } = yield* refocusSources(input, { ...config, distance_range, input_offsets: [0] });
  warnings.push(...(yield* driftWarnings(input.samples)));
  const draw = planeSetDrawer(config, architecture.distance_scale);
  return {
    warnings,
    ...recurrentMzSteps(config, architecture),
    batchAt: async (step) => draw(await at(step), new Random(config.seed).fork(step)),
    validator: recurrentMzValidator(validation, config, architecture, { perGroup: 2 }),
    finalValidator: recurrentMzValidator(validation, config, architecture, { perGroup: 6, thorough: true }),
    pack: (weights, { steps, report }) => ({
      info: {
        ...describeModel(input, config, steps, report),
        task: "refocus",
        method: "recurrent-mz",
        architecture,
        plane_counts: [min_planes, max_planes],
        plane_range,
        distance_range,
        pixel_size: validation[0].pixelSize,
        z_step: validation[0].zStep,
      },
      onnx: exportRecurrentMz(max_planes, architecture, weights),
    }),
  };
}
