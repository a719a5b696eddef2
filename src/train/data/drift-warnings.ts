import { measureDrift } from "../../array/registration.ts";
import type { NamedStack } from "../../image/named-stack.ts";

/**
 * One sentence for every stack whose planes have drifted sideways: its pairs do not show the same place, and a network
 * that learns from them learns the drift.
 */
export function driftWarnings(stacks: readonly NamedStack[]): string[] {
  return stacks.flatMap(({ name, stack, simulated }) => {
    // Of sparse specimens blur alone looks like drift; a recipe's stage does what it is told.
    if (simulated) return [];
    const { drifted, range } = measureDrift(stack);
    return drifted
      ? `${name}: its planes have drifted sideways by ${range.toFixed(1)} pixels; register the stack first, or the model will learn the drift.`
      : [];
  });
}
