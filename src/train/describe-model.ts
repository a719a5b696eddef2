import type { ModelInfo } from "../models/model-info.ts";
import { version } from "../version.ts";
import { architectureOf, type TrainingConfig } from "./config.ts";
import type { PairSource } from "./pairs.ts";
import type { NamedStack } from "./split-stacks.ts";
import type { ValidationReport } from "./validate.ts";

/** What a finished model says of itself. */
export function describeModel(
  stacks: readonly NamedStack[],
  config: TrainingConfig,
  steps: number,
  { scores }: ValidationReport,
  source: PairSource,
): ModelInfo {
  const { na, wavelength, refractiveIndex } = stacks[0].stack.optics ?? {};
  return {
    parfocal_model: 1,
    parfocal_version: version,
    created: new Date().toISOString(),
    experiment_name: config.experiment_name,
    task: "refocus",
    model: "deep-z",
    preset: config.preset,
    architecture: architectureOf(config),
    input_offsets: config.input_offsets,
    distance_range: config.distance_range,
    pixel_size: source.pixelSize,
    z_step: source.zStep,
    optics: {
      ...(na === undefined ? {} : { na }),
      ...(wavelength === undefined ? {} : { wavelength }),
      ...(refractiveIndex === undefined ? {} : { refractive_index: refractiveIndex }),
    },
    norm_pmin: config.norm_pmin,
    norm_pmax: config.norm_pmax,
    trained_on: stacks.map(({ name, stack }) => ({ name, shape: [stack.depth, stack.height, stack.width] })),
    steps,
    seed: config.seed,
    validation: { ...scores },
  };
}
