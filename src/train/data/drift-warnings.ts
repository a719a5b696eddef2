import { measureDriftSteps } from "../../array/registration.ts";
import type { NamedStack } from "../../image/named-stack.ts";

/**
 * One sentence for every stack whose planes have drifted sideways: its pairs do not show the same place, and a network
 * that learns from them learns the drift. Yields now and then: see breathe.ts.
 */
export function* driftWarnings(stacks: readonly NamedStack[]): Generator<void, string[]> {
  const warnings: string[] = [];
  for (const { name, stack, simulated } of stacks) {
    // Of sparse specimens blur alone looks like drift; a recipe's stage does what it is told.
    if (simulated) continue;
    const { drifted, range } = yield* measureDriftSteps(stack);
    if (!drifted) continue;
    warnings.push(
      `${name}: its planes have drifted sideways by ${range.toFixed(1)} pixels; register the stack first, or the model will learn the drift.`,
    );
  }
  return warnings;
}
