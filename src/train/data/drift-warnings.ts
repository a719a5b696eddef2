import { measureDrift } from "../../array/registration.ts";
import type { NamedStack } from "../../image/named-stack.ts";

/**
 * A warning for every stack whose planes have drifted sideways. The planes of its pairs are shifted against each other,
 * and a network trained on them learns the drift.
 */
export function driftWarnings(stacks: readonly NamedStack[]): string[] {
  return stacks.flatMap(({ name, stack, simulated }) => {
    // Simulated stacks are skipped: the stage drifts only if the recipe says so, and in sparse specimens blur alone can
    // look like drift.
    if (simulated) return [];
    const { drifted, range } = measureDrift(stack);
    return drifted
      ? `${name}: its planes have drifted sideways by ${range.toFixed(1)} pixels. Register the stack first, otherwise the model learns the drift.`
      : [];
  });
}
