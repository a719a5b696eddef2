/** Completes and validates the configuration of any method. */

import type { NamedStack } from "../image/named-stack.ts";
import type { Task } from "../models/networks/common-info.ts";
import { configError } from "./config-error.ts";
import { type MethodName, methodNames, trainingMethods } from "./methods/methods.ts";
import { parseConfig } from "./parse-config.ts";
import { depthOf, refocusKeys } from "./refocus-defaults.ts";
import type { MethodConfig, TrainingMethod } from "./training-method.ts";

/** A configuration as a user writes it: the name of the method, and any of its keys. */
export type ConfigInput = { method?: string } & Record<string, unknown>;

/** The default method of each task. */
const defaultMethods: Record<Task, MethodName> = {
  refocus: "deep-z",
  section: "unet",
  autofocus: "autofocus",
  hologram: "hidef",
};
export const defaultMethod = (task: Task): MethodName => defaultMethods[task];

/**
 * The method with this name; Deep-Z where no name is given.
 * @throws usage for an unknown one
 */
export function methodOf(name: unknown = defaultMethods.refocus): TrainingMethod {
  const found = typeof name === "string" && Object.hasOwn(trainingMethods, name);
  if (found) return trainingMethods[name as MethodName] as unknown as TrainingMethod;
  throw configError("method", `method: ${String(name)} is not a method; expected one of ${methodNames.join(", ")}`);
}

/**
 * A complete configuration from a partial one. For refocusing methods, planes and distances that are not given are
 * derived from the training stacks, if there are any (`refocusKeys`).
 * @throws usage with the key, the value and what is expected
 */
export function resolveConfig(partial: ConfigInput, samples: readonly NamedStack[] = []): MethodConfig {
  const method = methodOf(partial.method);
  const config = parseConfig(method.config, {
    ...refocusKeys(method.name, partial, samples.map(depthOf)),
    ...partial,
  });
  method.check?.(config);
  return config;
}
