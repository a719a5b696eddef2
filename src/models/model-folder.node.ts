import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
import { ParfocalError } from "../errors.ts";
import { writeFileAtomic } from "../image/atomic-file.node.ts";
import { readYaml } from "../read-yaml.ts";
import { type Model, type ModelInfo, modelInfo } from "./model-info.ts";

const onnxName = "model.onnx";
const infoName = "model.yaml";

/** Writes `model.onnx` and `model.yaml` into a folder, replacing a model that is there. */
export async function saveModel(folder: string, info: ModelInfo, onnx: Uint8Array): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFileAtomic(join(folder, onnxName), onnx, { force: true });
  await writeFileAtomic(join(folder, infoName), stringify(info), { force: true });
}

/**
 * Reads a model folder, or the model of a training run (`runs/NAME/version_N`).
 * @throws file.missing when there is no model; model.unfit when its description is damaged
 */
export async function loadModel(path: string): Promise<Model> {
  for (const folder of [path, join(path, "model")]) {
    const text = await readFile(join(folder, infoName), "utf8").catch(() => undefined);
    if (text === undefined) continue;
    const onnx = await readFile(join(folder, onnxName)).catch((cause: unknown) => {
      throw new ParfocalError(
        "file.missing",
        `${folder} has a ${infoName} but no ${onnxName}.`,
        { path: folder },
        { cause },
      );
    });
    return { info: readInfo(text, join(folder, infoName)), onnx: new Uint8Array(onnx), path: folder };
  }
  throw new ParfocalError(
    "file.missing",
    `${path} holds no model: no ${infoName} there or in its "model" folder; give the folder that "parfocal train" wrote.`,
    { path },
  );
}

function readInfo(text: string, path: string): ModelInfo {
  let value: unknown;
  try {
    value = readYaml(text, path);
  } catch (cause) {
    const { message } = cause as Error;
    throw new ParfocalError("model.unfit", message, { path, detail: "no readable YAML" }, { cause });
  }
  const result = modelInfo.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const detail = `${issue.path.join(".") || "the description"}: ${issue.message}`;
  throw new ParfocalError("model.unfit", `${path} does not describe a model of this version of Parfocal: ${detail}.`, {
    path,
    detail,
  });
}
