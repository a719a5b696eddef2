/** Trains a U-Net for image-to-image translation. */
import { z } from "zod";
import {
  type UnetArchitecture,
  unetAlignment,
  unetArchitecture,
  unetMargin,
  unet as unetNetwork,
  unetPresets,
  validOffset,
} from "../../models/networks/unet.ts";
import { commonConfig } from "../common-config.ts";
import { configError } from "../config-error.ts";
import type { TrainingMethod } from "../training-method.ts";
import { checkPatchSize, type SupervisedNetwork, supervisedLearner } from "./supervised-section.ts";

/** The configuration of the U-Net. */
export const unetConfig = z.strictObject({
  method: z.literal("unet").default("unet").describe("name of the method"),
  ...commonConfig({ experiment_name: "unet", batch_size: 4, learning_rate: 2e-3, clip_norm: 1 }),
  architecture: unetArchitecture.partial().optional().describe("settings of the network that differ from the preset"),
});

export type UnetConfig = z.output<typeof unetConfig>;

export const unet: TrainingMethod<UnetConfig, typeof unetConfig> = {
  name: "unet",
  task: "section",
  summary: "U-Net from one kind of image to another, with same or valid padding (Ronneberger et al., 2015)",
  config: unetConfig,
  check(config) {
    const architecture = architectureOf(config);
    if (architecture.padding === "valid" && architecture.upsampling === "nearest") {
      const detail = "architecture: padding valid needs upsampling transposed, since nearest pads with zeros";
      throw configError("architecture", detail);
    }
    const min = architecture.padding === "valid" ? 2 * unetMargin(architecture) + unetAlignment(architecture) : 0;
    checkPatchSize(config, unetAlignment(architecture), min);
  },
  learner(input, config) {
    const architecture = architectureOf(config);
    return supervisedLearner(input, config, unetOf(architecture), (common) => ({
      ...common,
      method: "unet",
      architecture,
    }));
  },
};

/** The architecture of the preset with the settings of the configuration. */
function architectureOf({ preset, architecture }: UnetConfig): UnetArchitecture {
  const own = Object.fromEntries(Object.entries(architecture ?? {}).filter(([, value]) => value !== undefined));
  return unetArchitecture.parse({ ...unetPresets[preset], ...own });
}

/**
 * The network for training. With padding "valid" it uses real pixels only: in training by its convolutions, later by
 * its margin.
 */
export function unetOf(architecture: UnetArchitecture): SupervisedNetwork {
  const alignment = unetAlignment(architecture);
  const valid = architecture.padding === "valid";
  return {
    alignment,
    ...(valid ? { offset: validOffset, margin: Math.ceil(unetMargin(architecture) / alignment) * alignment } : {}),
    build: (x, parameters, form) => unetNetwork(x, architecture, parameters, form),
  };
}
