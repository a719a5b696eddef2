/** The state that a training begins with, and what of it becomes the model. */
import { Random } from "../array/random.ts";
import { ParfocalError, throwIfAborted } from "../errors.ts";
import { initialWeights } from "../models/networks/parameters.ts";
import type { Runtime, Session, Tensors } from "../run/runtime.ts";
import { initialMoments } from "./adam.ts";
import type { Learner } from "./learner.ts";
import { emaOf } from "./optimise.ts";

/**
 * Sets the buffers of a new training to those of the learner's choices that the validator likes best.
 * @param session of the training, in its first state
 */
export async function chooseBuffers(
  learner: Learner,
  runtime: Runtime,
  session: Session,
  signal?: AbortSignal,
): Promise<void> {
  const choices = (await learner.fitBuffers?.(runtime, signal)) ?? [];
  let best: { loss: number; choice: Tensors } | undefined;
  for (const choice of choices.toReversed()) {
    throwIfAborted(signal);
    await session.writeState(choice);
    const { loss } = await learner.validator.run(session);
    if (best === undefined || loss < best.loss) best = { loss, choice };
  }
  if (best) await session.writeState(best.choice);
}

/**
 * Fresh weights, or those of another model of the same network, with Adam's moments, moving averages where a step keeps
 * them, and buffers.
 * @throws model.unfit when the weights given are of another network
 */
export function initialState(
  learner: Pick<Learner, "specs" | "buffers" | "steps">,
  seed: number,
  given?: Tensors,
): Tensors {
  const { specs, buffers = {}, steps } = learner;
  const fresh = initialWeights(specs, new Random(seed).fork(0));
  const weights = given ? fineTuned(fresh, given) : fresh;
  const state = { ...weights, ...initialMoments(weights), ...(given ? fineTuned(buffers, given) : buffers) };
  const read = new Set(steps.flatMap(({ graph }) => graph.inputs.map((input) => input.name)));
  for (const [name, weight] of Object.entries(weights)) {
    if (read.has(emaOf(name))) state[emaOf(name)] = { ...weight, data: weight.data.slice() };
  }
  return state;
}

const isOpponent = (name: string): boolean => name.startsWith("discriminator/");

/**
 * The model's own tensors of a state, by the names of its parameters: moving averages take the place of the weights.
 */
export function modelTensors(state: Tensors, { specs, buffers = {} }: Pick<Learner, "specs" | "buffers">): Tensors {
  const names = [...specs.keys(), ...Object.keys(buffers)].filter((name) => !isOpponent(name));
  return Object.fromEntries(names.map((name) => [name, state[emaOf(name)] ?? state[name]]));
}

/** A model's tensors as a state for graphs that validate it. */
export function validationState(tensors: Tensors): Tensors {
  const averages = Object.entries(tensors).map(([name, tensor]) => [emaOf(name), tensor] as const);
  return { ...tensors, ...Object.fromEntries(averages) };
}

/** A discriminator is not part of a model and starts anew. */
function fineTuned(fresh: Tensors, given: Tensors): Tensors {
  return Object.fromEntries(
    Object.entries(fresh).map(([name, start]) => {
      if (isOpponent(name)) return [name, start];
      const found = given[name];
      if (found?.shape.join() === start.shape.join()) return [name, { ...found, data: found.data.slice() }];
      const has = found ? `[${found.shape}]` : "no such weight";
      const detail = `${name} is [${start.shape}] in the network, and the model has ${has}`;
      const message = `fine_tune: the model is of another network: ${detail}; give the same model, preset and architecture.`;
      throw new ParfocalError("model.unfit", message, { detail });
    }),
  );
}
