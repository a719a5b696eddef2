/** The data source of leave-one-out: data on which models are judged, and for each model its training data. */

import type { Optics } from "../../image/image.ts";
import type { NamedStack } from "../../image/named-stack.ts";
import type { JudgedImage } from "../../study/gain-over-baseline.ts";
import type { FieldSource } from "../../train/data/field-pool.ts";
import type { Warning } from "../../warning.ts";
import type { JudgedData, PlannedModel } from "./leave-one-out-plan.ts";

/** Properties of the stacks of an objective, or of one recorded stack. Lengths in um. */
export interface StackKind {
  name: string;
  pixelSize: number;
  zStep: number | undefined;
  planes: number;
  optics?: Optics | undefined;
}

/** Data with their images, none of which is used for training. */
export interface JudgedImages extends JudgedData {
  images: readonly JudgedImage[];
}

/** The training data of a model, as long as they are open. */
export interface OpenTraining {
  /** Samples for training and validation, or only for validation if there are `fields`. */
  samples: readonly NamedStack[];
  fields?: FieldSource;
  close(): Promise<void>;
}

/** The data after they have been read or simulated. */
export interface OpenSource {
  data: readonly JudgedImages[];
  open(model: PlannedModel): Promise<OpenTraining>;
}

export interface LeaveOneOutSource {
  /** A short name for the recipe or the stacks. */
  name: string;
  /** The kinds of groups that the data have: "objective" and "specimen", or "stack" and "slide". */
  kinds: readonly string[];
  stackKinds: readonly StackKind[];
  data: readonly JudgedData[];
  /** A sentence for the page that says how judged data are kept apart from training data. */
  apart: string;
  /** Everything that determines the data, as plain values. */
  description: Record<string, unknown>;
  warnings: readonly Warning[];
  /** @throws interrupted; image.unfit for what cannot be judged */
  open(control: {
    signal?: AbortSignal | undefined;
    onProgress?: ((progress: { done: number; total: number }) => void) | undefined;
  }): Promise<OpenSource>;
}
