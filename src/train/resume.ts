/** Resumes training from a checkpoint, which requires the same configuration, data and network. */
import { ParfocalError } from "../errors.ts";
import type { Tensors } from "../run/runtime.ts";
import type { Warning } from "../warning.ts";
import { changedData, type TrainedData } from "./data/trained-data.ts";
import { comparable, type Progress, readBest, readTrainingCheckpoint } from "./training-checkpoint.ts";
import type { MethodConfig } from "./training-method.ts";
import type { TrainingStore } from "./training-store.ts";

/** "num_steps was 400, now 120" for every key that differs. */
function differences(saved: Record<string, unknown>, now: Record<string, unknown>): string[] {
  const text = (value: unknown): string => (value === undefined ? "not given" : JSON.stringify(value));
  const keys = new Set([...Object.keys(saved), ...Object.keys(now)]);
  return [...keys].flatMap((key) => {
    const [before, after] = [text(saved[key]), text(now[key])];
    return before === after ? [] : [`${key} was ${before}, now ${after}`];
  });
}

/**
 * Reads the last checkpoint of the store, and checks that training can resume from it and that the best checkpoint
 * exists.
 * @param expected the current training data, and states with the expected shapes
 * @param onWarning called for a checkpoint that cannot be verified
 * @throws training.failed when there is none, or it belongs to another configuration, other data or another network;
 *   file.corrupt
 */
export async function readProgress(
  store: TrainingStore,
  config: MethodConfig,
  expected: { data: TrainedData; state: Tensors; model: Tensors },
  onWarning?: (warning: Warning) => void,
): Promise<Progress & { tensors: Tensors }> {
  const failed = (detail: string): never => {
    throw new ParfocalError("training.failed", `Cannot resume ${store.path}: ${detail}.`, { detail, run: store.path });
  };
  const bytes = await store.readCheckpoint("last");
  if (!bytes) return failed("it has no checkpoint yet; start without `resume`");
  const { tensors, metadata, checked, progress } = readTrainingCheckpoint(bytes, `${store.path}/checkpoints/last`);
  const { step, num_steps: steps, best, sums, stale, seconds, config: saved, data } = progress;
  if (metadata.config !== comparable(config)) {
    const changed = differences(saved, JSON.parse(comparable(config))).join("; ");
    return failed(`its configuration is different (${changed}); use the same configuration, or start a new run`);
  }
  if (data === undefined || !checked) {
    onWarning?.({
      code: "old_checkpoint",
      text: `The checkpoint of ${store.path} was written by an older version of Parfocal. It cannot be verified that it is undamaged and that it was trained on these data.`,
    });
  }
  const changed = data === undefined ? [] : changedData(data, expected.data);
  if (changed.length > 0) {
    return failed(`it was trained on other data (${changed.join("; ")}); use the same data, or start a new run`);
  }
  const misfit = misfitOf(tensors, expected.state);
  if (misfit !== undefined) return failed(`its checkpoint belongs to another network: ${misfit}; start a new run`);
  if (Number.isFinite(best)) await checkBest(store, expected.model, failed);
  return { step, steps, best, sums, stale, secondsBefore: seconds, tensors };
}

/**
 * The best checkpoint is needed only at the end, but is checked now, so that an error does not appear after all
 * remaining steps.
 */
async function checkBest(store: TrainingStore, model: Tensors, failed: (detail: string) => never): Promise<void> {
  const { tensors } = await readBest(store, (detail) => failed(`${detail}; start a new run`));
  const misfit = misfitOf(tensors, model);
  if (misfit !== undefined) failed(`its best checkpoint belongs to another network: ${misfit}; start a new run`);
}

/** The first difference between names and shapes, in words; undefined where they are the same. */
function misfitOf(tensors: Tensors, expected: Tensors): string | undefined {
  for (const name of new Set([...Object.keys(expected), ...Object.keys(tensors)])) {
    const [found, wanted] = [tensors, expected].map((all) =>
      Object.hasOwn(all, name) ? `[${all[name].shape}]` : "absent",
    );
    if (found !== wanted) return `${name} is ${found} in the checkpoint and ${wanted} in the network`;
  }
  return undefined;
}
