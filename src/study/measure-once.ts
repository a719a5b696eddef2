/** What is measured of recorded planes is the same for every candidate that is asked about them, and is measured once. */
import type { Stack } from "../image/image.ts";

const measured = new WeakMap<Stack, WeakMap<Stack, Map<string, unknown>>>();

/**
 * @param what names the measure and all numbers that it depends on
 * @param against a second stack that it depends on, such as the truth
 * @returns what `measure` returns, or returned for the same stacks and name before
 */
export function measureOnce<T>(stack: Stack, what: string, measure: () => T, against: Stack = stack): T {
  const byOther = measured.get(stack) ?? new WeakMap<Stack, Map<string, unknown>>();
  measured.set(stack, byOther);
  const known = byOther.get(against) ?? new Map<string, unknown>();
  byOther.set(against, known);
  if (!known.has(what)) known.set(what, measure());
  return known.get(what) as T;
}
