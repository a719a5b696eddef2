/** Training data on the pixels that a model learns, where those are not the pixels of the camera. */

import { breatheThrough } from "../array/breathe.ts";
import type { NamedStack } from "../image/named-stack.ts";
import { resampledStack } from "../models/apply/resampled-stack.ts";
import { methodOf } from "./config.ts";
import { withoutRepeated } from "./data/repeated-samples.ts";
import { areAlike } from "./data/same-pixel-size.ts";
import type { Learner } from "./learner.ts";
import type { MethodConfig, TrainingInput } from "./training-method.ts";

/**
 * The learner of a configuration's method. With `model_pixel_size`, what it learns from and validates on, recorded or simulated, is
 * first resampled to those pixels, so that every method learns from stacks of several objectives. Stacks that are given twice count once
 * ({@link withoutRepeated}). Reads all pixels, and lets events have their turn meanwhile.
 * @throws what the method throws for data that cannot teach its task; interrupted
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
 * A stack and its target on pixels of a size, um, as {@link resampledStack} makes them. A complex field is left out: what is learnt from
 * those (holograms) is not resampled. Left as they are, for the method to refuse: stacks whose pixel size is not known, and pairs that differ
 * in their pixels.
 */
export function toPixelSize(sample: NamedStack, size: number): NamedStack {
  const { stack, target, field: _, ...rest } = sample;
  const { pixelSize } = stack;
  const differ =
    target &&
    (target.height !== stack.height ||
      target.width !== stack.width ||
      (target.pixelSize && pixelSize && !areAlike([target.pixelSize.x, pixelSize.x])));
  if (pixelSize === undefined || differ) return sample;
  // Every pixel of the target belongs to the one of the stack at the same place: to the same size, to the last digit.
  return {
    ...rest,
    stack: resampledStack(stack, size),
    ...(target && { target: resampledStack({ ...target, pixelSize }, size) }),
  };
}
