/** What a checkpoint of a training says beside its tensors: where the training stands, how it was configured, what it learns from. */
import { z } from "zod";
import { ParfocalError } from "../errors.ts";
import type { Tensors } from "../run/runtime.ts";
import { version } from "../version.ts";
import { decodeCheckpoint, type ReadCheckpoint } from "./checkpoint.ts";
import type { TrainedData } from "./data/trained-data.ts";
import type { MethodConfig } from "./training-method.ts";
import type { TrainingStore } from "./training-store.ts";

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
export function comparable({ max_minutes: _, experiment_name: __, ...rest }: MethodConfig): string {
  return JSON.stringify(rest);
}

/** A number as text, checked before it is one. */
const count = z
  .string()
  .regex(/^\d{1,15}$/, "expected a whole number")
  .transform(Number);
const amount = z.string().transform(Number).pipe(z.number().nonnegative());
const json = <T>(schema: z.ZodType<T>) =>
  z
    .string()
    .transform((text, context): unknown => {
      try {
        return JSON.parse(text);
      } catch {
        context.addIssue({ code: "custom", message: "expected JSON" });
        return z.NEVER;
      }
    })
    .pipe(schema);

/** What the text of a checkpoint holds. */
const metadataSchema = z.object({
  step: count,
  num_steps: count,
  /** Infinity before the first validation. */
  best: z.union([z.literal("Infinity").transform(() => Number.POSITIVE_INFINITY), amount]),
  sums: json(z.record(z.string(), z.object({ sum: z.number(), count: z.int().positive() }))),
  stale: count.default(0),
  seconds: amount,
  config: json(z.record(z.string(), z.unknown())),
  parfocal_version: z.string(),
  /** {@link TrainedData}; older checkpoints do not say. */
  data: json(
    z.object({ samples: z.string(), recipe: z.string().optional(), features: z.string().optional() }),
  ).optional(),
});

/** The text that a checkpoint carries. */
export function progressMetadata(config: MethodConfig, data: TrainedData, progress: Progress): Record<string, string> {
  return {
    step: String(progress.step),
    num_steps: String(progress.steps),
    best: String(progress.best),
    sums: JSON.stringify(progress.sums),
    stale: String(progress.stale),
    seconds: String(progress.secondsBefore),
    config: comparable(config),
    data: JSON.stringify(data),
    parfocal_version: version,
  };
}

type Metadata = z.output<typeof metadataSchema>;

/**
 * A checkpoint of a training: its tensors, and where it stands.
 * @param path what it is called in errors
 * @throws file.corrupt for bytes that are no such checkpoint, or contradict themselves
 */
export function readTrainingCheckpoint(bytes: Uint8Array, path: string): ReadCheckpoint & { progress: Metadata } {
  const checkpoint = decodeCheckpoint(bytes, path);
  const corrupt = (detail: string): never => {
    throw new ParfocalError("file.corrupt", `${path} is no checkpoint of a training: ${detail}.`, { path, detail });
  };
  const parsed = metadataSchema.safeParse(checkpoint.metadata);
  if (!parsed.success) {
    const [{ path: key, message }] = parsed.error.issues;
    return corrupt(`its ${key.join(".")} cannot be read: ${message}`);
  }
  const progress = parsed.data;
  if (progress.data !== undefined && !checkpoint.checked) return corrupt("its checksum is missing");
  const { step, num_steps: steps } = progress;
  if (step > steps || steps === 0) return corrupt(`it was written after step ${step} of ${steps}`);
  return { ...checkpoint, progress };
}

/**
 * The weights that validated best, and the step they were saved after.
 * @param missing throws when there are none
 * @throws file.corrupt
 */
export async function readBest(
  store: TrainingStore,
  missing: (detail: string) => never,
): Promise<{ tensors: Tensors; step: number }> {
  const bytes = await store.readCheckpoint("best");
  if (!bytes) return missing("the checkpoint of its best weights (checkpoints/best) is missing");
  const { tensors, progress } = readTrainingCheckpoint(bytes, `${store.path}/checkpoints/best`);
  return { tensors, step: progress.step };
}
