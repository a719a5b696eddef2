/** The description of the training data that checkpoints contain. */
import { crc32 } from "../../image/crc32.ts";
import type { TrainingInput } from "../training-method.ts";
import { changedSamples, describeSamples } from "./describe-samples.ts";

export interface TrainedData {
  /** As `describeSamples` writes them. */
  samples: string;
  /** CRC-32 of the description of simulated fields. */
  recipe?: string | undefined;
  /** CRC-32 of the file of `feature_model`. */
  features?: string | undefined;
}

/** Yields now and then: see breathe.ts. */
export function* describeData({ samples, fields, featureNetwork }: TrainingInput): Generator<void, TrainedData> {
  const checksum = (bytes: Uint8Array): string => crc32([bytes]).toString(16);
  return {
    samples: yield* describeSamples(samples),
    ...(fields?.description !== undefined && { recipe: checksum(new TextEncoder().encode(fields.description)) }),
    ...(featureNetwork && { features: checksum(featureNetwork) }),
  };
}

/** The differences between the data of a checkpoint and the current data, in words; empty where there are none. */
export function changedData(before: TrainedData, now: TrainedData): string[] {
  return [
    ...changedSamples(before.samples, now.samples),
    ...(before.recipe === now.recipe ? [] : ["the recipe of the simulated fields is different"]),
    ...(before.features === now.features ? [] : ["the file of feature_model is different"]),
  ];
}
