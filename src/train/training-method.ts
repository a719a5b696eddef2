/** How a method of the field is trained: its configuration, its rules and its learner. */
import type { z } from "zod";
import type { NamedStack } from "../image/named-stack.ts";
import type { Task } from "../models/networks/common-info.ts";
import type { CommonConfig } from "./common-config.ts";
import type { FieldSource } from "./data/field-pool.ts";
import type { Learner } from "./learner.ts";

/** What is learnt from. */
export interface TrainingInput {
  /** Recorded stacks, each split into a part to train on and one to validate; or, with `fields`, all to validate. */
  samples: readonly NamedStack[];
  /** Simulated fields to train on, made while the training goes on. */
  fields?: FieldSource | undefined;
  /** ONNX file of a network whose features a loss compares (`feature_model`). */
  featureNetwork?: Uint8Array | undefined;
}

/** A configuration of any method. */
export type MethodConfig = CommonConfig & { method: string };

export interface TrainingMethod<C extends MethodConfig = MethodConfig, Schema extends z.ZodType<C> = z.ZodType<C>> {
  /** As `--model` names it. */
  readonly name: C["method"];
  readonly task: Task;
  /** One sentence for the list of methods. */
  readonly summary: string;
  /** A strict object: every key with its default. */
  readonly config: Schema;
  /** @throws usage for keys that do not go together */
  check?(config: C): void;
  /**
   * The learner, as work that yields now and then: see breathe.ts.
   * @throws usage, image.unfit, calibration.missing for data that cannot teach the task
   */
  learner(input: TrainingInput, config: C): Generator<void, Learner>;
}
