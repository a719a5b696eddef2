/** What batches are drawn from: the user's stacks, or simulated fields that are made while the training goes on. */
import type { TrainingConfig } from "./config.ts";
import { type IndexedSource, indexSource } from "./draw-batch.ts";
import type { PairSource } from "./pairs.ts";
import { checkHoldsPatch, type NamedStack, pairSources, splitStacks } from "./split-stacks.ts";

/** An endless series of simulated fields. */
export interface FieldSource {
  /** What messages and the model's description call it: the recipe's name. */
  readonly name: string;
  /** The whole recipe as text, kept with the run; a run goes on only with the same. */
  readonly description?: string;
  /** Field 0, 1, ...: the same index gives the same field. It is made elsewhere (a worker thread), so as not to hold up the steps. */
  field(index: number): Promise<NamedStack>;
}

/** What a training learns from, and what it is scored on. */
export interface TrainingData {
  validation: PairSource[];
  /** What the batch of a step (1, 2, ...) is drawn from; the same for every run, resumed or not. */
  sourcesAt(step: number): Promise<readonly IndexedSource[]>;
}

/**
 * The stacks split into two parts; or, with fields, all stacks for validation and a pool of fields for training.
 * @throws what {@link splitStacks} throws
 */
export function trainingData(
  stacks: readonly NamedStack[],
  config: TrainingConfig,
  fields: FieldSource | undefined,
): TrainingData {
  if (fields !== undefined) return { validation: pairSources(stacks, config), sourcesAt: fieldPool(fields, config) };
  const { train, validation } = splitStacks(stacks, config);
  const indexed = train.map(indexSource);
  return { validation, sourcesAt: async () => indexed };
}

/**
 * Field n joins the pool before step n x steps_per_field + 1, however fast it was made; the oldest leaves when the pool is
 * full. The next one is always under way.
 */
export function fieldPool(fields: FieldSource, config: TrainingConfig): TrainingData["sourcesAt"] {
  const { pool_fields: most, steps_per_field: interval } = config;
  const made = new Map<number, Promise<IndexedSource>>();
  const prepare = async (index: number): Promise<IndexedSource> => {
    const [source] = pairSources([await fields.field(index)], config);
    checkHoldsPatch(source, config);
    return indexSource(source);
  };
  const get = (index: number): Promise<IndexedSource> => {
    let field = made.get(index);
    if (field === undefined) {
      field = prepare(index);
      // Whoever waits for it hears of the failure; nobody may, when the training ends first.
      field.catch(() => undefined);
      made.set(index, field);
    }
    return field;
  };
  return async (step) => {
    const newest = Math.floor((step - 1) / interval);
    const oldest = Math.max(0, newest - most + 1);
    for (const index of made.keys()) if (index < oldest) made.delete(index);
    const pool = Array.from({ length: newest - oldest + 1 }, (_, i) => get(oldest + i));
    get(newest + 1);
    return Promise.all(pool);
  };
}
