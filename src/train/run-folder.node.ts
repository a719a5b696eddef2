import { appendFile, mkdir, readdir } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { ParfocalError } from "../errors.ts";
import { svgPng } from "../figures/svg-png.node.ts";
import { writeFileAtomic } from "../image/atomic-file.node.ts";
import { readRegularFile } from "../image/regular-file.node.ts";
import { saveModel } from "../models/model-folder.node.ts";
import { readYaml } from "../read-yaml.ts";
import { type ConfigInput, resolveConfig } from "./config.ts";
import type { ValidationReport } from "./learner.ts";
import { scalarsRecord, versionRecord } from "./tensorboard.ts";
import type { MethodConfig } from "./training-method.ts";
import type { MetricsRow, TrainingStore } from "./training-store.ts";

/** Draws a preview of a validation as SVG text. */
export type DrawPreview = (report: ValidationReport, step: number) => Promise<string>;

/**
 * The folder of a run: `<root>/<experiment_name>/version_<n>/` with config.yaml, samples.yaml, metrics.csv, a
 * TensorBoard event file, checkpoints/{last,best}.safetensors, previews/*.png and model/.
 * @throws output.failed
 */
export async function createRunFolder(root: string, config: MethodConfig): Promise<string> {
  const experiment = join(root, config.experiment_name);
  const path = await written(
    experiment,
    mkdir(experiment, { recursive: true }).then(() => createVersion(experiment)),
  );
  for (const folder of ["checkpoints", "previews"]) await written(path, mkdir(join(path, folder)));
  const text = stringify(config);
  parseRunConfig(text, join(path, "config.yaml"));
  await writeFileAtomic(join(path, "config.yaml"), text);
  return path;
}

/** Converts an error of the operating system into output.failed. */
async function written<T>(path: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw new ParfocalError("output.failed", `${path} could not be written: ${detail}.`, { path, detail }, { cause });
  }
}

/** Creates a folder with the next free number; two trainings that start at the same time get different folders. */
async function createVersion(experiment: string): Promise<string> {
  for (;;) {
    const path = join(experiment, `version_${((await versions(experiment)).at(-1) ?? -1) + 1}`);
    try {
      await mkdir(path);
      return path;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
  }
}

/**
 * The newest run of an experiment that has a checkpoint to resume from.
 * @param onSkipped called for each newer run, which has no checkpoint
 * @throws training.failed when there is none
 */
export async function newestRun(
  root: string,
  experimentName: string,
  onSkipped?: (run: string) => void,
): Promise<string> {
  const experiment = join(root, experimentName);
  const skipped: string[] = [];
  for (const path of (await runsOf(root, experimentName)).reverse()) {
    const files = await readdir(join(path, "checkpoints")).catch((): string[] => []);
    if (files.includes(fileOf("last"))) {
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
export async function readRunConfig(path: string): Promise<MethodConfig> {
  const file = join(path, "config.yaml");
  const text = await readRegularFile(file, "utf8").catch((cause: unknown) => {
    if (cause instanceof ParfocalError) throw cause;
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
export async function runsOf(root: string, experimentName: string): Promise<string[]> {
  const experiment = join(root, experimentName);
  return (await versions(experiment)).map((version) => join(experiment, `version_${version}`));
}

async function versions(experiment: string): Promise<number[]> {
  const names = await readdir(experiment).catch((): string[] => []);
  const numbers = names.flatMap((name) => /^version_(\d+)$/.exec(name)?.[1] ?? []).map(Number);
  return numbers.sort((a, b) => a - b);
}

const fileOf = (kind: "last" | "best"): string => `${kind}.safetensors`;

/** Opens the folder of a run for training. */
export async function openRunFolder(path: string, draw: DrawPreview): Promise<TrainingStore> {
  const metrics = join(path, "metrics.csv");
  const events = join(path, `events.out.tfevents.${Math.floor(Date.now() / 1000)}.${hostname()}.${process.pid}`);
  let columns: readonly string[] = [];
  return {
    path,
    async beginMetrics(names, resumedAt) {
      columns = names;
      // Lines after the checkpoint are removed, since they will be written again.
      const kept = resumedAt === undefined ? [] : await metricsLines(path, resumedAt);
      await writeFileAtomic(metrics, `${[columns, ...kept].map((cells) => cells.join(",")).join("\n")}\n`, {
        force: true,
      });
      await written(events, appendFile(events, versionRecord(Date.now() / 1000)));
    },
    saveCheckpoint: (kind, bytes) => writeFileAtomic(join(path, "checkpoints", fileOf(kind)), bytes, { force: true }),
    async readCheckpoint(kind) {
      const file = join(path, "checkpoints", fileOf(kind));
      return readRegularFile(file).catch((cause: NodeJS.ErrnoException) => {
        if (cause.code === "ENOENT") return undefined;
        throw new ParfocalError("file.missing", `${file} cannot be read: ${cause.message}.`, { path: file }, { cause });
      });
    },
    async saveMetrics(row) {
      await written(metrics, appendFile(metrics, `${columns.map((column) => cell(row[column])).join(",")}\n`));
      const { step, epoch: _, ...scalars } = row;
      await written(events, appendFile(events, scalarsRecord(Date.now() / 1000, step, scalars)));
    },
    async savePreview(step, report) {
      const file = join(path, "previews", `step_${String(step).padStart(6, "0")}.png`);
      await writeFileAtomic(file, await svgPng(await draw(report, step)), { force: true });
    },
    saveModel: (info, onnx) => saveModel(join(path, "model"), info, onnx),
  };
}

function cell(value: number | undefined): string {
  return value === undefined ? "" : String(Number.isInteger(value) ? value : Number(value.toPrecision(6)));
}

/** The lines of metrics.csv of a run as numbers. */
export async function readMetrics(path: string): Promise<MetricsRow[]> {
  const [names = []] = await metricsCells(path);
  const lines = await metricsLines(path, Number.POSITIVE_INFINITY);
  return lines.map((cells) => Object.fromEntries(cells.map((text, i) => [names[i], Number(text)])));
}

/** Lines up to a step, split into cells. */
async function metricsLines(path: string, upToStep: number): Promise<string[][]> {
  const [names = [], ...lines] = await metricsCells(path);
  const step = names.indexOf("step");
  // A crash may have truncated the last line, whose step could then be read as an earlier one.
  return lines.filter((cells) => cells.length === names.length && Number(cells[step]) <= upToStep);
}

async function metricsCells(path: string): Promise<string[][]> {
  const text = await readRegularFile(join(path, "metrics.csv"), "utf8").catch(() => "");
  return text.split("\n").map((line) => line.split(","));
}
