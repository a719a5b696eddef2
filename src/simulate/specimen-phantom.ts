/** The phantom that a recipe's `specimen` names, with its options. */
import { ParfocalError } from "../errors.ts";
import type { Stack } from "../image/image.ts";
import { stackPhantom } from "../optics/phantom/from-stack.ts";
import type { Phantom } from "../optics/phantom/phantom.ts";
import { phantoms } from "../optics/phantom/phantoms.ts";
import type { RecipeSpecimen } from "./recipe.ts";

/** Recorded z-stacks that serve as specimens, by the file name that the recipe gives. */
export type StackFiles = Readonly<Record<string, Stack>>;

/** @throws `usage` for a stack whose pixels were not passed; what {@link stackPhantom} throws */
export function phantomOf(
  specimen: RecipeSpecimen,
  stacks: StackFiles,
): { phantom: Phantom; options: Record<string, unknown> } {
  if (!isStackSpecimen(specimen)) {
    const { kind, ...options } = specimen;
    return { phantom: phantoms[kind], options };
  }
  const { kind: _, file, channel: __, ...options } = specimen;
  const stack = Object.hasOwn(stacks, file) ? stacks[file] : undefined;
  if (stack === undefined) {
    const message = `The recipe's specimen is the stack ${file}, but its pixels were not passed with the recipe; read the stack first.`;
    throw new ParfocalError("usage", message, {
      option: "specimen.file",
      got: file,
      expected: "a stack that was read",
    });
  }
  return { phantom: stackPhantom(stack), options };
}

export function isStackSpecimen(
  specimen: RecipeSpecimen,
): specimen is RecipeSpecimen & { kind: "stack"; file: string; channel: number } {
  return specimen.kind === "stack";
}
