/** The metadata of a training checkpoint: progress, configuration and training data. */
import { z } from "zod";
import { ParfocalError } from "../errors.ts";
import type { Tensors } from "../run/runtime.ts";
import { version } from "../version.ts";
import { decodeCheckpoint, type ReadCheckpoint } from "./checkpoint.ts";
import type { TrainedData } from "./data/trained-data.ts";
import type { MethodConfig } from "./training-method.ts";
import type { TrainingStore } from "./training-store.ts";

/** Sums of the losses of an epoch, by the names of their columns in metrics.csv, and the number of terms of each. */
export type LossSums = Record<string, { sum: number; count: number }>;

/** The progress of a training. */
export interface Progress {
  step: number;
  steps: number;
  best: number;
  /** Losses of the current epoch. */
  sums: LossSums;
  /** Number of epochs since the lowest validation loss. */
  stale: number;
  secondsBefore: number;
}

/** The configuration as text, without the keys that may change when a training is resumed. */
export function comparable({ max_minutes: _, experiment_name: __, ...rest }: MethodConfig): string {
  return JSON.stringify(rest);
}

/** A whole number as text, validated before it is converted. */
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

/** The metadata of a checkpoint. */
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
  /** {@link TrainedData}; older checkpoints do not have it. */
  data: json(
    z.object({ samples: z.string(), recipe: z.string().optional(), features: z.string().optional() }),
  ).optional(),
});

/** Encodes the progress of a training as the metadata of a checkpoint. */
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
 * Decodes a training checkpoint: its tensors and its progress.
 * @param path name of the checkpoint in errors
 * @throws file.corrupt for bytes that are not such a checkpoint, or are inconsistent
 */
export function readTrainingCheckpoint(bytes: Uint8Array, path: string): ReadCheckpoint & { progress: Metadata } {
  const checkpoint = decodeCheckpoint(bytes, path);
  const corrupt = (detail: string): never => {
    throw new ParfocalError("file.corrupt", `${path} is not a training checkpoint: ${detail}.`, { path, detail });
  };
  const parsed = metadataSchema.safeParse(checkpoint.metadata);
  if (!parsed.success) {
    const [{ path: key, message }] = parsed.error.issues;
    return corrupt(`its key ${key.join(".")} cannot be read: ${message}`);
  }
  const progress = parsed.data;
  if (progress.data !== undefined && !checkpoint.checked) return corrupt("its checksum is missing");
  const { step, num_steps: steps } = progress;
  if (step > steps || steps === 0) return corrupt(`it claims to be at step ${step} of ${steps}`);
  return { ...checkpoint, progress };
}

/**
 * Reads the weights with the lowest validation loss, and the step after which they were saved.
 * @param missing called when there are none; must throw
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
