import { stringify } from "yaml";
import { ParfocalError } from "../errors.ts";
import { readBytes, readText, readTextIfThere, type Storage, writeWhole } from "../image/storage.ts";
import { saveModel } from "../models/model-folder.ts";
import { readYaml } from "../read-yaml.ts";
import { type ConfigInput, resolveConfig } from "./config.ts";
import type { ValidationReport } from "./learner.ts";
import { scalarsRecord, versionRecord } from "./tensorboard.ts";
import type { MethodConfig } from "./training-method.ts";
import type { MetricsRow, TrainingStore } from "./training-store.ts";

/** Draws a preview of a validation as a PNG file. */
export type DrawPreview = (report: ValidationReport, step: number) => Promise<Uint8Array>;

/**
 * The folder of a run: `<root>/<experiment_name>/version_<n>/` with config.yaml, samples.yaml, metrics.csv, a
 * TensorBoard event file, checkpoints/{last,best}.safetensors, previews/*.png and model/.
 * @throws output.failed
 */
export async function createRunFolder(storage: Storage, root: string, config: MethodConfig): Promise<string> {
  const experiment = storage.join(root, config.experiment_name);
  await storage.makeFolder(experiment);
  const path = await createVersion(storage, experiment);
  for (const folder of ["checkpoints", "previews"]) await storage.makeFolder(storage.join(path, folder));
  const text = stringify(config);
  const file = storage.join(path, "config.yaml");
  parseRunConfig(text, file);
  await writeWhole(storage, file, text);
  return path;
}

/** Creates a folder with the next free number; two trainings that start at the same time get different folders. */
async function createVersion(storage: Storage, experiment: string): Promise<string> {
  for (;;) {
    const next = ((await versions(storage, experiment)).at(-1) ?? -1) + 1;
    const path = storage.join(experiment, `version_${next}`);
    if (await storage.claimFolder(path)) return path;
  }
}

/**
 * The newest run of an experiment that has a checkpoint to resume from.
 * @param onSkipped called for each newer run, which has no checkpoint
 * @throws training.failed when there is none
 */
export async function newestRun(
  storage: Storage,
  root: string,
  experimentName: string,
  onSkipped?: (run: string) => void,
): Promise<string> {
  const experiment = storage.join(root, experimentName);
  const skipped: string[] = [];
  for (const path of (await runsOf(storage, root, experimentName)).reverse()) {
    if ((await storage.kindOf(checkpointIn(storage, path, "last"))) === "file") {
      for (const newer of skipped) onSkipped?.(newer);
      return path;
    }
    skipped.push(path);
  }
  throw new ParfocalError(
    "training.failed",
    `${experiment} has no run with a checkpoint to resume from. Start without \`resume\`.`,
    {
      detail: "nothing to resume",
      run: experiment,
    },
  );
}

/**
 * The configuration that a run was started with.
 * @throws file.missing, file.corrupt; usage for one that is not valid in this version
 */
export async function readRunConfig(storage: Storage, path: string): Promise<MethodConfig> {
  const file = storage.join(path, "config.yaml");
  const text = await readText(storage, file).catch((cause: unknown) => {
    if (cause instanceof ParfocalError && cause.code !== "file.missing") throw cause;
    throw new ParfocalError(
      "file.missing",
      `${path} is not the folder of a training run: it has no config.yaml.`,
      { path },
      { cause },
    );
  });
  return parseRunConfig(text, file);
}

function parseRunConfig(text: string, file: string): MethodConfig {
  const config = readYaml(text, file);
  if (config !== null && typeof config === "object" && !Array.isArray(config))
    return resolveConfig(config as ConfigInput);
  const detail = "it has no keys and values";
  throw new ParfocalError("file.corrupt", `${file} is not a configuration: ${detail}.`, { path: file, detail });
}

