import { ParfocalError } from "../errors.ts";
import { storageOfFiles } from "../image/storage-of-files.ts";
import { loadModel } from "./model-folder.ts";
import type { Model } from "./model-info.ts";

/**
 * The model among the files that a user chose or dropped in a browser: `model.yaml` and `model.onnx`, alone or in the
 * folder of a model or of a training run.
 * @throws file.missing for files without a model; usage for those of several models; model.unfit and file.corrupt for a
 *   model that is damaged
 */
export async function modelOfFiles(files: Iterable<File>): Promise<Model> {
  const all = [...files];
  const paths = all
    .map((file) => file.webkitRelativePath || file.name)
    .filter((path) => /(^|\/)model\.yaml$/.test(path));
  if (paths.length === 0) {
    const message = `None of the ${all.length} files is called model.yaml. Choose the folder of a model, or its files model.yaml and model.onnx.`;
    throw new ParfocalError("file.missing", message, { path: "model.yaml" });
  }
  if (paths.length > 1) {
    const message = `The files belong to ${paths.length} models: ${paths.join(", ")}. Choose the folder of one model.`;
    throw new ParfocalError("usage", message, { option: "model", got: paths.join(", "), expected: "one model" });
  }
  return loadModel(storageOfFiles(all), paths[0]);
}
