import { breatheThrough } from "../array/breathe.ts";
import { findNonFinite } from "../array/statistics.ts";
import { ParfocalError } from "../errors.ts";
import type { NamedStack } from "../image/named-stack.ts";
import type { ModelInfo } from "../models/model-info.ts";
import type { Runtime, Tensors } from "../run/runtime.ts";
import type { Warning } from "../warning.ts";
import { learningRateAt } from "./adam.ts";
import { encodeCheckpoint } from "./checkpoint.ts";
import type { FieldSource } from "./data/field-pool.ts";
import { describeData, type TrainedData } from "./data/trained-data.ts";
import { chooseBuffers, initialState, modelTensors, validationState } from "./initial-state.ts";
import type { Learner, ValidationReport } from "./learner.ts";
import { createLearner } from "./model-pixels.ts";
import { readProgress } from "./resume.ts";
import { addLosses, metricsColumns, runSteps } from "./run-steps.ts";
import { speedometer, stepsThatFit } from "./speed.ts";
import { type Progress, progressMetadata, readBest } from "./training-checkpoint.ts";
import type { MethodConfig } from "./training-method.ts";
import type { MetricsRow, TrainingStore } from "./training-store.ts";

export interface TrainingProgress {
  step: number;
  steps: number;
  loss: number;
  stepsPerSecond: number;
  secondsLeft: number;
  /** Only after a validation. */
  validation?: ValidationReport;
}

/** How a learner is trained. */
export interface LoopOptions {
  runtime: Runtime;
  store: TrainingStore;
  /** Resumes from the last checkpoint of the store. */
  resume?: boolean;
  /** Initial weights from a model with the same network (`fine_tune`); default random weights. */
  weights?: Tensors | undefined;
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: TrainingProgress) => void) | undefined;
  /** Called with the current stage where no steps are made: a sentence without a full stop. */
  onStage?: ((sentence: string) => void) | undefined;
  /** Called with warnings about the data before the first step, and with the reason when a training ends early. */
  onWarning?: ((warning: Warning) => void) | undefined;
}

export interface TrainingOptions extends LoopOptions {
  /**
   * Simulated fields to train on, which are simulated during the training. The stacks are then used for validation
   * only, unless `simulated_share` is below 1.
   */
  fields?: FieldSource | undefined;
  /** The ONNX file that `feature_model` names, where the configuration has that key. */
  featureNetwork?: Uint8Array | undefined;
}

export interface TrainingResult {
  steps: number;
  seconds: number;
  report: ValidationReport;
  info: ModelInfo;
}

/** Interval of steps at which the number of steps is adapted to the time left. */
const timeCheckInterval = 5;

/** A validation loss this many times the best one, twice in a row, counts as divergence. */
const divergenceFactor = 10;

/**
 * Trains a model of any method on stacks: {@link createLearner}, then {@link trainLearner}.
 * @throws usage, image.unfit, calibration.missing for stacks or a configuration that cannot be used for training; what
 *   {@link trainLearner} throws
 */
export async function trainModel(
  samples: readonly NamedStack[],
  config: MethodConfig,
  { fields, featureNetwork, ...options }: TrainingOptions,
): Promise<TrainingResult> {
  const input = { samples, fields, featureNetwork };
  const learner = await createLearner(input, config, options.signal);
  const data = await breatheThrough(describeData(input), options.signal);
  return trainLearner(learner, data, config, options);
}

/**
 * Trains a learner. Patches are drawn on this thread while the runtime computes the previous step. Every epoch ends
 * with a validation on held-out pixels and a checkpoint; the model with the lowest validation loss is kept. The same
 * stacks, configuration and runtime give the same weights, also when the training was interrupted and resumed (with
 * `max_minutes`, the number of steps depends on the computer).
 *
 * @param data the description of the training data, which is saved in checkpoints
 * @throws training.failed when the loss is not finite or diverges (the model of the best step is saved first), or there
 *   is nothing to resume; interrupted after writing a checkpoint when the signal aborts
 */
