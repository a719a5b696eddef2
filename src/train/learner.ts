/** What a method contributes to a training; the loop (train.ts) is the same for all methods. */
import type { Graph } from "../graph/graph.ts";
import type { ModelInfo } from "../models/model-info.ts";
import type { DirectionCalibration } from "../models/networks/deep-z.ts";
import type { ParameterSpec } from "../models/networks/parameters.ts";
import type { Runtime, Session, Tensors } from "../run/runtime.ts";
import type { Warning } from "../warning.ts";
import type { AdamOptions } from "./adam.ts";
import type { Judgement } from "./judgement.ts";

/**
 * One graph that is run in every training step, such as that of a generator or of a discriminator. It reads tensors of
 * the batch, parameters and moments from the state, and writes `loss` (a scalar), any other scalars for metrics.csv
 * (`adversarial_loss`, ...), and the next state, which `optimise` writes.
 */
export interface TrainingStep {
  /** Its loss is a column of metrics.csv: `train_loss` for the first step, `<name>_loss` for the others. */
  readonly name: string;
  readonly graph: Graph;
  /** Peak learning rate, and the other options of Adam. */
  readonly learningRate: number;
  readonly adam?: AdamOptions | undefined;
  /** The graph runs at every second, third, ... training step only; default 1. */
  readonly every?: number | undefined;
}

/** The result of a validation. Lower losses are better. */
export interface ValidationReport {
  /**
   * Above 0 (for a negative log likelihood, its exponential). It decides which weights are kept, and when training
   * stops early or has diverged.
   */
  loss: number;
  /** Number of examples that were scored, where some may have been left out. */
  examples?: number;
  /** Number of scored examples whose input or output equals the ground truth; they are left out of means of PSNR. */
  perfect?: number;
  /** Means over all examples, in the order in which they are shown: `psnr` beside `input_psnr`, `mae_um`, ... */
  scores: Record<string, number>;
  /** The means for groups of the examples, such as each distance. */
  groups: { label: string; distance_um?: number; scores: Record<string, number> }[];
  /** The comparison with the best recorded baseline; only for networks that output images, in the final validation. */
  judgement?: Judgement;
  /** How well a trained model of one input plane knows the direction of defocus. */
  direction?: DirectionCalibration | undefined;
  /** Draws the outputs of the network for held-out examples, as SVG text. */
  draw(title: string): Promise<string>;
}

/** Scores the weights of a session on held-out examples, which are the same every time. */
export interface Validator {
  /** Number of examples of a whole validation; undefined where it is not known in advance. */
  readonly examples?: number | undefined;
  /** Scores that metrics.csv shows as `val_<name>`, in this order. */
  readonly metrics: readonly string[];
  /** Graphs that are opened in the same session as the training steps and read the weights from its state. */
  readonly graphs: Readonly<Record<string, Graph>>;
  /**
   * @param until time at which to stop early, ms of `performance.now()`; a validator that supports it then scores fewer
   *   examples, at least one of every group
   */
  run(session: Session, until?: number): Promise<ValidationReport>;
}

export interface Learner {
  /** What makes its data doubtful, in sentences for the user. */
  readonly warnings?: readonly Warning[];
  /** Run one after another, in this order, on the same batch. */
  readonly steps: readonly TrainingStep[];
  /** Every trained parameter with its shape and initialisation. */
  readonly specs: ReadonlyMap<string, ParameterSpec>;
  /** State that is not trained by gradients, such as running means of batch normalisation, with its initial values. */
  readonly buffers?: Tensors | undefined;
  /**
   * Computes candidates for the initial values of buffers from the training data, once, before the first step of a new
   * training. The candidate with the lowest validation loss is used, or the last one where none is better.
   */
  fitBuffers?(runtime: Runtime, signal?: AbortSignal): Promise<Tensors[]>;
  /**
   * The input tensors of training step t (1, 2, ...); each graph takes those that it has inputs for. The same t gives
   * the same tensors.
   */
  batchAt(step: number): Promise<Tensors>;
  readonly validator: Validator;
  /** A validator with more examples, for the trained model. */
  readonly finalValidator: Validator;
  /** Packs the trained model from all parameters and buffers whose names do not begin with "discriminator/". */
  pack(
    weights: Tensors,
    about: { steps: number; report: ValidationReport },
  ): {
    info: ModelInfo;
    onnx: Uint8Array<ArrayBuffer>;
  };
}
