import { Random } from "../array/random.ts";
import { findNonFinite } from "../array/statistics.ts";
import { ParfocalError } from "../errors.ts";
import type { Tensor } from "../graph/graph.ts";
import type { ModelInfo } from "../models/model-info.ts";
import { initialWeights } from "../models/parameters.ts";
import type { Runtime, Session, Tensors } from "../run/runtime.ts";
import { adamScalars, initialMoments, learningRateAt } from "./adam.ts";
import { decodeCheckpoint, encodeCheckpoint } from "./checkpoint.ts";
import { architectureOf, type TrainingConfig } from "./config.ts";
import { describeModel } from "./describe-model.ts";
import { type Batch, batchDrawer } from "./draw-batch.ts";
import { driftWarnings } from "./drift-warnings.ts";
import { type FieldSource, trainingData } from "./field-pool.ts";
import { emptySums, progressMetadata, readProgress } from "./resume.ts";
import { speedometer, stepsThatFit } from "./speed.ts";
import type { NamedStack } from "./split-stacks.ts";
import { deepZSteps, exportDeepZ, isGeneratorWeight } from "./steps.ts";
import { createValidator, type ValidationReport } from "./validate.ts";

/** One line of metrics.csv. */
export interface MetricsRow {
  epoch: number;
  step: number;
  train_loss: number;
  val_loss: number;
  lr: number;
  val_ssim: number;
  val_psnr: number;
  seconds: number;
  /** Only in adversarial training. */
  discriminator_loss?: number;
}

/** Where a training keeps what it makes: the run's folder under Node, anything else elsewhere. */
export interface TrainingStore {
  /** How messages call it. */
  readonly path: string;
  saveCheckpoint(kind: "last" | "best", bytes: Uint8Array): Promise<void>;
  /** The bytes saved, or undefined when there are none. */
  readCheckpoint(kind: "last" | "best"): Promise<Uint8Array | undefined>;
  saveMetrics(row: MetricsRow): Promise<void>;
  savePreview(step: number, report: ValidationReport): Promise<void>;
  saveModel(info: ModelInfo, onnx: Uint8Array): Promise<void>;
}

export interface TrainingProgress {
  step: number;
  steps: number;
  loss: number;
  stepsPerSecond: number;
  secondsLeft: number;
  /** After a validation. */
  validation?: ValidationReport;
}

export interface TrainingOptions {
  runtime: Runtime;
  store: TrainingStore;
  /** Goes on from the store's last checkpoint. */
  resume?: boolean;
  /** Simulated fields to train on, made while the training goes on; the stacks are then all for validation. */
  fields?: FieldSource | undefined;
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: TrainingProgress) => void) | undefined;
  /** Told what makes the stacks doubtful, before the first step. */
  onWarning?: ((message: string) => void) | undefined;
}

export interface TrainingResult {
  steps: number;
  seconds: number;
  report: ValidationReport;
  info: ModelInfo;
}

/**
 * Trains a refocusing model on z-stacks: patches are drawn on this thread while the runtime computes the step before; every
 * epoch validates on held-out pixels and writes a checkpoint; the model kept is the one with the lowest validation error.
 * With `fields`, patches come from simulated fields, new ones joining while the training goes on.
 * The same stacks, configuration and runtime give the same weights, also when the training was interrupted and resumed
 * (with `max_minutes`, the number of steps depends on the machine).
 *
 * @throws usage, image.unfit, calibration.missing for stacks or a configuration that cannot be trained on; training.failed when
 *   the loss is not finite or there is nothing to resume; interrupted after writing a checkpoint when the signal aborts
 */
