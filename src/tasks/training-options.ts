/** Options of tasks that train: the keys of a method's configuration, as they are given. */
import { z } from "zod";
import type { Task as ModelTask } from "../models/networks/common-info.ts";
import { defaultMethod, methodOf } from "../train/config.ts";
import { trainingMethods } from "../train/methods/methods.ts";
import { asGiven, option } from "./options.ts";
import { setKeys } from "./simulate.ts";
import type { TaskOptions } from "./task.ts";

/** Which images of a recipe a network is trained on, and changes to the recipe. */
export const recipeImageOptions = {
  input_image: option(z.string().optional(), "name of the recipe's image that is the input of the network", {
    default_in_words: "the first",
    placeholder: "name",
    group: "Recipe",
  }),
  target_image: option(z.string().optional(), "name of the recipe's image that is the target", {
    placeholder: "name",
    group: "Recipe",
  }),
  set: setKeys,
};

/** Every configuration is an object. */
const shapeOf = (config: z.ZodType): Record<string, z.ZodType> =>
  (config as unknown as z.ZodObject<Record<string, z.ZodType>>).shape;

/** Keys that the configurations of all methods have. */
function commonKeys(): ReadonlySet<string> {
  const [first, ...others] = Object.values(trainingMethods).map(({ config }) => Object.keys(shapeOf(config)));
  return new Set(first.filter((key) => others.every((keys) => keys.includes(key))));
}

/**
 * The configuration of a method as options, those that all methods have first. What only this method has is marked
 * `own`, so that a help that is not about one method leaves it out.
 * @param without keys that the task sees to itself
 * @throws usage for an unknown method
 */
export function methodOptions(name: unknown, without: readonly string[]): TaskOptions {
  const { config, name: method } = methodOf(name);
  const common = commonKeys();
  const keys = Object.entries(shapeOf(config)).filter(([key]) => key !== "method" && !without.includes(key));
  const part = (shared: boolean) => Object.fromEntries(keys.filter(([key]) => common.has(key) === shared));
  return z.strictObject({
    ...asGiven(part(true), { group: "Training" }),
    ...asGiven(part(false), { group: `Training with ${method}`, own: true }),
  });
}

/** The method that options or a configuration file name: by its name, or the standard one for a task. */
export function namedMethod(
  { method, task }: { method?: unknown; task?: unknown },
  file: Readonly<Record<string, unknown>>,
): unknown {
  return method ?? file.method ?? defaultMethod((task as ModelTask | undefined) ?? "refocus");
}
