/** The learning-rate range test: finds the highest usable learning rate. */
import { ParfocalError, throwIfAborted } from "../errors.ts";
import type { NamedStack } from "../image/named-stack.ts";
import type { Runtime, Tensors } from "../run/runtime.ts";
import { initialState } from "./initial-state.ts";
import { createLearner } from "./model-pixels.ts";
import { runSteps } from "./run-steps.ts";
import type { TrainingOptions } from "./train.ts";
import type { MethodConfig } from "./training-method.ts";

export interface LearningRateSearch {
  /** A third of the rate at which the loss was lowest. */
  suggested: number;
  /** The rate at which the loss was lowest; at higher rates it only increases. */
  lowest: number;
  /** For each tested rate, the loss of its patches relative to their loss before the first step, smoothed. */
  curve: { rate: number; loss: number }[];
}

const [first, last] = [1e-6, 1];
const distinctBatches = 8;
const constant = { schedule: "constant", warmup_steps: 0 } as const;

/**
 * Trains for a few steps while the learning rate rises exponentially, and finds where the loss stops decreasing (Smith,
 * "Cyclical learning rates for training neural networks", WACV 2017, section 3.3). The trained weights are discarded.
 * The learning rate of a discriminator rises in the same proportion.
 *
 * @param options `steps` is the number of rates to test, 100 by default
 * @throws what {@link trainModel} throws before its first step; training.failed where the loss decreases at no rate
 */
export async function findLearningRate(
  samples: readonly NamedStack[],
  config: MethodConfig,
  options: { runtime: Runtime; steps?: number } & Pick<
    TrainingOptions,
    "fields" | "featureNetwork" | "weights" | "signal" | "onWarning"
  > & {
      onProgress?: (progress: { done: number; total: number }) => void;
    },
): Promise<LearningRateSearch> {
  const { runtime, steps: total = 100, fields, featureNetwork, signal, onProgress, onWarning } = options;
  const learner = await createLearner({ samples, fields, featureNetwork }, config, signal);
  for (const sentence of learner.warnings ?? []) onWarning?.(sentence);
  const graphs = Object.fromEntries(learner.steps.map(({ name, graph }) => [name, graph]));
  const state = initialState(learner, config.seed, options.weights);
  const session = await runtime.open({ graphs, state });
  const curve: { rate: number; loss: number }[] = [];
  try {
    const run = async (rate: number, batch: Tensors, t: number): Promise<number> => {
      const share = rate / learner.steps[0].learningRate;
      const steps = learner.steps.map((step) => ({ ...step, learningRate: share * step.learningRate }));
      const { train_loss } = await runSteps(session, { steps }, batch, constant, t, total);
      return train_loss;
    };
    // Patches differ more than the loss changes in a step. The same few batches are therefore reused, and each is
    // compared with its own loss before the first step.
    const batches: { batch: Tensors; before: number }[] = [];
    for (let t = 1; t <= distinctBatches; t++) {
      throwIfAborted(signal);
      const batch = await learner.batchAt(t);
      batches.push({ batch, before: await run(0, batch, t) });
    }
    let average = 0;
    for (let t = 1; t <= total; t++) {
      throwIfAborted(signal);
      const rate = first * (last / first) ** ((t - 1) / (total - 1));
      const { batch, before } = batches[t % distinctBatches];
      const ratio = (await run(rate, batch, distinctBatches + t)) / before;
      if (!Number.isFinite(ratio)) break;
      average = 0.8 * average + 0.2 * ratio;
      curve.push({ rate, loss: average / (1 - 0.8 ** t) });
      onProgress?.({ done: t, total });
      if (ratio > 4) break;
    }
  } finally {
    await session.close();
  }
  const best = curve.reduce((low, point) => (point.loss < low.loss ? point : low), curve[0]);
  if (curve.length > 2 && best.loss < 0.98) return { suggested: best.rate / 3, lowest: best.rate, curve };
  const detail = `the loss decreased at no rate from ${first} to ${last}`;
  const message = `No suitable learning rate was found: ${detail}. Try a larger batch_size, or other data.`;
  throw new ParfocalError("training.failed", message, { detail, run: config.experiment_name });
}
