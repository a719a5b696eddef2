import { ParfocalError } from "../../errors.ts";
import { cropStack } from "../../image/crop.ts";
import type { Stack } from "../../image/image.ts";
import type { NamedStack } from "../../image/named-stack.ts";
import { shippedRecipe } from "../../simulate/shipped-recipes.ts";
import { createSimulator } from "../../simulate/simulator.ts";

/** Training data of the demo, a field that is kept apart, and its ground truth. */
export interface DemoData {
  what: string;
  training: NamedStack[];
  config: Record<string, unknown>;
  unseen: Stack;
  truth: Stack;
  truthIs: string;
}

/**
 * Simulates stacks like those of the review: 14 planes with beads of three kinds at different heights. The last field
 * is not used for training.
 */
export async function simulateFields(seed: number, signal: AbortSignal | undefined): Promise<DemoData> {
  const simulator = createSimulator({ ...shippedRecipe("review-beads"), seed });
  const fields = 8;
  const stacksOf = async (index: number) => (await simulator.field(index, { signal })).images.stack;
  const training: NamedStack[] = [];
  for (let i = 0; i < fields; i++) {
    const { stack } = await stacksOf(i);
    training.push({ name: `beads ${i}`, stack });
  }
  const unseen = await stacksOf(fields);
  return {
    what: `${fields} simulated bead stacks of ${training[0].stack.depth} planes`,
    training,
    config: { val_split: "stack", val_fraction: 1 / fields },
    unseen: unseen.stack,
    truth: unseen.truth,
    truthIs: "the simulated stack without camera noise",
  };
}

/** Splits a recorded stack: the first 60 % of its longer side are used for training, the rest is kept apart. */
export function splitRealStack({ name, stack }: NamedStack): DemoData {
  const byColumns = stack.width >= stack.height;
  const extent = byColumns ? stack.width : stack.height;
  const cut = Math.floor(0.6 * extent);
  const { zStep } = stack;
  if (zStep === undefined) {
    throw new ParfocalError(
      "calibration.missing",
      `${name} has ${stack.depth} planes but no z step. Give \`z_step <your z step>\` (um).`,
      {
        path: name,
        what: "z step",
        option: "z_step",
      },
    );
  }
  const unseen = byColumns
    ? cropStack(stack, [0, stack.height], [cut, stack.width])
    : cropStack(stack, [cut, stack.height], [0, stack.width]);
  return {
    what: `${byColumns ? "columns" : "rows"} 0 to ${cut} of ${name}`,
    training: [{ name, stack }],
    config: { [byColumns ? "train_columns" : "train_rows"]: [0, cut] },
    unseen,
    truth: unseen,
    truthIs: "the recorded planes themselves",
  };
}
