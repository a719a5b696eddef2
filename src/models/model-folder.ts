import { stringify } from "yaml";
import { z } from "zod";
import { ParfocalError } from "../errors.ts";
import { crc32 } from "../image/crc32.ts";
import { readBytes, readTextIfThere, type Storage, withOutputs } from "../image/storage.ts";
import { readYaml } from "../read-yaml.ts";
import { type Model, type ModelInfo, modelInfo } from "./model-info.ts";

const onnxName = "model.onnx";
const infoName = "model.yaml";

/** The key of model.yaml that holds the CRC-32 of `model.onnx`; older models have none. */
const checksumKey = "onnx_crc32";
const checksumOf = (onnx: Uint8Array): string => crc32([onnx]).toString(16).padStart(8, "0");

/**
 * Writes `model.onnx` and `model.yaml` into a folder and replaces a model that is already there.
 * @throws model.unfit, before anything is written, for a description that could not be read back; output.failed
 */
export async function saveModel(storage: Storage, folder: string, info: ModelInfo, onnx: Uint8Array): Promise<void> {
  const text = stringify({ ...info, [checksumKey]: checksumOf(onnx) });
  readInfo(text, storage.join(folder, infoName));
  await storage.makeFolder(folder);
  await withOutputs(storage, { force: true }, async (set) => {
    await set.write(storage.join(folder, onnxName), onnx);
    await set.write(storage.join(folder, infoName), text);
  });
}

/**
 * Reads a model folder (or one of its files, by name), or the model of a training run (`runs/NAME/version_N`).
 * @throws file.missing when there is no model; model.unfit when its description is damaged; file.corrupt when
 *   `model.onnx` is not the file that `model.yaml` was written for
 */
export async function loadModel(storage: Storage, path: string): Promise<Model> {
  const isFile = [onnxName, infoName].includes(storage.basename(path));
  for (const folder of [isFile ? storage.dirname(path) : path, storage.join(path, "model")]) {
    const text = await readTextIfThere(storage, storage.join(folder, infoName));
    if (text === undefined) continue;
    const onnx = await readBytes(storage, storage.join(folder, onnxName)).catch((cause: unknown) => {
      if (cause instanceof ParfocalError && cause.code !== "file.missing") throw cause;
      throw new ParfocalError(
        "file.missing",
        `${folder} has a ${infoName} but no ${onnxName}. Copy the whole folder of the model again.`,
        { path: folder },
        { cause },
      );
    });
    const { info, checksum } = readInfo(text, storage.join(folder, infoName));
    checkOnnx(onnx, checksum, storage.join(folder, onnxName));
    return { info, onnx: new Uint8Array(onnx), path: folder };
  }
  const versions = await storage.list(path).then(
    (entries) => entries.map(({ name }) => name).filter((name) => /^version_\d+$/.test(name)),
    () => undefined,
  );
  const why = versions === undefined ? "is not a folder" : `has no ${infoName}, and neither does its subfolder "model"`;
  const newest = versions?.reduce((a, b) => (Number(b.slice(8)) > Number(a.slice(8)) ? b : a), "version_0");
  const advice = versions?.length
    ? `one of its runs, such as ${storage.join(path, newest as string)}`
    : "the folder of a model";
  throw new ParfocalError("file.missing", `${path} ${why}. Give ${advice}.`, { path });
}

/** A flipped bit in a weight would give wrong pixels without an error, so the checksum is verified. */
function checkOnnx(onnx: Uint8Array, expected: string | undefined, path: string): void {
  const found = checksumOf(onnx);
  if (expected === undefined || found === expected) return;
  const detail = `its CRC-32 is ${found}, and ${infoName} says ${expected}`;
  const message =
    `${path} is damaged, or is not the file that ${infoName} describes: ${detail}. Copy the model again, or train it again; ` +
    `if you replaced the file yourself, delete the line ${checksumKey} from ${infoName}.`;
  throw new ParfocalError("file.corrupt", message, { path, detail });
}

/** Parses and validates model.yaml; `checksum` is undefined where the file has none. */
function readInfo(text: string, path: string): { info: ModelInfo; checksum: string | undefined } {
  let value: unknown;
  try {
    value = readYaml(text, path);
  } catch (cause) {
    const { message } = cause as Error;
    throw new ParfocalError("model.unfit", message, { path, detail: "the YAML cannot be read" }, { cause });
  }
  const result = modelInfo.safeParse(value);
  const checksum = z.object({ [checksumKey]: z.string().optional() }).safeParse(value);
  if (result.success && checksum.success) return { info: result.data, checksum: checksum.data[checksumKey] };
  const [issue] = [...(result.error?.issues ?? []), ...(checksum.error?.issues ?? [])];
  const detail = `${issue.path.join(".") || "the description"}: ${issue.message}`;
  throw new ParfocalError("model.unfit", `${path} does not describe a model of this version of Parfocal: ${detail}.`, {
    path,
    detail,
  });
}
