/** What a method of the field brings to a training; the loop (train.ts) does the rest, for all of them alike. */
import type { Graph } from "../graph/graph.ts";
import type { ModelInfo } from "../models/model-info.ts";
import type { ParameterSpec } from "../models/networks/parameters.ts";
import type { Runtime, Session, Tensors } from "../run/runtime.ts";
import type { AdamOptions } from "./adam.ts";
import type { Judgement } from "./judgement.ts";

/**
 * One graph that is run in every training step, such as that of a generator or of a discriminator. It reads tensors of the
 * batch, parameters and moments from the state, and writes `loss` (a scalar), any other scalars that metrics.csv shall show
 * (`adversarial_loss`, ...), and the next state, which {@link optimise} writes.
 */
export interface TrainingStep {
  /** Its loss is a column of metrics.csv: `train_loss` for the first step, `<name>_loss` for the others. */
  readonly name: string;
  readonly graph: Graph;
  /** Adam's step at its highest, and its other numbers. */
  readonly learningRate: number;
  readonly adam?: AdamOptions | undefined;
  /** Runs at every second, third, ... training step only; default 1. */
  readonly every?: number | undefined;
}

/** The state of a training at a validation: what a score is made of. Lower losses are better. */
export interface ValidationReport {
  /** Above 0 (of a likelihood, e to the power of its loss). Decides which weights are kept, and when a training stops: early, or run away. */
  loss: number;
  /** How many examples were scored, where some may have been left out. */
  examples?: number;
  /** How many of the scored examples equal their ground truth, as they were recorded or as they are made: means of PSNR leave them out. */
  perfect?: number;
  /** Means over all examples, in the order in which they are shown: `psnr` beside `input_psnr`, `mae_um`, ... */
  scores: Record<string, number>;
  /** The same for parts of the examples, such as each distance. */
  groups: { label: string; distance_um?: number; scores: Record<string, number> }[];
  /** What was found of a finished model against the best recorded baseline; of networks that make images, and thorough validations. */
  judgement?: Judgement;
  /** A drawing to look at, SVG text: what the network makes of held-out examples. */
  draw(title: string): Promise<string>;
}

/** Judges the weights of a session on held-out examples, the same every time. */
export interface Validator {
  /** Examples of a whole run; undefined where it is not known before. */
  readonly examples?: number | undefined;
  /** Scores that metrics.csv shows as `val_<name>`, in this order. */
  readonly metrics: readonly string[];
  /** Opened in the same program as the training steps; they read the weights from the state. */
  readonly graphs: Readonly<Record<string, Graph>>;
  /** @param until when to stop early, ms of `performance.now()`: validators that can then score fewer examples, but one of every group. */
  run(session: Session, until?: number): Promise<ValidationReport>;
}

export interface Learner {
  /** Run one after another, in this order, on the same batch. */
  readonly steps: readonly TrainingStep[];
  /** Every parameter that a step trains, and how it starts. */
  readonly specs: ReadonlyMap<string, ParameterSpec>;
  /** State that no gradient changes, such as running means of a batch normalisation, with its first values. */
  readonly buffers?: Tensors | undefined;
  /**
   * First values of buffers that are computed from the training data, once, before the first step of a new training: several, of which those with
   * the lowest validation loss are taken, and the last where none is better.
   */
  fitBuffers?(runtime: Runtime, signal?: AbortSignal): Promise<Tensors[]>;
  /** The tensors that the steps are fed at step t (1, 2, ...): each step takes those that its graph asks for. The same t gives the same. */
  batchAt(step: number): Promise<Tensors>;
  readonly validator: Validator;
  /** With more examples, for the finished model. */
  readonly finalValidator: Validator;
  /** The finished model, of all parameters and buffers but those that begin with "discriminator/". */
  pack(
    weights: Tensors,
    about: { steps: number; report: ValidationReport },
  ): {
    info: ModelInfo;
    onnx: Uint8Array<ArrayBuffer>;
  };
}
