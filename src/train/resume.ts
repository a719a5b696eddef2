import { ParfocalError } from "../errors.ts";
import { version } from "../version.ts";
import { type Checkpoint, decodeCheckpoint } from "./checkpoint.ts";
import type { TrainingStore } from "./train.ts";
import type { SystemConfig } from "./trained-system.ts";

/** Sums of the losses of an epoch, by the names of their columns in metrics.csv, and how many there are of each. */
export type LossSums = Record<string, { sum: number; count: number }>;

/** Where a training stands, beside its tensors. */
export interface Progress {
  step: number;
  steps: number;
  best: number;
  /** Losses of the epoch that is under way. */
  sums: LossSums;
  /** Epochs since the best. */
  stale: number;
  secondsBefore: number;
}

/** Keys that may change between a checkpoint and going on from it. */
function comparable({ max_minutes: _, experiment_name: __, ...rest }: SystemConfig): string {
  return JSON.stringify(rest);
}

/** "num_steps was 400, now 120" for every key that differs. */
function differences(saved: Record<string, unknown>, now: Record<string, unknown>): string[] {
  const text = (value: unknown): string => (value === undefined ? "not given" : JSON.stringify(value));
  const keys = new Set([...Object.keys(saved), ...Object.keys(now)]);
  return [...keys].flatMap((key) => {
    const [before, after] = [text(saved[key]), text(now[key])];
    return before === after ? [] : [`${key} was ${before}, now ${after}`];
  });
}

/** The same as the text that a checkpoint carries. */
export function progressMetadata(config: SystemConfig, progress: Progress): Record<string, string> {
  return {
    step: String(progress.step),
    num_steps: String(progress.steps),
    best: String(progress.best),
    sums: JSON.stringify(progress.sums),
    stale: String(progress.stale),
    seconds: String(progress.secondsBefore),
    config: comparable(config),
    parfocal_version: version,
  };
}

/**
 * The store's last checkpoint.
 * @throws training.failed when there is none, or it is of another configuration; file.corrupt
 */
export async function readProgress(
  store: TrainingStore,
  config: SystemConfig,
): Promise<Progress & { checkpoint: Checkpoint }> {
  const failed = (detail: string): never => {
    throw new ParfocalError("training.failed", `Cannot resume ${store.path}: ${detail}.`, { detail, run: store.path });
  };
  const bytes = await store.readCheckpoint("last");
  if (!bytes) return failed("there is no checkpoint yet; start without --resume");
  const checkpoint = decodeCheckpoint(bytes, `${store.path}/checkpoints/last`);
  const { step, num_steps, best, sums, stale = "0", seconds, config: saved } = checkpoint.metadata;
  if (saved !== comparable(config)) {
    const changed = differences(JSON.parse(saved), JSON.parse(comparable(config))).join("; ");
    return failed(`its configuration is another one (${changed}); give the same, or start a new run`);
  }
  return {
    step: Number(step),
    steps: Number(num_steps),
    best: Number(best),
    sums: JSON.parse(sums),
    stale: Number(stale),
    secondsBefore: Number(seconds),
    checkpoint,
  };
}
