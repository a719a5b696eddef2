/** The same stack given more than once: the same file, a link to it, or its pixels under another name. */
import { ParfocalError } from "../../errors.ts";
import type { Stack } from "../../image/image.ts";
import type { NamedStack } from "../../image/named-stack.ts";
import type { CommonConfig } from "../common-config.ts";

/**
 * Leaves out what is given more than once, so that nothing that is trained on validates.
 * @returns the samples that are left, in their order, and a sentence for each that is left out
 * @throws usage where whole stacks validate and a stack has several targets: it would be trained on with one and validate with another
 */
export function withoutRepeated(
  samples: readonly NamedStack[],
  { val_split }: Pick<CommonConfig, "val_split">,
): { samples: NamedStack[]; warnings: string[] } {
  const warnings: string[] = [];
  const kept: NamedStack[] = [];
  for (const sample of samples) {
    const same = kept.find(({ stack }) => isSameStack(stack, sample.stack));
    if (same === undefined) {
      kept.push(sample);
      continue;
    }
    if (isSameTarget(same.target, sample.target)) {
      warnings.push(
        `${sample.name} has the same pixels as ${same.name === sample.name ? "another stack of that name" : same.name}: it is left out, since it would be trained on and validate as well.`,
      );
      continue;
    }
    if (val_split === "stack") {
      const message = `${same.name} and ${sample.name} have the same pixels and different targets; with \`val_split stack\` one could be trained on and the other validate. Give each stack once, or \`val_split region\`.`;
      throw new ParfocalError("usage", message, { option: "val_split", got: val_split, expected: "region" });
    }
    kept.push(sample);
  }
  return { samples: kept, warnings };
}

/** Whether two stacks are of one size and equal in every pixel. */
export function isSameStack(a: Stack, b: Stack): boolean {
  if (a.depth !== b.depth || a.height !== b.height || a.width !== b.width) return false;
  return a.data === b.data || a.data.every((value, i) => value === b.data[i]);
}

const isSameTarget = (a: Stack | undefined, b: Stack | undefined): boolean =>
  a === undefined || b === undefined ? a === b : isSameStack(a, b);
