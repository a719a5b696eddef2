/** A line about each method that can be trained, for lists to choose from. */
import { tasks as modelTasks } from "../models/networks/common-info.ts";
import { defaultMethod, methodOf } from "../train/config.ts";
import { methodNames } from "../train/methods/methods.ts";

export const methodSummaries = methodNames.map((name) => {
  const { task, summary } = methodOf(name);
  return { name, task, summary, standard: name === defaultMethod(task) };
});

export { modelTasks };
