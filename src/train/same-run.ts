/** Finds an earlier run with the same configuration and data, to be reused. */
import { breatheThrough } from "../array/breathe.ts";
import type { NamedStack } from "../image/named-stack.ts";
import { readTextIfThere, type Storage } from "../image/storage.ts";
import { describeSamples } from "./data/describe-samples.ts";
import type { FieldSource } from "./data/field-pool.ts";
import { readRunConfig, runsOf } from "./run-folder.ts";
import type { MethodConfig } from "./training-method.ts";

export interface SameRun {
  /** The run's folder. */
  run: string;
  /** Whether it has a model; otherwise it may have a checkpoint to resume from. */
  finished: boolean;
}

/**
 * The newest run of an experiment with this configuration on these data; undefined where there is none.
 * @throws interrupted
 */
export async function findSameRun(
  storage: Storage,
  root: string,
  config: MethodConfig,
  { samples, fields }: { samples: readonly NamedStack[]; fields?: FieldSource | undefined },
  signal?: AbortSignal,
): Promise<SameRun | undefined> {
  const expected = [
    JSON.stringify(config),
    await breatheThrough(describeSamples(samples), signal),
    fields?.description,
  ];
  for (const run of (await runsOf(storage, root, config.experiment_name)).reverse()) {
    const read = (name: string): Promise<string | undefined> =>
      readTextIfThere(storage, storage.join(run, name)).catch(() => undefined);
    // A damaged folder, or one of another version of Parfocal, does not match.
    const saved = await readRunConfig(storage, run).catch(() => undefined);
    const found = [saved && JSON.stringify(saved), await read("samples.yaml"), await read("recipe.yaml")];
    if (found.some((text, i) => text !== expected[i])) continue;
    const model = await storage.kindOf(storage.join(run, "model", "model.yaml"));
    return { run, finished: model !== undefined };
  }
  return undefined;
}
