/** A method that can be trained: its configuration, its checks and its learner. */
import type { z } from "zod";
import type { NamedStack } from "../image/named-stack.ts";
import type { Task } from "../models/networks/common-info.ts";
import type { CommonConfig } from "./common-config.ts";
import type { FieldSource } from "./data/field-pool.ts";
import type { Learner } from "./learner.ts";

/** The training data. */
export interface TrainingInput {
  /**
   * Recorded stacks. Each is split into a part for training and a part for validation; with `fields`, all are used for
   * validation.
   */
  samples: readonly NamedStack[];
  /** Simulated fields to train on, which are simulated during the training. */
  fields?: FieldSource | undefined;
  /** ONNX file of a network whose features are compared in a loss (`feature_model`). */
  featureNetwork?: Uint8Array | undefined;
}

/** A configuration of any method. */
export type MethodConfig = CommonConfig & { method: string };

export interface TrainingMethod<C extends MethodConfig = MethodConfig, Schema extends z.ZodType<C> = z.ZodType<C>> {
  /** The value of the key `method`. */
  readonly name: C["method"];
  readonly task: Task;
  /** One line for the list of methods. */
  readonly summary: string;
  /** A strict object schema with every key and its default. */
  readonly config: Schema;
  /** @throws usage for keys that do not fit together */
  check?(config: C): void;
  /**
   * The learner, as work that yields now and then: see breathe.ts.
   * @throws usage, image.unfit, calibration.missing for data that cannot be used for training
   */
  learner(input: TrainingInput, config: C): Generator<void, Learner>;
}
