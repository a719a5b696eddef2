import { breathe } from "../../array/breathe.ts";
import { planeOf, type Stack } from "../../image/image.ts";
import type { NamedStack } from "../../image/named-stack.ts";
import { createExposureMeter, exposureWarnings } from "../../metrics/exposure.ts";
import { createStackFaultMeter, stackFaultWarnings } from "../../metrics/stack-faults.ts";
import { type Warning, warningsAbout } from "../../warning.ts";

/**
 * Warnings about stacks and targets that were recorded with faults: saturated or clipped pixels, blank, repeated or
 * flashing planes, planes in the wrong order. They are the same as those of an inspection. A network would learn such
 * faults as if they were part of the specimen.
 */
export async function recordingWarnings(samples: readonly NamedStack[], signal?: AbortSignal): Promise<Warning[]> {
  const warnings: Warning[] = [];
  for (const { name, stack, target, simulated } of samples) {
    // The camera of a recipe saturates only if the recipe says so.
    if (simulated) continue;
    warnings.push(...warningsAbout(name, await faultsOf(stack, signal)));
    if (target) warnings.push(...warningsAbout(`${name}, target`, await faultsOf(target, signal)));
  }
  return warnings;
}

async function faultsOf(stack: Stack, signal: AbortSignal | undefined): Promise<Warning[]> {
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
