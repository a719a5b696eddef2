import { contactSheet } from "../../figures/contact-sheet.ts";
import type { OutputContext } from "../../figures/output-context.ts";
import type { NamedStack } from "../../image/named-stack.ts";
import { withOutputs } from "../../image/storage.ts";
import { loadModel } from "../../models/model-folder.ts";
import { modelFor } from "../../models/model-info.ts";
import type { Runtime } from "../../run/runtime.ts";
import type { TrainingProgress } from "../../train/train.ts";
import { type TrainRunResult, trainRun } from "../../train/train-run.ts";
import type { Warning } from "../../warning.ts";
import { simulateFields, splitRealStack } from "./demo-data.ts";
import { reportPage, verdictOf } from "./demo-report.ts";
import { type DistanceResult, refocusUnseen } from "./refocus-unseen.ts";

export interface DemoOptions {
  /** Folder for all files of the demo. */
  output: string;
  /** A recorded stack with its name, instead of simulated beads. */
  data?: NamedStack | undefined;
  /** Training time in minutes; default 3.5. */
  maxMinutes?: number | undefined;
  /** Keys of the training configuration. */
  config?: Record<string, unknown> | undefined;
  seed?: number | undefined;
  force?: boolean | undefined;
  runtime: Runtime;
  signal?: AbortSignal | undefined;
  onStage?: ((sentence: string) => void) | undefined;
  onProgress?: ((progress: TrainingProgress) => void) | undefined;
  onWarning?: ((warning: Warning) => void) | undefined;
}

export interface DemoResult {
  report: string;
  sheet: string;
  training: TrainRunResult;
  /** Mean scores on the field that was kept apart, for each distance. */
  distances: DistanceResult[];
  /** Single outputs whose PSNR is not higher than that of the best recorded baseline. */
  worse: { distance: number; plane: number }[];
  /**
   * Whether the outputs are better than the baseline, where they are not, and whether they are sharper or only
   * smoother.
   */
  sentence: string;
}

/**
 * The whole workflow: simulates stacks (or splits a recorded one), trains a model on them, refocuses a field that was
 * kept apart, and writes images, a contact sheet and an HTML page with the result.
 *
 * @throws output.exists if the folder already has a demo (unless forced); what training and refocusing throw
 */
export async function demo(context: OutputContext, options: DemoOptions): Promise<DemoResult> {
  const { output, runtime, signal, onStage } = options;
  const { storage, drawPng } = context;
  const report = storage.join(output, "index.html");
  await storage.checkOutput(report, options.force);
  await storage.makeFolder(output);
  onStage?.(options.data ? `Splitting ${options.data.name}` : "Simulating bead stacks");
  const data = options.data ? splitRealStack(options.data) : await simulateFields(options.seed ?? 0, signal);
  const config = {
    experiment_name: "demo",
    seed: options.seed ?? 0,
    num_steps: 20_000,
    max_minutes: options.maxMinutes ?? 3.5,
    ...data.config,
    ...options.config,
  };
  onStage?.(`Training on ${data.what}`);
  const { onProgress, onWarning } = options;
  const training = await trainRun(context, data.training, {
    config,
    root: storage.join(output, "runs"),
    runtime,
    signal,
    onProgress,
    onWarning,
  });
  onStage?.("Refocusing a field that was not used for training");
  const model = modelFor(await loadModel(storage, training.model), "refocus");
  const judged = await refocusUnseen(storage, model, data, options);
  const sheet = storage.join(output, "sheet.png");
  const drawn = contactSheet(judged.rows, {
    title: "A field that was not used for training",
    ...(data.unseen.pixelSize ? { pixelSize: data.unseen.pixelSize.x } : {}),
  });
  const page = await reportPage(storage, data, training, judged, drawn);
  await withOutputs(storage, { force: true }, async (set) => {
    await set.write(sheet, await drawPng(drawn));
    await set.write(report, page);
  });
  return { report, sheet, training, distances: judged.distances, worse: judged.worse, sentence: verdictOf(judged) };
}