/** The folders of the runs of an experiment, oldest first. */
export async function runsOf(storage: Storage, root: string, experimentName: string): Promise<string[]> {
  const experiment = storage.join(root, experimentName);
  return (await versions(storage, experiment)).map((version) => storage.join(experiment, `version_${version}`));
}

async function versions(storage: Storage, experiment: string): Promise<number[]> {
  const entries = await storage.list(experiment).catch(() => []);
  const numbers = entries.flatMap(({ name }) => /^version_(\d+)$/.exec(name)?.[1] ?? []).map(Number);
  return numbers.sort((a, b) => a - b);
}

export const checkpointIn = (storage: Storage, run: string, kind: "last" | "best"): string =>
  storage.join(run, "checkpoints", `${kind}.safetensors`);

/** Opens the folder of a run for training. */
export async function openRunFolder(storage: Storage, path: string, draw: DrawPreview): Promise<TrainingStore> {
  const metrics = storage.join(path, "metrics.csv");
  const events = await newEventFile(storage, path);
  let columns: readonly string[] = [];
  return {
    path,
    async beginMetrics(names, resumedAt) {
      columns = names;
      // Lines after the checkpoint are removed, since they will be written again.
      const kept = resumedAt === undefined ? [] : await metricsLines(storage, path, resumedAt);
      await writeWhole(storage, metrics, `${[columns, ...kept].map((cells) => cells.join(",")).join("\n")}\n`, {
        force: true,
      });
      await storage.append(events, versionRecord(Date.now() / 1000));
    },
    saveCheckpoint: (kind, bytes) => writeWhole(storage, checkpointIn(storage, path, kind), bytes, { force: true }),
    async readCheckpoint(kind) {
      const file = checkpointIn(storage, path, kind);
      return (await storage.kindOf(file)) === undefined ? undefined : readBytes(storage, file);
    },
    async saveMetrics(row) {
      await storage.append(metrics, `${columns.map((column) => cell(row[column])).join(",")}\n`);
      const { step, epoch: _, ...scalars } = row;
      await storage.append(events, scalarsRecord(Date.now() / 1000, step, scalars));
    },
    async savePreview(step, report) {
      const file = storage.join(path, "previews", `step_${String(step).padStart(6, "0")}.png`);
      await writeWhole(storage, file, await draw(report, step), { force: true });
    },
    saveModel: (info, onnx) => saveModel(storage, storage.join(path, "model"), info, onnx),
  };
}

/** Two sessions of a training may begin within the same second. TensorBoard reads the files in the order of their names. */
async function newEventFile(storage: Storage, path: string): Promise<string> {
  const seconds = Math.floor(Date.now() / 1000);
  for (let session = 0; ; session++) {
    const file = storage.join(path, `events.out.tfevents.${seconds}.parfocal.${session}`);
    if ((await storage.kindOf(file)) === undefined) return file;
  }
}

function cell(value: number | undefined): string {
  return value === undefined ? "" : String(Number.isInteger(value) ? value : Number(value.toPrecision(6)));
}

/** The lines of metrics.csv of a run as numbers. */
export async function readMetrics(storage: Storage, path: string): Promise<MetricsRow[]> {
  const [names = []] = await metricsCells(storage, path);
  const lines = await metricsLines(storage, path, Number.POSITIVE_INFINITY);
  return lines.map((cells) => Object.fromEntries(cells.map((text, i) => [names[i], Number(text)])));
}

/** Lines up to a step, split into cells. */
async function metricsLines(storage: Storage, path: string, upToStep: number): Promise<string[][]> {
  const [names = [], ...lines] = await metricsCells(storage, path);
  const step = names.indexOf("step");
  // A crash may have truncated the last line, whose step could then be read as an earlier one.
  return lines.filter((cells) => cells.length === names.length && Number(cells[step]) <= upToStep);
}

async function metricsCells(storage: Storage, path: string): Promise<string[][]> {
  const text = (await readTextIfThere(storage, storage.join(path, "metrics.csv"))) ?? "";
  return text.split("\n").map((line) => line.split(","));
}
