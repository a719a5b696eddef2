/** Where a training keeps its metrics, checkpoints, previews and its model. */
import type { ModelInfo } from "../models/model-info.ts";
import type { ValidationReport } from "./learner.ts";

/** One line of metrics.csv: metricsColumns (run-steps.ts). */
export type MetricsRow = Record<string, number>;

/** Where a training keeps what it makes: the run's folder under Node, anything else elsewhere. */
export interface TrainingStore {
  /** How messages call it. */
  readonly path: string;
  /** Called before the first row, with the step of the checkpoint that the training goes on from, if it does. */
  beginMetrics(columns: readonly string[], resumedAt?: number): Promise<void>;
  saveMetrics(row: MetricsRow): Promise<void>;
  saveCheckpoint(kind: "last" | "best", bytes: Uint8Array): Promise<void>;
  /** The bytes saved, or undefined when there are none. */
  readCheckpoint(kind: "last" | "best"): Promise<Uint8Array | undefined>;
  savePreview(step: number, report: ValidationReport): Promise<void>;
  saveModel(info: ModelInfo, onnx: Uint8Array): Promise<void>;
}
