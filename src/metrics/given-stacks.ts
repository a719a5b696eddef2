/** The planes that an output was made of, and how far each lies from every plane of the ground truth. */

import { ParfocalError } from "../errors.ts";
import { planeOf, type Stack } from "../image/image.ts";
import { requirePairable } from "../image/pairable.ts";

/** One input of an output. */
export interface GivenStack {
  /** One plane, which stands beside every plane of the ground truth, or as many planes as that has. */
  stack: Stack;
  /** z(plane of the ground truth) - z(input), um, one for each plane of the ground truth; absent where not known. */
  distances?: readonly number[] | undefined;
}

export interface GivenOptions {
  /** Planes of the one input stack that the output was made of, from 0. */
  inputPlanes?: readonly number[] | undefined;
  /** Of each plane of the output and the ground truth from the first of those planes, um. */
  distances?: readonly number[] | undefined;
}

/**
 * Without `inputPlanes` every stack is one input, whose place is not known. With them the one stack has all of them: its z step places them, and
 * the planes of the ground truth are placed by `distances`, or are those of the stack where there are as many.
 * @throws usage for planes that are not there, several stacks, distances that are not as many as the ground truth's planes, or distances
 * without planes; calibration.missing for distances without a z step
 */
export function givenStacks(inputs: readonly Stack[], truth: Stack, options: GivenOptions = {}): GivenStack[] {
  const { inputPlanes, distances } = options;
  if (inputPlanes === undefined) {
    if (distances !== undefined && inputs.length > 0) {
      throw wrong("distances", distances, "`distances` are counted from the first of `input_planes`; give those too");
    }
    return inputs.map((stack) => ({ stack }));
  }
  if (inputs.length !== 1) {
    throw wrong(
      "input_planes",
      inputPlanes,
      `\`input_planes\` are those of one \`input\`, and ${inputs.length} were given`,
    );
  }
  const [stack] = inputs;
  const missing = inputPlanes.find((z) => !Number.isInteger(z) || z < 0 || z >= stack.depth);
  if (missing !== undefined || inputPlanes.length === 0) {
    throw wrong(
      "input_planes",
      inputPlanes,
      `the input has planes 0 to ${stack.depth - 1}; got ${inputPlanes.join(",")}`,
    );
  }
  if (distances !== undefined && distances.length !== truth.depth) {
    throw wrong(
      "distances",
      distances,
      `the ground truth has ${truth.depth} planes and ${distances.length} distances were given`,
    );
  }
  const step = stack.zStep;
  if (distances !== undefined && step === undefined) {
    const message = "Evaluate: the input has no z step, which places its planes; give `z_step <your z step>` (um).";
    throw new ParfocalError("calibration.missing", message, { what: "z step", option: "z_step" });
  }
  // As many planes are taken to be the same ones, unless the user says where they are.
  if (distances === undefined && stack.depth === truth.depth)
    requirePairable(["the input", stack], ["the truth", truth]);
  const [first] = inputPlanes;
  return inputPlanes.map((z) => {
    const plane: Stack = { ...stack, data: planeOf(stack, z).data, depth: 1 };
    if (distances) return { stack: plane, distances: distances.map((um) => um - (z - first) * (step ?? 1)) };
    if (stack.depth !== truth.depth) return { stack: plane };
    return { stack: plane, distances: Array.from({ length: truth.depth }, (_, t) => (t - z) * (step ?? 1)) };
  });
}

function wrong(option: string, got: unknown, sentence: string): ParfocalError {
  return new ParfocalError("usage", `Evaluate: ${sentence}.`, { option, got });
}
