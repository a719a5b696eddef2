/** Measurements on recorded planes are the same for all candidates, so each is made only once. */
import type { Stack } from "../image/image.ts";

const measured = new WeakMap<Stack, WeakMap<Stack, Map<string, unknown>>>();

/**
 * Returns the result of `measure`, or the earlier result for the same stacks and name.
 * @param what names the measurement and all numbers that it depends on
 * @param against a second stack that it depends on, such as the ground truth
 */
export function measureOnce<T>(stack: Stack, what: string, measure: () => T, against: Stack = stack): T {
  const byOther = measured.get(stack) ?? new WeakMap<Stack, Map<string, unknown>>();
  measured.set(stack, byOther);
  const known = byOther.get(against) ?? new Map<string, unknown>();
  byOther.set(against, known);
  if (!known.has(what)) known.set(what, measure());
  return known.get(what) as T;
}
