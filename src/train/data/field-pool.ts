/** Simulated fields to train on, made while the training goes on. */

import type { NamedStack } from "../../image/named-stack.ts";
import type { CommonConfig } from "../common-config.ts";

/** An endless series of simulated fields. */
export interface FieldSource {
  /** What messages and the model's description call it: the recipe's name. */
  readonly name: string;
  /** The whole recipe as text, kept with the run; a run goes on only with the same. */
  readonly description?: string;
  /** Field 0, 1, ...: the same index gives the same field. It is made elsewhere (a worker thread), so as not to hold up the steps. */
  field(index: number): Promise<NamedStack>;
}

/**
 * The fields that the batch of a step (1, 2, ...) is drawn from. Field n joins the pool before step n x steps_per_field + 1, however
 * fast it was made; the oldest leaves when the pool is full. The next one is always under way.
 */
export function fieldPool<T>(
  fields: FieldSource,
  { pool_fields: most, steps_per_field: interval }: Pick<CommonConfig, "pool_fields" | "steps_per_field">,
  prepare: (sample: NamedStack) => T | Promise<T>,
): (step: number) => Promise<readonly T[]> {
  const made = new Map<number, Promise<T>>();
  const get = (index: number): Promise<T> => {
    let field = made.get(index);
    if (field === undefined) {
      field = fields.field(index).then(prepare);
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
