/** The specimen that a recipe's `object` names, with its options. */
import { ParfocalError } from "../errors.ts";
import type { Stack } from "../image/image.ts";
import { stackPhantom } from "../optics/phantom/from-stack.ts";
import type { Phantom } from "../optics/phantom/phantom.ts";
import { phantoms } from "../optics/phantom/phantoms.ts";
import type { RecipeObject } from "./recipe.ts";

/** Real z-stacks that recipes name as objects, by the file name that the recipe gives. */
export type StackFiles = Readonly<Record<string, Stack>>;

/** @throws `usage` for a stack that was not handed over; what the stack is unfit for */
export function phantomOf(
  object: RecipeObject,
  stacks: StackFiles,
): { phantom: Phantom; options: Record<string, unknown> } {
  if (!isStackObject(object)) {
    const { kind, ...options } = object;
    return { phantom: phantoms[kind], options };
  }
  const { kind: _, file, channel: __, ...options } = object;
  const stack = Object.hasOwn(stacks, file) ? stacks[file] : undefined;
  if (stack === undefined) {
    const message = `The recipe's object is the stack ${file}, which was not read; give its pixels with the recipe.`;
    throw new ParfocalError("usage", message, { option: "object.file", got: file, expected: "a stack that was read" });
  }
  return { phantom: stackPhantom(stack), options };
}

export function isStackObject(
  object: RecipeObject,
): object is RecipeObject & { kind: "stack"; file: string; channel: number } {
  return object.kind === "stack";
}
