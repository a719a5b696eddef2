/** Models in folders of the file system: `loadModel` and `saveModel`. */
import { fileStorage } from "../image/file-storage.node.ts";
import * as folders from "./model-folder.ts";
import type { Model, ModelInfo } from "./model-info.ts";

/** Reads the folder of a model, or of the run it was trained in; see {@link folders.loadModel | loadStoredModel}. */
export const loadModel = (path: string): Promise<Model> => folders.loadModel(fileStorage, path);

/** Writes a model into a folder; see {@link folders.saveModel | saveStoredModel}. */
export const saveModel = (folder: string, info: ModelInfo, onnx: Uint8Array): Promise<void> =>
  folders.saveModel(fileStorage, folder, info, onnx);