export async function trainRefocus(
  stacks: readonly NamedStack[],
  config: TrainingConfig,
  options: TrainingOptions,
): Promise<TrainingResult> {
  const { runtime, store, signal, onProgress } = options;
  const begun = performance.now();
  const architecture = architectureOf(config);
  const { validation, sourcesAt } = trainingData(stacks, config, options.fields);
  if (options.onWarning) for (const warning of driftWarnings(stacks)) options.onWarning(warning);
  const draw = batchDrawer(config, architecture.distance_scale);
  const batchAt = async (step: number): Promise<Batch> =>
    draw(await sourcesAt(step), new Random(config.seed).fork(step));
  const validator = createValidator(validation, architecture, 6);
  const { graphs, specs } = deepZSteps(config, architecture);

  const start = options.resume ? await readProgress(store, config) : undefined;
  const weights = initialWeights(specs, new Random(config.seed).fork(0));
  const state = start?.checkpoint.tensors ?? { ...weights, ...initialMoments(weights) };
  let { step, steps, best, sums, secondsBefore } = start ?? {
    step: 0,
    steps: config.num_steps,
    best: Infinity,
    sums: emptySums(),
    secondsBefore: 0,
  };
  const elapsed = (): number => secondsBefore + (performance.now() - begun) / 1000;

  const session = await runtime.open({ graphs: { ...graphs, predict: validator.graph }, state });
  try {
    const saveLast = async (): Promise<void> => {
      const tensors = await session.readState();
      // A loss is that of the weights before its step: they may have gone wrong in the step itself.
      if (Object.values(tensors).some(({ data }) => findNonFinite(data) >= 0)) throw diverged(step, "A weight", store);
      const metadata = progressMetadata(config, { step, steps, best, sums, secondsBefore: elapsed() });
      await store.saveCheckpoint("last", encodeCheckpoint({ tensors, metadata }));
    };
    const speed = speedometer();
    let next = step < steps ? await batchAt(step + 1) : undefined;
    while (next && step < steps) {
      if (signal?.aborted) {
        await saveLast();
        const advice = `Stopped at step ${step} of ${steps}; the checkpoint is written. Go on with --resume.`;
        throw new ParfocalError("interrupted", advice, { checkpoint: store.path });
      }
      const rate = learningRateAt(step + 1, config.learning_rate, config.warmup_steps, steps);
      const running = runSteps(
        session,
        config,
        next,
        step + 1,
        rate,
        learningRateAt(step + 1, config.discriminator_learning_rate, config.warmup_steps, steps),
      );
      const drawing = step + 1 < steps ? batchAt(step + 2) : undefined;
      const [losses, drawn] = await Promise.all([running, drawing]);
      next = drawn;
      if (!Number.isFinite(losses.generator + losses.discriminator)) throw diverged(step + 1, "The loss", store);
      step++;
      sums = {
        generator: sums.generator + losses.generator,
        discriminator: sums.discriminator + losses.discriminator,
        count: sums.count + 1,
      };
      speed.tick();
      const secondsLeft = (): number =>
        (steps - step) * speed.secondsPerStep +
        speed.secondsPerPause * Math.ceil((steps - step) / config.steps_per_epoch);
      const tell = (validation?: ValidationReport): void =>
        onProgress?.({
          step,
          steps,
          loss: losses.generator,
          stepsPerSecond: 1 / speed.secondsPerStep,
          secondsLeft: secondsLeft(),
          ...(validation ? { validation } : {}),
        });
      tell();
      // Early as well, for networks of which few steps fit at all; not after the last, whose epoch ends now.
      if (next && config.max_minutes !== undefined && (step % 20 === 0 || step === 5)) {
        steps = stepsThatFit(
          step,
          config.num_steps,
          config.max_minutes * 60 - elapsed(),
          speed,
          config.steps_per_epoch,
        );
      }
      if (step % config.steps_per_epoch !== 0 && step < steps) continue;

      const report = await validator.run(session);
      const { scores } = report;
      if (!Number.isFinite(scores.loss)) throw diverged(step, "The validation loss", store);
      if (scores.loss < best) {
        best = scores.loss;
        const tensors = generatorWeights(await session.readState());
        const metadata = progressMetadata(config, { step, steps, best, sums, secondsBefore: elapsed() });
        await store.saveCheckpoint("best", encodeCheckpoint({ tensors, metadata }));
      }
      await store.saveMetrics({
        epoch: Math.ceil(step / config.steps_per_epoch),
        step,
        train_loss: sums.generator / sums.count,
        val_loss: scores.loss,
        lr: rate,
        val_ssim: scores.ssim,
        val_psnr: scores.psnr,
        seconds: elapsed(),
        ...(config.adversarial_weight > 0 ? { discriminator_loss: sums.discriminator / sums.count } : {}),
      });
      await store.savePreview(step, report);
      sums = emptySums();
      await saveLast();
      speed.pause();
      tell(report);
    }
    return await finish();
  } finally {
    await session.close();
  }

  /** Takes the best weights, scores them once more on more pairs, and writes the model. */
  async function finish(): Promise<TrainingResult> {
    const bytes = await store.readCheckpoint("best");
    if (!bytes)
      throw new ParfocalError("training.failed", `${store.path} has no best checkpoint.`, {
        detail: "no best checkpoint",
        run: store.path,
      });
    const { tensors, metadata } = decodeCheckpoint(bytes, `${store.path}/checkpoints/best`);
    const thorough = createValidator(validation, architecture, 16);
    const scoring = await runtime.open({ graphs: { predict: thorough.graph }, state: tensors });
    const report = await thorough.run(scoring).finally(() => scoring.close());
    const { fields } = options;
    const trainedOn = fields === undefined ? stacks : [{ ...stacks[0], name: fields.name }];
    const info = describeModel(trainedOn, config, Number(metadata.step), report, validation[0]);
    await store.saveModel(info, exportDeepZ(config.input_offsets.length, architecture, tensors));
    return { steps: step, seconds: elapsed(), report, info };
  }
}

function diverged(step: number, what: string, { path }: TrainingStore): ParfocalError {
  const detail = `${what.toLowerCase()} is not finite`;
  return new ParfocalError(
    "training.failed",
    `${what} is not a number at step ${step} of ${path}: lower learning_rate, or raise warmup_steps. A checkpoint written before is kept.`,
    { detail, run: path },
  );
}

async function runSteps(
  session: Session,
  config: TrainingConfig,
  batch: Batch,
  step: number,
  rate: number,
  discriminatorRate: number,
): Promise<{ generator: number; discriminator: number }> {
  const { batch_size: n, patch_size: p, input_offsets } = config;
  const scalar = (value: number): Tensor => ({ type: "float32", shape: [], data: Float32Array.of(value) });
  const run = async (name: string, learningRate: number): Promise<number> => {
    const scalars = adamScalars(learningRate, step);
    const { loss } = await session.run(name, {
      image: { type: "float32", shape: [n, input_offsets.length + 1, p, p], data: batch.image },
      target: { type: "float32", shape: [n, 1, p, p], data: batch.target },
      rate: scalar(scalars.rate),
      correction: scalar(scalars.correction),
    });
    return loss.data[0];
  };
  const generator = await run("generator", rate);
  const discriminator = config.adversarial_weight > 0 ? await run("discriminator", discriminatorRate) : 0;
  return { generator, discriminator };
}

/** The generator's part of a state. */
function generatorWeights(tensors: Tensors): Tensors {
  return Object.fromEntries(Object.entries(tensors).filter(([name]) => isGeneratorWeight(name)));
}
