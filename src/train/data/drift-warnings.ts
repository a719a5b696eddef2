import { measureDriftSteps } from "../../array/registration.ts";
import type { NamedStack } from "../../image/named-stack.ts";
import type { Warning } from "../../warning.ts";

/**
 * A warning for every stack whose planes have drifted sideways. The planes of its pairs are shifted against each other,
 * and a network trained on them learns the drift. Yields now and then: see breathe.ts.
 */
export function* driftWarnings(stacks: readonly NamedStack[]): Generator<void, Warning[]> {
  const warnings: Warning[] = [];
  for (const { name, stack, simulated } of stacks) {
    // Simulated stacks are skipped: the stage drifts only if the recipe says so, and in sparse specimens blur alone can
    // look like drift.
    if (simulated) continue;
    const { drifted, range } = yield* measureDriftSteps(stack);
    if (!drifted) continue;
    warnings.push({
      code: "drift",
      text: `${name}: its planes have drifted sideways by ${range.toFixed(1)} pixels. Register the stack first, otherwise the model learns the drift.`,
    });
  }
  return warnings;
}
