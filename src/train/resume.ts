/** Going on from a checkpoint: with the same configuration, data and network, or not at all. */
import { ParfocalError } from "../errors.ts";
import type { Tensors } from "../run/runtime.ts";
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
 * The store's last checkpoint, and what it needs to go on: the best one, where there was a validation.
 * @param wanted what the training learns from now, and a state of its shapes
 * @param onWarning told of a checkpoint that cannot be checked
 * @throws training.failed when there is none, or it is of another configuration, other data or another network; file.corrupt
 */
export async function readProgress(
  store: TrainingStore,
  config: MethodConfig,
  wanted: { data: TrainedData; state: Tensors; model: Tensors },
  onWarning?: (sentence: string) => void,
): Promise<Progress & { tensors: Tensors }> {
  const failed = (detail: string): never => {
    throw new ParfocalError("training.failed", `Cannot resume ${store.path}: ${detail}.`, { detail, run: store.path });
  };
  const bytes = await store.readCheckpoint("last");
  if (!bytes) return failed("there is no checkpoint yet; start without `resume`");
  const { tensors, metadata, checked, progress } = readTrainingCheckpoint(bytes, `${store.path}/checkpoints/last`);
  const { step, num_steps: steps, best, sums, stale, seconds, config: saved, data } = progress;
  if (metadata.config !== comparable(config)) {
    const changed = differences(saved, JSON.parse(comparable(config))).join("; ");
    return failed(`its configuration is another one (${changed}); give the same, or start a new run`);
  }
  if (data === undefined || !checked) {
    onWarning?.(
      `The checkpoint of ${store.path} is of an older version of Parfocal: that it is undamaged, and that it was trained on these data, cannot be checked.`,
    );
  }
  const changed = data === undefined ? [] : changedData(data, wanted.data);
  if (changed.length > 0) {
    return failed(`it was trained on other data (${changed.join("; ")}); give the same, or start a new run`);
  }
  const misfit = misfitOf(tensors, wanted.state);
  if (misfit !== undefined) return failed(`its checkpoint is of another network: ${misfit}; start a new run`);
  if (Number.isFinite(best)) await checkBest(store, wanted.model, failed);
  return { step, steps, best, sums, stale, secondsBefore: seconds, tensors };
}

/** What is missed only when all remaining steps are taken is looked for before them. */
async function checkBest(store: TrainingStore, model: Tensors, failed: (detail: string) => never): Promise<void> {
  const { tensors } = await readBest(store, (detail) => failed(`${detail}; start a new run`));
  const misfit = misfitOf(tensors, model);
  if (misfit !== undefined) failed(`its best checkpoint is of another network: ${misfit}; start a new run`);
}

/** What does not fit, in words; undefined where names and shapes are the same. */
function misfitOf(tensors: Tensors, wanted: Tensors): string | undefined {
  for (const name of new Set([...Object.keys(wanted), ...Object.keys(tensors)])) {
    const [got, expected] = [tensors, wanted].map((all) =>
      Object.hasOwn(all, name) ? `[${all[name].shape}]` : "absent",
    );
    if (got !== expected) return `${name} is ${got}, and ${expected} in the network`;
  }
  return undefined;
}
