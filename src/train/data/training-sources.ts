/** The sources of patches: parts of recorded stacks, fields that are simulated during the training, or both. */
import { breatheThrough } from "../../array/breathe.ts";
import type { Random } from "../../array/random.ts";
import type { NamedStack } from "../../image/named-stack.ts";
import type { CommonConfig } from "../common-config.ts";
import type { TrainingInput } from "../training-method.ts";
import { fieldPool } from "./field-pool.ts";
import { type Box, checkHoldsPatch, keptStacks, type NamedField, splitField } from "./split-region.ts";

/** How a method prepares a sample before patches are drawn from it. */
export interface Preparation<S, T> {
  /** Checks and normalises a whole sample; yields now and then: see breathe.ts. */
  whole(sample: NamedStack): Generator<void, S>;
  /** Cuts out a part of a source. */
  cut(source: S, box: Box): S;
  /** Computes what drawing patches needs, once for each source. */
  index(source: S): T;
  /** Checks across all samples, such as equal pixel sizes. */
  together?(sources: readonly S[]): void;
}

/** Sources for validation, and a function to choose sources for training. */
export interface TrainingSources<S, T> {
  validation: S[];
  /**
   * Returns a function that chooses the source of each patch of step t (1, 2, ...). It is the same for every run,
   * resumed or not.
   */
  at(step: number): Promise<(random: Random) => T>;
}

/**
 * Splits samples into training and validation (regions of each, or whole stacks). With simulated fields, all samples
 * are used for validation, unless `simulated_share` is below 1. Yields now and then: see breathe.ts.
 * @throws usage for parts that are smaller than a patch, and what the preparation throws
 */
export function* trainingSources<S extends NamedField, T>(
  { samples, fields }: Pick<TrainingInput, "samples" | "fields">,
  config: CommonConfig,
  preparation: Preparation<S, T>,
): Generator<void, TrainingSources<S, T>> {
  const { whole, index } = preparation;
  const simulated = fields && fieldPool(fields, config, prepareField);
  if (simulated && config.simulated_share === 1) {
    const validation = yield* samplesAsSources(samples, preparation);
    return { validation, at: async (step) => anyOf(await simulated(step)) };
  }
  const { train, validation } = yield* splitSources(samples, config, preparation);
  const recorded: T[] = [];
  for (const source of train) {
    recorded.push(index(source));
    yield;
  }
  if (!simulated) return { validation, at: async () => anyOf(recorded) };
  return {
    validation,
    async at(step) {
      const [ours, theirs] = [anyOf(recorded), anyOf(await simulated(step))];
      return (random) => (random.uniform() < config.simulated_share ? theirs(random) : ours(random));
    },
  };

  async function prepareField(sample: NamedStack): Promise<T> {
    const source = await breatheThrough(whole(sample));
    checkHoldsPatch(source, config);
    return index(source);
  }
}

/**
 * Splits recorded samples into training and validation sources. Yields now and then: see breathe.ts.
 * @throws usage for parts that are smaller than a patch, and what the preparation throws
 */
export function* splitSources<S extends NamedField, T>(
  samples: readonly NamedStack[],
  config: CommonConfig,
  preparation: Preparation<S, T>,
): Generator<void, { train: S[]; validation: S[] }> {
  const sources = yield* samplesAsSources(samples, preparation);
  if (config.val_split === "stack") {
    const kept = keptStacks(sources.length, config);
    for (const source of sources) checkHoldsPatch(source, config);
    return { train: sources.slice(0, -kept), validation: sources.slice(-kept) };
  }
  const parts = sources.map((source) => ({ source, ...splitField(source, config) }));
  return {
    train: parts.map(({ source, train }) => preparation.cut(source, train)),
    validation: parts.map(({ source, validation }) => preparation.cut(source, validation)),
  };
}

function* samplesAsSources<S, T>(
  samples: readonly NamedStack[],
  { whole, together }: Preparation<S, T>,
): Generator<void, S[]> {
  const sources: S[] = [];
  for (const sample of samples) {
    sources.push(yield* whole(sample));
    yield;
  }
  together?.(sources);
  return sources;
}

const anyOf =
  <T>(sources: readonly T[]) =>
  (random: Random): T =>
    sources[random.integer(sources.length)];
