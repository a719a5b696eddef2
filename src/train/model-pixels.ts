/** Resamples training data to the pixel size of the model, where it differs from that of the camera. */

import { breatheThrough } from "../array/breathe.ts";
import type { NamedStack } from "../image/named-stack.ts";
import { resampledStack } from "../models/apply/resampled-stack.ts";
import { methodOf } from "./config.ts";
import { withoutRepeated } from "./data/repeated-samples.ts";
import { areEqualSizes } from "./data/same-pixel-size.ts";
import type { Learner } from "./learner.ts";
import type { MethodConfig, TrainingInput } from "./training-method.ts";

/**
 * Creates the learner of the method of a configuration. With `model_pixel_size`, all data for training and validation,
 * recorded or simulated, are first resampled to this pixel size, so that every method can be trained on stacks of
 * several objectives. Stacks that are given twice are used once (`withoutRepeated`). Reads all pixels, and yields
 * to the event loop meanwhile.
 * @throws what the method throws for data that cannot be used for training; interrupted
 */
export const createLearner = (input: TrainingInput, config: MethodConfig, signal?: AbortSignal): Promise<Learner> =>
  breatheThrough(learnerSteps(input, config), signal);

function* learnerSteps(input: TrainingInput, config: MethodConfig): Generator<void, Learner> {
  const { samples, warnings } = withoutRepeated(input.samples, config);
  const resampled = yield* onModelPixels({ ...input, samples }, config.model_pixel_size);
  const learner = yield* methodOf(config.method).learner(resampled, config);
  return { ...learner, warnings: [...warnings, ...(learner.warnings ?? [])] };
}

function* onModelPixels(input: TrainingInput, size: number | undefined): Generator<void, TrainingInput> {
  if (size === undefined) return input;
  const { fields } = input;
  const samples: NamedStack[] = [];
  for (const sample of input.samples) {
    samples.push(toPixelSize(sample, size));
    yield;
  }
  return {
    ...input,
    samples,
    fields: fields && { ...fields, field: async (index) => toPixelSize(await fields.field(index), size) },
  };
}

/**
 * Resamples a stack and its target to a pixel size, um, by {@link resampledStack}. A complex field is dropped, since
 * holograms are not resampled. Stacks with an unknown pixel size, and pairs with different pixels, are returned
 * unchanged, and the method refuses them.
 */
export function toPixelSize(sample: NamedStack, size: number): NamedStack {
  const { stack, target, field: _, ...rest } = sample;
  const { pixelSize } = stack;
  const differ =
    target &&
    (target.height !== stack.height ||
      target.width !== stack.width ||
      (target.pixelSize && pixelSize && !areEqualSizes([target.pixelSize.x, pixelSize.x])));
  if (pixelSize === undefined || differ) return sample;
  // The target gets exactly the pixel size of the stack, so that its pixels still correspond to those of the stack.
  return {
    ...rest,
    stack: resampledStack(stack, size),
    ...(target && { target: resampledStack({ ...target, pixelSize }, size) }),
  };
}
