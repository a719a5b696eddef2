/** The input planes of an output, and their distances to every plane of the ground truth. */

import { ParfocalError } from "../errors.ts";
import { planeOf, type Stack } from "../image/image.ts";
import { requirePairable } from "../image/pairable.ts";

/** One input of an output. */
export interface GivenStack {
  /** One plane, which is compared with every plane of the ground truth, or as many planes as the ground truth has. */
  stack: Stack;
  /** z(plane of the ground truth) - z(input), um, one for each plane of the ground truth; absent where unknown. */
  distances?: readonly number[] | undefined;
}

export interface GivenOptions {
  /** Planes of the single input stack from which the output was made, counted from 0. */
  inputPlanes?: readonly number[] | undefined;
  /** Distance of each plane of output and ground truth from the first of those input planes, um. */
  distances?: readonly number[] | undefined;
}

/**
 * Lists the inputs of an output. Without `inputPlanes` every stack is one input at an unknown height. With
 * `inputPlanes` a single stack has all of them: its z step gives their heights, and the planes of the ground truth are
 * placed by `distances`, or are those of the stack if both have the same number.
 * @throws usage for planes that do not exist, several stacks, another number of distances than planes of the ground
 * truth, or distances without planes; calibration.missing for distances without a z step
 */
export function givenStacks(inputs: readonly Stack[], truth: Stack, options: GivenOptions = {}): GivenStack[] {
  const { inputPlanes, distances } = options;
  if (inputPlanes === undefined) {
    if (distances !== undefined && inputs.length > 0) {
      throw wrong(
        "distances",
        distances,
        "`distances` are measured from the first of `input_planes`, so give those too",
      );
    }
    return inputs.map((stack) => ({ stack }));
  }
  if (inputs.length !== 1) {
    throw wrong(
      "input_planes",
      inputPlanes,
      `\`input_planes\` belong to a single \`input\`, but ${inputs.length} were given`,
    );
  }
  const [stack] = inputs;
  const missing = inputPlanes.find((z) => !Number.isInteger(z) || z < 0 || z >= stack.depth);
  if (missing !== undefined || inputPlanes.length === 0) {
    throw wrong(
      "input_planes",
      inputPlanes,
      `the input has planes 0 to ${stack.depth - 1}, but \`input_planes\` are ${inputPlanes.join(",")}`,
    );
  }
  if (distances !== undefined && distances.length !== truth.depth) {
    throw wrong(
      "distances",
      distances,
      `the ground truth has ${truth.depth} planes, but ${distances.length} distances were given`,
    );
  }
  const step = stack.zStep;
  if (distances !== undefined && step === undefined) {
    const message =
      "Evaluate: the input has no z step, so the heights of its planes are unknown. Give `z_step <your z step>` (um).";
    throw new ParfocalError("calibration.missing", message, { what: "z step", option: "z_step" });
  }
  // Stacks with the same number of planes are assumed to have the same heights, unless the user gives distances.
  if (distances === undefined && stack.depth === truth.depth)
    requirePairable(["the input", stack], ["the ground truth", truth]);
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
