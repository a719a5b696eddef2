/** Finds stacks that are given more than once: the same file, a link to it, or the same pixels under another name. */
import { ParfocalError } from "../../errors.ts";
import type { Stack } from "../../image/image.ts";
import type { NamedStack } from "../../image/named-stack.ts";
import type { Warning } from "../../warning.ts";
import type { CommonConfig } from "../common-config.ts";

/**
 * Leaves out stacks that are given more than once, so that no data are used both for training and for validation.
 * @returns the remaining samples, in their order, and a warning for each that is left out
 * @throws usage where whole stacks are held out for validation and a stack has several targets, since it could be used
 *   for training with one target and for validation with another
 */
export function withoutRepeated(
  samples: readonly NamedStack[],
  { val_split }: Pick<CommonConfig, "val_split">,
): { samples: NamedStack[]; warnings: Warning[] } {
  const warnings: Warning[] = [];
  const kept: NamedStack[] = [];
  for (const sample of samples) {
    const same = kept.find(({ stack }) => isSameStack(stack, sample.stack));
    if (same === undefined) {
      kept.push(sample);
      continue;
    }
    if (isSameTarget(same.target, sample.target)) {
      warnings.push({
        code: "repeated_stack",
        text: `${sample.name} has the same pixels as ${same.name === sample.name ? "another stack of that name" : same.name}: it is left out, since it could be used both for training and for validation.`,
      });
      continue;
    }
    if (val_split === "stack") {
      const message = `${same.name} and ${sample.name} have the same pixels and different targets. With \`val_split stack\` one could be used for training and the other for validation. Give each stack once, or use \`val_split region\`.`;
      throw new ParfocalError("usage", message, { option: "val_split", got: val_split, expected: "region" });
    }
    kept.push(sample);
  }
  return { samples: kept, warnings };
}

/** Whether two stacks have the same size and the same pixels. */
export function isSameStack(a: Stack, b: Stack): boolean {
  if (a.depth !== b.depth || a.height !== b.height || a.width !== b.width) return false;
  return a.data === b.data || a.data.every((value, i) => value === b.data[i]);
}

const isSameTarget = (a: Stack | undefined, b: Stack | undefined): boolean =>
  a === undefined || b === undefined ? a === b : isSameStack(a, b);
