import { breathe } from "../../array/breathe.ts";
import { planeOf, type Stack } from "../../image/image.ts";
import type { NamedStack } from "../../image/named-stack.ts";
import { createExposureMeter, exposureWarnings } from "../../metrics/exposure.ts";
import { createStackFaultMeter, stackFaultWarnings } from "../../metrics/stack-faults.ts";

/**
 * Warnings about stacks and targets that were recorded with faults: saturated or clipped pixels, blank, repeated or
 * flashing planes, planes in the wrong order. They are the same as those of an inspection. A network would learn such
 * faults as if they were part of the specimen.
 */
export async function recordingWarnings(samples: readonly NamedStack[], signal?: AbortSignal): Promise<string[]> {
  const warnings: string[] = [];
  for (const { name, stack, target, simulated } of samples) {
    // The camera of a recipe saturates only if the recipe says so.
    if (simulated) continue;
    for (const sentence of await warningsOf(stack, signal)) warnings.push(`${name}: ${sentence}`);
    if (!target) continue;
    for (const sentence of await warningsOf(target, signal)) warnings.push(`${name}, target: ${sentence}`);
  }
  return warnings;
}

async function warningsOf(stack: Stack, signal: AbortSignal | undefined): Promise<string[]> {
  const exposure = createExposureMeter();
  const faults = createStackFaultMeter();
  for (let z = 0; z < stack.depth; z++) {
    await breathe(signal);
    const plane = planeOf(stack, z);
    exposure.add(plane.data);
    faults.add(plane);
  }
  const pixels = exposureWarnings(exposure.result(), stack.dtype, "Pixels");
  return stack.depth < 2 ? pixels : [...pixels, ...stackFaultWarnings(faults.result())];
}
