import { ParfocalError } from "../errors.ts";
import type { Model, ModelInfo } from "../models/model-info.ts";
import type { ValidationReport } from "./learner.ts";
import type { MetricsRow, TrainingStore } from "./training-store.ts";

/** What a training saved in memory. */
export interface MemoryTrainingStore extends TrainingStore {
  /** The trained model. Throws `training.failed` before the training has finished. */
  model(): Model;
  /** Losses and scores, one row for each validation. */
  readonly metrics: readonly MetricsRow[];
  /** The newest validation, which can draw the outputs of the network for held-out examples. */
  lastReport(): ValidationReport | undefined;
}

/**
 * A training store in memory, for trainings without a folder: in a browser, in tests, and in programs that use the model
 * at once. A training that was stopped can be resumed as long as the store is kept.
 * @param path its name in messages
 */
export function memoryTrainingStore(path = "memory"): MemoryTrainingStore {
  const checkpoints = new Map<string, Uint8Array>();
  const metrics: MetricsRow[] = [];
  let report: ValidationReport | undefined;
  let saved: Model | undefined;
  return {
    path,
    metrics,
    lastReport: () => report,
    model() {
      if (saved) return saved;
      const detail = "the training has not finished";
      throw new ParfocalError("training.failed", `${path} has no model yet: ${detail}.`, { detail, run: path });
    },
    async beginMetrics(_columns, resumedAt = 0) {
      // Rows after the checkpoint belong to steps that are repeated.
      metrics.splice(0, metrics.length, ...metrics.filter(({ step }) => step <= resumedAt));
    },
    async saveMetrics(row) {
      metrics.push(row);
    },
    async saveCheckpoint(kind, bytes) {
      checkpoints.set(kind, bytes.slice());
    },
    readCheckpoint: async (kind) => checkpoints.get(kind),
    async savePreview(_step, newest) {
      report = newest;
    },
    async saveModel(info: ModelInfo, onnx: Uint8Array) {
      saved = { info, onnx: new Uint8Array(onnx), path };
    },
  };
}
