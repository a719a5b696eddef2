/** The initial state of a training, and the part of a state that becomes the model. */
import { Random } from "../array/random.ts";
import { ParfocalError, throwIfAborted } from "../errors.ts";
import { initialWeights } from "../models/networks/parameters.ts";
import type { Runtime, Session, Tensors } from "../run/runtime.ts";
import { initialMoments } from "./adam.ts";
import type { Learner } from "./learner.ts";
import { emaOf } from "./optimise.ts";

/**
 * Sets the buffers of a new training to the candidate of the learner with the lowest validation loss.
 * @param session the session of the training, in its initial state
 */
export async function chooseBuffers(
  learner: Learner,
  runtime: Runtime,
  session: Session,
  signal?: AbortSignal,
): Promise<void> {
  const candidates = (await learner.fitBuffers?.(runtime, signal)) ?? [];
  let best: { loss: number; candidate: Tensors } | undefined;
  for (const candidate of candidates.toReversed()) {
    throwIfAborted(signal);
    await session.writeState(candidate);
    const { loss } = await learner.validator.run(session);
    if (best === undefined || loss < best.loss) best = { loss, candidate };
  }
  if (best) await session.writeState(best.candidate);
}

/**
 * Initial weights, or those of another model with the same network, with Adam's moments, moving averages where a step
 * keeps them, and buffers.
 * @throws model.unfit when the given weights belong to another network
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

const isDiscriminator = (name: string): boolean => name.startsWith("discriminator/");

/**
 * The tensors of a state that belong to the model, by the names of its parameters; moving averages replace the weights.
 */
export function modelTensors(state: Tensors, { specs, buffers = {} }: Pick<Learner, "specs" | "buffers">): Tensors {
  const names = [...specs.keys(), ...Object.keys(buffers)].filter((name) => !isDiscriminator(name));
  return Object.fromEntries(names.map((name) => [name, state[emaOf(name)] ?? state[name]]));
}

/** Turns the tensors of a model into a state for the validation graphs. */
export function validationState(tensors: Tensors): Tensors {
  const averages = Object.entries(tensors).map(([name, tensor]) => [emaOf(name), tensor] as const);
  return { ...tensors, ...Object.fromEntries(averages) };
}

/**
 * The given weights in place of the initial ones. A discriminator is not part of a model and keeps its initial weights.
 */
function fineTuned(fresh: Tensors, given: Tensors): Tensors {
  return Object.fromEntries(
    Object.entries(fresh).map(([name, start]) => {
      if (isDiscriminator(name)) return [name, start];
      const found = given[name];
      if (found?.shape.join() === start.shape.join()) return [name, { ...found, data: found.data.slice() }];
      const has = found ? `[${found.shape}]` : "no such weight";
      const detail = `${name} has shape [${start.shape}] in the network, but ${has} in the model`;
      const message = `fine_tune: the model has another network: ${detail}. Use the same method, preset and architecture.`;
      throw new ParfocalError("model.unfit", message, { detail });
    }),
  );
}