export async function trainLearner(
  learner: Learner,
  data: TrainedData,
  config: MethodConfig,
  options: LoopOptions,
): Promise<TrainingResult> {
  const { runtime, store, signal, onProgress, onStage, onWarning } = options;
  const begun = performance.now();
  for (const sentence of learner.warnings ?? []) onWarning?.(sentence);

  const first = initialState(learner, config.seed, options.weights);
  const expected = { data, state: first, model: modelTensors(first, learner) };
  const start = options.resume ? await readProgress(store, config, expected, onWarning) : undefined;
  const state = start?.tensors ?? first;
  const fresh: Progress = { step: 0, steps: config.num_steps, best: Infinity, stale: 0, sums: {}, secondsBefore: 0 };
  let { step, steps, best, stale, sums, secondsBefore } = start ?? fresh;
  const elapsed = (): number => secondsBefore + (performance.now() - begun) / 1000;
  const metadata = () => progressMetadata(config, data, { step, steps, best, stale, sums, secondsBefore: elapsed() });
  const failedWrites = new Set<string>();
  await store.beginMetrics(metricsColumns(learner), start?.step);

  const [some, all] = [learner.validator.examples, learner.finalValidator.examples];
  const finalShare = some && all ? all / some : undefined;

  const graphs = Object.fromEntries(learner.steps.map(({ name, graph }) => [name, graph]));
  const session = await runtime.open({ graphs: { ...graphs, ...learner.validator.graphs }, state });
  try {
    if (step === 0 && options.weights === undefined && learner.fitBuffers) {
      onStage?.("Fitting linear filters to the training data");
      // If the training is stopped here, it writes its checkpoint below and fits again when it is resumed. The result
      // is the same, since no step was made.
      await chooseBuffers(learner, runtime, session, signal).catch((error: unknown) => {
        if (!signal?.aborted) throw error;
      });
    }
    const saveLast = async (): Promise<void> => {
      const tensors = await session.readState();
      // The loss of a step is that of the weights before it, so the weights after it are checked as well.
      if (Object.values(tensors).some(({ data }) => findNonFinite(data) >= 0)) throw diverged(step, "A weight", store);
      await store.saveCheckpoint("last", encodeCheckpoint({ tensors, metadata: metadata() }));
    };
    const speed = speedometer();
    /** Validates a few examples to estimate the duration of a validation before the first one. */
    const measurePause = async (): Promise<void> => {
      const { examples = 1 } = learner.validator;
      const report = await learner.validator.run(session, performance.now());
      speed.pause(Math.min(1, (report.examples ?? examples) / examples));
    };
    let next = step < steps ? await learner.batchAt(step + 1) : undefined;
    let divergedEpochs = 0;
    while (next && step < steps) {
      if (signal?.aborted) {
        await saveLast();
        const advice = `Stopped at step ${step} of ${steps}; a checkpoint was written. Continue with \`resume\`.`;
        throw new ParfocalError("interrupted", advice, { checkpoint: store.path });
      }
      const running = runSteps(session, learner, next, config, step + 1, steps);
      const drawing = step + 1 < steps ? learner.batchAt(step + 2) : undefined;
      const [losses, drawn] = await Promise.all([running, drawing]);
      next = drawn;
      if (!Object.values(losses).every(Number.isFinite)) throw diverged(step + 1, "The loss", store);
      step++;
      sums = addLosses(sums, losses);
      speed.tick();
      const secondsLeft = (): number =>
        (steps - step) * speed.secondsPerStep +
        speed.secondsPerPause * Math.ceil((steps - step) / config.steps_per_epoch);
      const tell = (validation?: ValidationReport): void =>
        onProgress?.({
          step,
          steps,
          loss: losses.train_loss,
          stepsPerSecond: 1 / speed.secondsPerStep,
          secondsLeft: secondsLeft(),
          ...(validation ? { validation } : {}),
        });
      tell();
      if (next && config.max_minutes !== undefined && step % timeCheckInterval === 0) {
        if (speed.secondsPerPause === 0) await measurePause();
        const settings = { stepsPerEpoch: config.steps_per_epoch, finalShare };
        steps = stepsThatFit(step, config.num_steps, config.max_minutes * 60 - elapsed(), speed, settings);
      }
      if (step % config.steps_per_epoch !== 0 && step < steps) continue;

      const report = await learner.validator.run(session);
      if (!Number.isFinite(report.loss)) throw diverged(step, "The validation loss", store);
      stale++;
      divergedEpochs = report.loss > divergenceFactor * best ? divergedEpochs + 1 : 0;
      if (report.loss < best) {
        best = report.loss;
        stale = 0;
        const tensors = modelTensors(await session.readState(), learner);
        await store.saveCheckpoint("best", encodeCheckpoint({ tensors, metadata: metadata() }));
      }
      const row = metricsRow(report);
      sums = {};
      await saveLast();
      // Metrics and previews are not essential: the training continues if they cannot be written, since its checkpoint
      // is saved.
      await attempt("The metrics", () => store.saveMetrics(row));
      await attempt("The preview", () => store.savePreview(step, report));
      speed.pause();
      tell(report);
      if (divergedEpochs === 2) throw await divergedAt(report.loss);
      if (config.patience !== undefined && stale >= config.patience && step < steps) {
        onWarning?.({
          code: "no_improvement",
          text: `Stopped at step ${step}: ${stale} epochs without a better validation loss (patience).`,
        });
        break;
      }
    }
    return await finish();
  } finally {
    await session.close();
  }

  /** Runs `write`; a failure is a warning, once for each kind. */
  async function attempt(what: string, write: () => Promise<void>): Promise<void> {
    try {
      await write();
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      if (!failedWrites.has(what))
        onWarning?.({
          code: "not_saved",
          text: `${what} of step ${step} could not be written; the training continues. ${detail}`,
        });
      failedWrites.add(what);
    }
  }

  function metricsRow({ loss, scores }: ValidationReport): MetricsRow {
    const means = Object.entries(sums).map(([name, { sum, count }]) => [name, sum / count]);
    return {
      ...Object.fromEntries(means),
      epoch: Math.ceil(step / config.steps_per_epoch),
      step,
      val_loss: loss,
      lr: learningRateAt(step, config.learning_rate, config.warmup_steps, steps, config.schedule),
      ...Object.fromEntries(learner.validator.metrics.map((name) => [`val_${name}`, scores[name]])),
      seconds: elapsed(),
    };
  }

  /** Scores the best weights on more examples, and writes the model. */
  async function finish(): Promise<TrainingResult> {
    const { tensors, step: bestStep } = await readBest(store, (detail) => {
      throw new ParfocalError("training.failed", `${store.path} cannot be finished: ${detail}.`, {
        detail,
        run: store.path,
      });
    });
    const { finalValidator } = learner;
    onStage?.("Validating the trained model");
    const scoring = await runtime.open({ graphs: { ...finalValidator.graphs }, state: validationState(tensors) });
    const { max_minutes: minutes } = config;
    const until = minutes === undefined ? undefined : performance.now() + 1000 * (60 * minutes - elapsed() - 1);
    const report = await finalValidator.run(scoring, until).finally(() => scoring.close());
    const { info, onnx } = learner.pack(tensors, { steps: bestStep, report });
    await store.saveModel(info, onnx);
    if (report.perfect) onWarning?.({ code: "perfect_examples", text: perfectExamples(report) });
    return { steps: step, seconds: elapsed(), report, info };
  }

  async function divergedAt(loss: number): Promise<ParfocalError> {
    const { info } = await finish();
    const detail = `the validation loss rose to ${loss.toPrecision(3)}, ${Math.round(loss / best)} times its best`;
    const message =
      `${store.path}: ${detail}, at step ${step}. Lower learning_rate or adversarial_weight, or set clip_norm. ` +
      `The best model, of step ${info.steps}, was saved.`;
    return new ParfocalError("training.failed", message, { detail, run: store.path });
  }
}

function perfectExamples({ perfect, examples }: ValidationReport): string {
  if (perfect === examples) {
    return `All ${examples} validation examples equal their ground truth: their PSNR is infinite, and the model cannot be evaluated. Give targets that differ from the stacks, or stacks without blank and repeated planes.`;
  }
  return `${perfect} of ${examples} validation examples equal their ground truth (blank or repeated planes, such as black padding or dropped frames): they are left out of the mean PSNR. Remove such planes from the training data.`;
}

function diverged(step: number, what: string, { path }: TrainingStore): ParfocalError {
  const detail = `${what.toLowerCase()} is not finite`;
  return new ParfocalError(
    "training.failed",
    `${what} is not finite at step ${step} of ${path}. Lower learning_rate, or raise warmup_steps. The last checkpoint is kept.`,
    { detail, run: path },
  );
}
