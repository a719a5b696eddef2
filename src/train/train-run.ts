/** Trains in the folder of a run: a new run, or the newest one that can be resumed. */
import { breathe, breatheThrough } from "../array/breathe.ts";
import { ParfocalError } from "../errors.ts";
import type { OutputContext } from "../figures/output-context.ts";
import { readWeights } from "../graph/onnx/read.ts";
import type { NamedStack } from "../image/named-stack.ts";
import { readBytes, readTextIfThere, type Storage, writeWhole } from "../image/storage.ts";
import { loadModel } from "../models/model-folder.ts";
import { requireRoomFor } from "../run/require-room.ts";
import type { Runtime, Tensors } from "../run/runtime.ts";
import type { Warning } from "../warning.ts";
import { resolveConfig } from "./config.ts";
import type { FieldSource } from "./data/field-pool.ts";
import { recordingWarnings } from "./data/recording-warnings.ts";
import { describeData, type TrainedData } from "./data/trained-data.ts";
import { createLearner } from "./model-pixels.ts";
import { assumedGeometry, depthOf } from "./refocus-defaults.ts";
import { checkpointIn, createRunFolder, newestRun, openRunFolder, readRunConfig } from "./run-folder.ts";
import { type TrainingProgress, type TrainingResult, trainLearner } from "./train.ts";
import { readTrainingCheckpoint } from "./training-checkpoint.ts";
import type { MethodConfig } from "./training-method.ts";

export interface TrainRunOptions {
  /** The given keys of the configuration; the others have their defaults, or the values of the resumed run. */
  config: Record<string, unknown>;
  /** Folder of all experiments, such as "runs". */
  root: string;
  /** Resumes the newest run of the experiment that has a checkpoint. */
  resume?: boolean | undefined;
  /** Simulated fields to train on; the stacks are then used for validation. */
  fields?: FieldSource | undefined;
  runtime: Runtime;
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: TrainingProgress) => void) | undefined;
  /** Called with the current stage where no steps are made. */
  onStage?: ((sentence: string) => void) | undefined;
  /** Called with warnings, most of them before the training starts. */
  onWarning?: ((warning: Warning) => void) | undefined;
}

export interface TrainRunResult extends TrainingResult {
  /** The folder of the run. */
  run: string;
  /** The folder of its model. */
  model: string;
  config: MethodConfig;
  warnings: Warning[];
}

/**
 * Trains in `<root>/<experiment_name>/version_<n>`, which is locked during the training.
 * @throws what {@link createLearner} and {@link trainLearner} throw; training.failed when there is no run to resume, or
 *   another training is writing into it
 */
