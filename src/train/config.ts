/** Configurations of all methods, from what a user gives. */

import type { NamedStack } from "../image/named-stack.ts";
import type { Task } from "../models/networks/common-info.ts";
import { configError } from "./config-error.ts";
import { type MethodName, methodNames, trainingMethods } from "./methods/methods.ts";
import { parseConfig } from "./parse-config.ts";
import { depthOf, refocusKeys } from "./refocus-defaults.ts";
import type { MethodConfig, TrainingMethod } from "./training-method.ts";

/** A configuration as somebody writes it: the method's name, and any of its keys. */
export type ConfigInput = { method?: string } & Record<string, unknown>;

/** The method that is meant where only the task is said. */
const standard: Record<Task, MethodName> = {
  refocus: "deep-z",
  section: "unet",
  autofocus: "autofocus",
  hologram: "hidef",
};
export const standardMethod = (task: Task): MethodName => standard[task];

/**
 * The method that a configuration names; Deep-Z where it names none.
 * @throws usage for an unknown one
 */
export function methodOf(name: unknown = standard.refocus): TrainingMethod {
  const found = typeof name === "string" && Object.hasOwn(trainingMethods, name);
  if (found) return trainingMethods[name as MethodName] as unknown as TrainingMethod;
  throw configError("method", `method: there is no method ${String(name)}; expected one of ${methodNames.join(", ")}`);
}

/**
 * A complete configuration from a partial one. Of methods that refocus, planes and distances that are not given follow
 * from the stacks that are trained on, where there are any ({@link refocusKeys}).
 * @throws usage naming the key, what it was and what is expected
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
