/** What is measured of recorded planes is the same for every candidate that is asked about them, and is measured once. */
import type { Stack } from "../../image/image.ts";

const measured = new WeakMap<Stack, Map<string, unknown>>();

/**
 * @param what names the measure and all that it depends on beside the stack
 * @returns what `measure` returns, or returned for the same stack and name before
 */
export function ofUntouched<T>(stack: Stack, what: string, measure: () => T): T {
  const known = measured.get(stack) ?? new Map<string, unknown>();
  measured.set(stack, known);
  if (!known.has(what)) known.set(what, measure());
  return known.get(what) as T;
}
