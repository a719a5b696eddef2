/** One training step of a learner: runs its graphs on one batch and returns their losses. */
import type { Tensor } from "../graph/graph.ts";
import { nextOf, type Session, type Tensors } from "../run/runtime.ts";
import { adamScalars, learningRateAt } from "./adam.ts";
import type { CommonConfig } from "./common-config.ts";
import type { Learner, TrainingStep } from "./learner.ts";
import type { LossSums } from "./training-checkpoint.ts";

/** The column of metrics.csv for an output of a step. */
function columnOf(steps: readonly TrainingStep[], step: TrainingStep, output: string): string {
  if (output !== "loss") return output;
  return step === steps[0] ? "train_loss" : `${step.name}_loss`;
}

const scalarsOf = ({ graph }: TrainingStep): string[] =>
  [...graph.outputs.keys()].filter((name) => !name.startsWith(nextOf("")));

/** The columns of metrics.csv: those of every training, and those of the steps and of the validation. */
export function metricsColumns({ steps, validator }: Pick<Learner, "steps" | "validator">): string[] {
  const scores = validator.metrics.map((name) => `val_${name}`);
  const losses = steps.flatMap((step) => scalarsOf(step).map((name) => columnOf(steps, step, name)));
  const others = losses.filter((name) => name !== "train_loss");
  return ["epoch", "step", "train_loss", "val_loss", "lr", ...scores, "seconds", ...others];
}

/**
 * Runs the graphs of training step t (1, 2, ...) of `total`, one after another.
 * @returns the scalar outputs, by column
 */
export async function runSteps(
  session: Session,
  { steps }: Pick<Learner, "steps">,
  batch: Tensors,
  config: Pick<CommonConfig, "schedule" | "warmup_steps">,
  t: number,
  total: number,
): Promise<Record<string, number>> {
  const losses: Record<string, number> = {};
  for (const step of steps) {
    const { name, graph, adam, every = 1, learningRate } = step;
    if (t % every !== 0) continue;
    const rate = learningRateAt(t, learningRate, config.warmup_steps, total, config.schedule);
    const scalars = adamScalars(rate, t / every, adam);
    const fed = { ...batch, rate: scalar(scalars.rate), correction: scalar(scalars.correction) };
    const names = graph.inputs.filter((input) => Object.hasOwn(fed, input.name)).map((input) => input.name);
    const inputs: Tensors = Object.fromEntries(names.map((key) => [key, (fed as Tensors)[key]]));
    const outputs = await session.run(name, inputs);
    for (const output of scalarsOf(step)) losses[columnOf(steps, step, output)] = outputs[output].data[0];
  }
  return losses;
}

const scalar = (value: number): Tensor => ({ type: "float32", shape: [], data: Float32Array.of(value) });

/** Adds the losses of one step to the sums. */
export function addLosses(sums: LossSums, losses: Record<string, number>): LossSums {
  const added = { ...sums };
  for (const [name, loss] of Object.entries(losses)) {
    const { sum, count } = added[name] ?? { sum: 0, count: 0 };
    added[name] = { sum: sum + loss, count: count + 1 };
  }
  return added;
}
