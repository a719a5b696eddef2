/** Trains the models of leave-one-out, continues interrupted trainings, and reuses models that are already trained. */
import { ParfocalError } from "../../errors.ts";
import type { OutputContext } from "../../figures/output-context.ts";
import type { Storage } from "../../image/storage.ts";
import { loadModel } from "../../models/model-folder.ts";
import type { Model } from "../../models/model-info.ts";
import type { Runtime } from "../../run/runtime.ts";
import { resolveConfig } from "../../train/config.ts";
import { newestRun, readMetrics } from "../../train/run-folder.ts";
import { findSameRun } from "../../train/same-run.ts";
import type { TrainingProgress } from "../../train/train.ts";
import { trainRun } from "../../train/train-run.ts";
import type { Warning } from "../../warning.ts";
import type { OpenTraining } from "./leave-one-out-source.ts";

export interface TrainedOne {
  model: Model;
  /** Folder of the run. */
  run: string;
  /** Whether it had already been trained. */
  reused: boolean;
  /**
   * Number of training steps, including those after the best validation; undefined where the run does not record it.
   */
  steps: number | undefined;
  /** Training time in seconds, including earlier sessions; undefined where the run does not record it. */
  seconds: number | undefined;
}

export interface TrainOneOptions {
  /** A configuration with its experiment_name. */
  config: Record<string, unknown>;
  /** Folder of all runs. */
  root: string;
  runtime: Runtime;
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: TrainingProgress) => void) | undefined;
  onWarning?: ((warning: Warning) => void) | undefined;
}

/**
 * Returns a model that was trained on these data with this configuration: an existing one, or a new training, which
 * continues from a checkpoint if there is one. If a training diverges, its best model is used, with a warning.
 * @throws what training throws; interrupted
 */
export async function trainOne(
  context: OutputContext,
  { samples, fields }: OpenTraining,
  { config: given, root, runtime, signal, onProgress, onWarning }: TrainOneOptions,
): Promise<TrainedOne> {
  const { storage } = context;
  const config = resolveConfig(given, samples);
  const same = await findSameRun(storage, root, config, { samples, fields }, signal);
  if (same?.finished) return opened(storage, same.run, true);
  const checkpoint = await newestRun(storage, root, config.experiment_name).catch(() => undefined);
  const resume = same !== undefined && same.run === checkpoint;
  try {
    const options = { config: given, root, resume, fields, runtime, signal, onProgress, onWarning };
    return await opened(storage, (await trainRun(context, samples, options)).run, false);
  } catch (error) {
    const failed = error instanceof ParfocalError && error.code === "training.failed" ? error : undefined;
    const run = failed && (failed.fields as { run?: string }).run;
    const kept = run === undefined ? undefined : await opened(storage, run, false).catch(() => undefined);
    if (kept === undefined) throw error;
    onWarning?.({ code: "training_failed", text: `${config.experiment_name}: ${failed?.message}` });
    return kept;
  }
}

async function opened(storage: Storage, run: string, reused: boolean): Promise<TrainedOne> {
  const [model, metrics] = [await loadModel(storage, run), await readMetrics(storage, run).catch(() => [])];
  return { model, run, reused, steps: metrics.at(-1)?.step, seconds: metrics.at(-1)?.seconds };
}
