import type { ModelInfo } from "../models/model-info.ts";
import type { ValidationReport } from "./learner.ts";

/** One line of metrics.csv: `metricsColumns` in run-steps.ts. */
export type MetricsRow = Record<string, number>;

/** Where a training saves its files: the folder of the run in Node, or any other storage. */
export interface TrainingStore {
  /** Its name in messages. */
  readonly path: string;
  /** Called before the first row; `resumedAt` is the step of the checkpoint that a resumed training starts from. */
  beginMetrics(columns: readonly string[], resumedAt?: number): Promise<void>;
  saveMetrics(row: MetricsRow): Promise<void>;
  saveCheckpoint(kind: "last" | "best", bytes: Uint8Array): Promise<void>;
  /** The saved bytes, or undefined when there are none. */
  readCheckpoint(kind: "last" | "best"): Promise<Uint8Array | undefined>;
  savePreview(step: number, report: ValidationReport): Promise<void>;
  saveModel(info: ModelInfo, onnx: Uint8Array): Promise<void>;
}
