/** What leave-one-out is done over: data that models are judged on, and for each model the data that it is trained on. */

import type { Optics } from "../../image/image.ts";
import type { NamedStack } from "../../image/named-stack.ts";
import type { JudgedImage } from "../../study/gain-over-baseline.ts";
import type { FieldSource } from "../../train/data/field-pool.ts";
import type { JudgedData, PlannedModel } from "./leave-one-out-plan.ts";

/** What the stacks of an objective, or one recorded stack, are like. Lengths in um. */
export interface StackKind {
  name: string;
  pixelSize: number;
  zStep: number | undefined;
  planes: number;
  optics?: Optics | undefined;
}

/** Data with the images that show them, none of which is trained on. */
export interface JudgedImages extends JudgedData {
  images: readonly JudgedImage[];
}

/** What a model is trained on, for as long as it is open. */
export interface OpenTraining {
  /** To train on and validate, or with `fields` to validate. */
  samples: readonly NamedStack[];
  fields?: FieldSource;
  close(): Promise<void>;
}

/** The data when they have been read, or simulated. */
export interface OpenSource {
  data: readonly JudgedImages[];
  open(model: PlannedModel): Promise<OpenTraining>;
}

export interface LeaveOneOutSource {
  /** The recipe, or the stacks, in a few words. */
  name: string;
  /** What the data have names for: "objective" and "specimen", or "stack" and "slide". */
  kinds: readonly string[];
  stackKinds: readonly StackKind[];
  data: readonly JudgedData[];
  /** How judged data are kept from training: a sentence for the page. */
  apart: string;
  /** All that decides the data, as plain values. */
  description: Record<string, unknown>;
  warnings: readonly string[];
  /** @throws interrupted; image.unfit for what cannot be judged */
  open(control: {
    signal?: AbortSignal | undefined;
    onProgress?: ((progress: { done: number; total: number }) => void) | undefined;
  }): Promise<OpenSource>;
}
