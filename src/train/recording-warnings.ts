import { createExposureMeter, exposureWarnings } from "../evaluate/exposure.ts";
import { createStackFaultMeter, stackFaultWarnings } from "../evaluate/stack-faults.ts";
import { planeOf, type Stack } from "../image/image.ts";

import type { NamedStack } from "./named-stack.ts";

/**
 * Sentences about stacks, and targets, that were recorded with faults: saturated or clipped pixels, blank, repeated or flashing planes, planes out
 * of order. They are those of an inspection: a network learns such faults as if they were the specimen.
 */
export function recordingWarnings(samples: readonly NamedStack[]): string[] {
  return samples.flatMap(({ name, stack, target, simulated }) => {
    // A recipe's camera saturates where it is told to.
    if (simulated) return [];
    const targets = target ? warningsOf(target).map((sentence) => `${name}, target: ${sentence}`) : [];
    return [...warningsOf(stack).map((sentence) => `${name}: ${sentence}`), ...targets];
  });
}

function warningsOf(stack: Stack): string[] {
  const exposure = createExposureMeter();
  const faults = createStackFaultMeter();
  for (let z = 0; z < stack.depth; z++) {
    const plane = planeOf(stack, z);
    exposure.add(plane.data);
    faults.add(plane);
  }
  const pixels = exposureWarnings(exposure.result(), stack.dtype, "Pixels");
  return stack.depth < 2 ? pixels : [...pixels, ...stackFaultWarnings(faults.result())];
}
