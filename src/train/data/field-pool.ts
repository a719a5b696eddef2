/** A pool of simulated fields to train on, which are simulated during the training. */

import type { NamedStack } from "../../image/named-stack.ts";
import type { CommonConfig } from "../common-config.ts";

/** An endless series of simulated fields. */
export interface FieldSource {
  /** The name of the recipe, for messages and for the description of the model. */
  readonly name: string;
  /** The whole recipe as text, which is saved with the run; a run can only be resumed with the same recipe. */
  readonly description?: string;
  /**
   * Simulates field 0, 1, ...; the same index gives the same field. It should run in another thread, so that the
   * training steps are not delayed.
   */
  field(index: number): Promise<NamedStack>;
}

/**
 * The fields that the batch of a step (1, 2, ...) is drawn from. Field n joins the pool before step n x steps_per_field
 * + 1, independent of the time that its simulation took; the oldest field leaves when the pool is full. The next field
 * is always simulated in advance.
 */
export function fieldPool<T>(
  fields: FieldSource,
  { pool_fields: maxFields, steps_per_field: interval }: Pick<CommonConfig, "pool_fields" | "steps_per_field">,
  prepare: (sample: NamedStack) => T | Promise<T>,
): (step: number) => Promise<readonly T[]> {
  const made = new Map<number, Promise<T>>();
  const get = (index: number): Promise<T> => {
    let field = made.get(index);
    if (field === undefined) {
      field = fields.field(index).then(prepare);
      // Callers that await the field receive the error; if the training ends first, nobody awaits it, which must not
      // crash the process.
      field.catch(() => undefined);
      made.set(index, field);
    }
    return field;
  };
  return async (step) => {
    const newest = Math.floor((step - 1) / interval);
    const oldest = Math.max(0, newest - maxFields + 1);
    for (const index of made.keys()) if (index < oldest) made.delete(index);
    const pool = Array.from({ length: newest - oldest + 1 }, (_, i) => get(oldest + i));
    get(newest + 1);
    return Promise.all(pool);
  };
}
