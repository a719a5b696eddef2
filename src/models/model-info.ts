/** The description of a model (model.yaml), and the command that applies the model. */
import { z } from "zod";
import { ParfocalError } from "../errors.ts";
import { autofocusInfo } from "./networks/autofocus.ts";
import { careInfo } from "./networks/care.ts";
import { comiInfo, cycleGanInfo } from "./networks/comi.ts";
import type { Task } from "./networks/common-info.ts";
import { deepZInfo } from "./networks/deep-z.ts";
import { hidefInfo } from "./networks/hidef.ts";
import { pix2pix3dInfo, pix2pixInfo } from "./networks/pix2pix.ts";
import { recurrentMzInfo } from "./networks/recurrent-mz.ts";
import { rlpInfo } from "./networks/rlp.ts";
import { sectioningCnnInfo } from "./networks/sectioning-cnn.ts";
import { selfSupervisedInfo } from "./networks/self-supervised.ts";
import { unetInfo } from "./networks/unet.ts";

/** The description of a model of any method. */
export const modelInfo = z.discriminatedUnion("method", [
  autofocusInfo,
  careInfo,
  comiInfo,
  cycleGanInfo,
  deepZInfo,
  hidefInfo,
  pix2pixInfo,
  pix2pix3dInfo,
  recurrentMzInfo,
  rlpInfo,
  sectioningCnnInfo,
  selfSupervisedInfo,
  unetInfo,
]);

export type ModelInfo = z.infer<typeof modelInfo>;

/** A model that can be applied: its description and its ONNX file. */
export interface Model<Info extends ModelInfo = ModelInfo> {
  info: Info;
  onnx: Uint8Array;
  /** The folder that the model was read from, for messages. */
  path: string;
}

export type DeepZInfo = z.infer<typeof deepZInfo>;
/** A model that reconstructs in-focus fields from holograms. */
export type HologramModel = Model<Extract<ModelInfo, { task: "hologram" }>>;
/** A model of Deep-Z. */
export type RefocusModel = Model<DeepZInfo>;
/** A model of any method that refocuses. */
export type AnyRefocusModel = Model<Extract<ModelInfo, { task: "refocus" }>>;

const commands: Record<Task, string> = {
  refocus: "refocus",
  section: "section",
  autofocus: "autofocus",
  hologram: "reconstruct",
};

/**
 * Narrows a model to a task.
 * @throws model.unfit for a model of another task; the message names the command that applies it
 */
export function modelFor<T extends Task>(model: Model, task: T): Model<Extract<ModelInfo, { task: T }>> {
  const { info, path } = model;
  if (info.task === task) return model as Model<Extract<ModelInfo, { task: T }>>;
  const detail = `its task is ${info.task} (method ${info.method}); apply it with "parfocal ${commands[info.task]}"`;
  throw new ParfocalError("model.unfit", `The model ${path} cannot ${commands[task]}: ${detail}.`, { path, detail });
}
