import type { Optics } from "../image/image.ts";
import type { ModelInfo } from "../models/model-info.ts";
import { version } from "../version.ts";
import type { CommonConfig } from "./common-config.ts";
import type { ValidationReport } from "./learner.ts";
import type { TrainingInput } from "./training-method.ts";

/** The part of the description that all models share; the method adds the rest. */
type Description = Pick<
  ModelInfo,
  | "parfocal_model"
  | "parfocal_version"
  | "created"
  | "experiment_name"
  | "preset"
  | "optics"
  | "norm_pmin"
  | "norm_pmax"
  | "trained_on"
  | "steps"
  | "seed"
  | "validation"
>;

/** Fills the part of the description of a trained model that does not depend on the method. */
export function describeModel(
  { samples, fields }: Pick<TrainingInput, "samples" | "fields">,
  config: CommonConfig,
  steps: number,
  { scores }: ValidationReport,
): Description {
  // A value is kept if all samples agree on it. Some microscopes write 0 for unknown values.
  const common = (key: keyof Optics): number | undefined => {
    const [first, ...others] = samples.map(({ stack }) => stack.optics?.[key]);
    const isKnown = first !== undefined && Number.isFinite(first) && first > 0;
    return isKnown && others.every((value) => value === first) ? first : undefined;
  };
  const [na, wavelength, refractiveIndex] = [common("na"), common("wavelength"), common("refractiveIndex")];
  const recorded = fields === undefined || config.simulated_share < 1 ? samples : [];
  const trainedOn = fields === undefined ? recorded : [{ ...samples[0], name: fields.name }, ...recorded];
  return {
    parfocal_model: 1,
    parfocal_version: version,
    created: new Date().toISOString(),
    experiment_name: config.experiment_name,
    preset: config.preset,
    optics: {
      ...(na === undefined ? {} : { na }),
      ...(wavelength === undefined ? {} : { wavelength }),
      ...(refractiveIndex === undefined ? {} : { refractive_index: refractiveIndex }),
    },
    norm_pmin: config.norm_pmin,
    norm_pmax: config.norm_pmax,
    trained_on: trainedOn.map(({ name, stack }) => ({ name, shape: [stack.depth, stack.height, stack.width] })),
    steps,
    seed: config.seed,
    // An infinite score (an input that equals its ground truth) cannot be stored in a description.
    validation: Object.fromEntries(Object.entries(scores).filter(([, value]) => Number.isFinite(value))),
  };
}