export async function trainRun(
  { storage, drawPng }: OutputContext,
  stacks: readonly NamedStack[],
  options: TrainRunOptions,
): Promise<TrainRunResult> {
  const { config: given, root, resume = false, fields, onStage } = options;
  const fresh = resolveConfig(given, stacks);
  const warnings: Warning[] = [];
  const warn = (warning: Warning): void => {
    warnings.push(warning);
    options.onWarning?.(warning);
  };
  const skipped = (run: string): void =>
    warn({
      code: "newer_run",
      text: `${run} is newer than the run that is resumed, but has no checkpoint to resume from.`,
    });
  const old = resume ? await newestRun(storage, root, fresh.experiment_name, skipped) : undefined;
  const config = old === undefined ? fresh : resolveConfig({ ...(await readRunConfig(storage, old)), ...given });
  // Stacks that cannot be trained on, and steps that need too much memory, are refused before a folder is created.
  const input = { samples: stacks, fields, featureNetwork: await readFeatureNetwork(storage, config) };
  const learner = await createLearner(input, config, options.signal);
  if (options.runtime.device === "cpu")
    requireRoomFor(Object.fromEntries(learner.steps.map(({ name, graph }) => [name, graph])));
  const data = await breatheThrough(describeData(input), options.signal);
  const weights = config.fine_tune === undefined ? undefined : await startingWeights(storage, config.fine_tune, config);
  if (old !== undefined) await checkSameFields(storage, old, fields);
  const run = old ?? (await createRunFolder(storage, root, config));
  const unlock = await storage.lock(run, (text) => warn({ code: "old_lock", text }));
  try {
    if (old === undefined) {
      await describeRun(storage, run, data, fields);
      const assumed = assumedGeometry(config.method, given, stacks.map(depthOf));
      if (assumed !== undefined) warn({ code: "assumed_distances", text: assumed });
    } else {
      const { step, num_steps } = await checkpointProgress(storage, old);
      onStage?.(`Resuming ${old} from step ${step} of ${num_steps}`);
    }
    for (const warning of await recordingWarnings(stacks, options.signal)) warn(warning);
    await breathe(options.signal);
    const result = await trainLearner(learner, data, config, {
      runtime: options.runtime,
      store: await openRunFolder(storage, run, async (report, step) =>
        drawPng(await report.draw(`${config.experiment_name}, step ${step}`)),
      ),
      resume,
      weights,
      signal: options.signal,
      onProgress: options.onProgress,
      onStage,
      onWarning: warn,
    });
    return { ...result, run, model: storage.join(run, "model"), config, warnings };
  } finally {
    await unlock();
  }
}

/** Saves a description of the training data of a new run. */
async function describeRun(
  storage: Storage,
  run: string,
  { samples }: TrainedData,
  fields: FieldSource | undefined,
): Promise<void> {
  const write = (name: string, text: string): Promise<void> => writeWhole(storage, storage.join(run, name), text);
  if (fields?.description !== undefined) await write("recipe.yaml", fields.description);
  await write("samples.yaml", samples);
}

/**
 * The file of `feature_model`, where a configuration has that key.
 * @throws file.missing
 */
export async function readFeatureNetwork(storage: Storage, config: MethodConfig): Promise<Uint8Array | undefined> {
  if (!("feature_model" in config) || typeof config.feature_model !== "string") return undefined;
  const path = config.feature_model;
  return readBytes(storage, path).catch((cause: unknown) => {
    if (cause instanceof ParfocalError && cause.code !== "file.missing") throw cause;
    const message = `feature_model: ${path} cannot be read. Give the ONNX file of a network that computes features of images.`;
    throw new ParfocalError("file.missing", message, { path }, { cause });
  });
}

/** The weights of the model to fine-tune; a model of another method is refused. */
async function startingWeights(storage: Storage, path: string, { method }: MethodConfig): Promise<Tensors> {
  const { info, onnx } = await loadModel(storage, path);
  if (info.method === method) return readWeights(onnx);
  const detail = `its method is ${info.method}, but the training is for ${method}`;
  throw new ParfocalError("model.unfit", `fine_tune: the model ${path} does not fit: ${detail}.`, { path, detail });
}

/** Throws `training.failed` unless the run was trained on the same simulated fields. */
async function checkSameFields(storage: Storage, run: string, fields: FieldSource | undefined): Promise<void> {
  const path = storage.join(run, "recipe.yaml");
  const before = await readTextIfThere(storage, path);
  if (before === fields?.description) return;
  const detail =
    before === undefined
      ? "it was trained on stacks, not on a recipe"
      : `it was trained on the recipe ${path}${fields === undefined ? ", not on stacks" : ", which is different"}`;
  const message = `Cannot resume ${run}: ${detail}. Use the same data, or start a new run.`;
  throw new ParfocalError("training.failed", message, { detail, run });
}

/** The progress of the last checkpoint of a run. */
async function checkpointProgress(storage: Storage, run: string): Promise<{ step: number; num_steps: number }> {
  const path = checkpointIn(storage, run, "last");
  return readTrainingCheckpoint(await readBytes(storage, path), path).progress;
}
