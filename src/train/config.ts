/** Configurations of all systems, from what a user gives. */

import type { NamedStack } from "../image/named-stack.ts";
import type { Task } from "../models/networks/common-info.ts";
import { configError } from "./config-error.ts";
import { systemNames, type TrainedModel, trainedSystems } from "./methods/methods.ts";
import { parseConfig } from "./parse-config.ts";
import { depthOf, refocusKeys } from "./refocus-defaults.ts";
import type { SystemConfig, TrainedSystem } from "./trained-system.ts";

/** A configuration as somebody writes it: the system's name, and any of its keys. */
export type ConfigInput = { model?: string } & Record<string, unknown>;

/** The system that is meant where only the task is said. */
const standard: Record<Task, TrainedModel> = {
  refocus: "deep-z",
  section: "unet",
  autofocus: "autofocus",
  hologram: "hidef",
};
export const standardSystem = (task: Task): TrainedModel => standard[task];

/**
 * The system that a configuration names; Deep-Z where it names none.
 * @throws usage for an unknown one
 */
export function systemOf(model: unknown = standard.refocus): TrainedSystem {
  const found = typeof model === "string" && Object.hasOwn(trainedSystems, model);
  if (found) return trainedSystems[model as TrainedModel] as unknown as TrainedSystem;
  throw configError("model", `model: there is no system ${String(model)}; expected one of ${systemNames.join(", ")}`);
}

/**
 * A complete configuration from a partial one. Of methods that refocus, planes and distances that are not given follow from the stacks that are
 * trained on, where there are any ({@link refocusKeys}).
 * @throws usage naming the key, what it was and what is expected
 */
export function resolveConfig(partial: ConfigInput, samples: readonly NamedStack[] = []): SystemConfig {
  const system = systemOf(partial.model);
  const config = parseConfig(system.config, {
    ...refocusKeys(system.model, partial, samples.map(depthOf)),
    ...partial,
  });
  system.check?.(config);
  return config;
}
