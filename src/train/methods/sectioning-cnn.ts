/** Trains a plain network for optical sectioning, on as little as one pair of images. */
import { z } from "zod";
import {
  type SectioningCnnArchitecture,
  sectioningCnnArchitecture,
  sectioningCnn as sectioningCnnNetwork,
  sectioningCnnPresets,
} from "../../models/networks/sectioning-cnn.ts";
import { commonConfig } from "../common-config.ts";
import { onlyPlane } from "../data/only-plane.ts";
import type { TrainingMethod } from "../training-method.ts";
import { type SupervisedNetwork, supervisedLearner } from "./supervised-section.ts";

/** The configuration of the sectioning CNN. */
export const sectioningCnnConfig = z.strictObject({
  method: z.literal("sectioning-cnn").default("sectioning-cnn").describe("name of the method"),
  ...commonConfig({ experiment_name: "sectioning-cnn", batch_size: 4, learning_rate: 2e-3, clip_norm: 1 }),
  architecture: sectioningCnnArchitecture
    .partial()
    .optional()
    .describe("settings of the network that differ from the preset"),
  pair_plane: z
    .int()
    .nonnegative()
    .optional()
    .describe("number of the only plane of every stack to train on, from 0 (default: all planes)"),
});

export type SectioningCnnConfig = z.output<typeof sectioningCnnConfig>;

export const sectioningCnn: TrainingMethod<SectioningCnnConfig, typeof sectioningCnnConfig> = {
  name: "sectioning-cnn",
  task: "section",
  summary:
    "plain network from widefield to optical section that can be trained on a single pair (after Zhang et al., 2018)",
  config: sectioningCnnConfig,
  learner(input, config) {
    const architecture = architectureOf(config);
    const network = { ...sectioningCnnOf(architecture), choose: onlyPlane(config.pair_plane) };
    return supervisedLearner(input, config, network, (common) => ({
      ...common,
      method: "sectioning-cnn",
      architecture,
    }));
  },
};

function architectureOf({ preset, architecture }: SectioningCnnConfig): SectioningCnnArchitecture {
  const own = Object.fromEntries(Object.entries(architecture ?? {}).filter(([, value]) => value !== undefined));
  return sectioningCnnArchitecture.parse({ ...sectioningCnnPresets[preset], ...own });
}

/** The network for training. */
export function sectioningCnnOf(architecture: SectioningCnnArchitecture): SupervisedNetwork {
  const reach = 1 + architecture.dilations.reduce((sum, dilation) => sum + dilation, 0);
  return {
    alignment: 1,
    margin: reach,
    build: (x, parameters) => sectioningCnnNetwork(x, architecture, parameters),
  };
}
