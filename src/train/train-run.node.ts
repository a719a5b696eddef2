/** A training with a folder: a new run, or the newest one that can go on. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { ParfocalError } from "../errors.ts";
import { writeFileAtomic } from "../image/atomic-file.node.ts";
import type { Runtime } from "../run/runtime.ts";
import { decodeCheckpoint } from "./checkpoint.ts";
import { resolveConfig, type TrainingConfig } from "./config.ts";
import { type FieldSource, trainingData } from "./field-pool.ts";
import { drawPreview } from "./preview.ts";
import { createRunFolder, newestRun, openRunFolder, readRunConfig } from "./run-folder.node.ts";
import type { NamedStack } from "./split-stacks.ts";
import { type TrainingProgress, type TrainingResult, trainRefocus } from "./train.ts";

export interface TrainRunOptions {
  /** Keys of the configuration that are given; the others have their defaults, or those of the run that goes on. */
  config: Record<string, unknown>;
  /** Folder of all experiments, such as "runs". */
  root: string;
  /** Goes on with the experiment's newest run that has a checkpoint. */
  resume?: boolean | undefined;
  /** Simulated fields to train on; the stacks then validate. */
  fields?: FieldSource | undefined;
  runtime: Runtime;
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: TrainingProgress) => void) | undefined;
  /** Told before the training starts, for what cannot be mended later. */
  onWarning?: ((sentence: string) => void) | undefined;
}

export interface TrainRunResult extends TrainingResult {
  /** The run's folder. */
  run: string;
  /** The folder of its model. */
  model: string;
  config: TrainingConfig;
  warnings: string[];
}

/**
 * Trains in `<root>/<experiment_name>/version_<n>`.
 * @throws what {@link trainRefocus} throws; training.failed when there is no run to go on with
 */
export async function trainRun(
  stacks: readonly NamedStack[],
  { config: given, root, resume = false, onWarning, onProgress, ...options }: TrainRunOptions,
): Promise<TrainRunResult> {
  const fresh = resolveConfig(given);
  const old = resume ? await newestRun(root, fresh.experiment_name) : undefined;
  const config = old === undefined ? fresh : resolveConfig({ ...(await readRunConfig(old)), ...given });
  // Stacks that cannot be trained on are refused before a folder is made for them.
  trainingData(stacks, config, options.fields);
  if (old !== undefined) await checkSameFields(old, options.fields);
  const run = old ?? (await createRunFolder(root, config));
  if (old === undefined && options.fields?.description !== undefined) {
    await writeFileAtomic(join(run, "recipe.yaml"), options.fields.description);
  }
  let step = old === undefined ? 0 : await checkpointStep(old);
  const pixelSize = stacks[0].stack.pixelSize?.x ?? 1;
  const store = await openRunFolder(
    run,
    (report) => drawPreview(report, `${config.experiment_name}, step ${step}`, pixelSize),
    old === undefined ? undefined : step,
  );
  const warnings: string[] = [];
  const result = await trainRefocus(stacks, config, {
    ...options,
    store,
    resume,
    onWarning: (sentence) => {
      warnings.push(sentence);
      onWarning?.(sentence);
    },
    onProgress: (progress) => {
      step = progress.step;
      onProgress?.(progress);
    },
  });
  return { ...result, run, model: join(run, "model"), config, warnings };
}

/** Throws `training.failed` unless a run was trained on the fields that it shall go on with. */
async function checkSameFields(run: string, fields: FieldSource | undefined): Promise<void> {
  const path = join(run, "recipe.yaml");
  const before = await readFile(path, "utf8").catch(() => undefined);
  if (before === fields?.description) return;
  const detail =
    before === undefined
      ? "it was trained on stacks, not on a recipe"
      : `it was trained on the recipe ${path}${fields === undefined ? ", not on stacks" : ", which is another one"}`;
  const message = `Cannot resume ${run}: ${detail}; give the same, or start a new run.`;
  throw new ParfocalError("training.failed", message, { detail, run });
}

/** The step that a run's last checkpoint was written after. */
async function checkpointStep(run: string): Promise<number> {
  const path = join(run, "checkpoints", "last.safetensors");
  return Number(decodeCheckpoint(await readFile(path), path).metadata.step);
}
