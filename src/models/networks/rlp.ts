/** Two adjacent planes to the next one, again and again. */
import { z } from "zod";
import type { Value } from "../../graph/graph.ts";
import { concat } from "../../graph/operators/movement.ts";
import { commonInfo } from "./common-info.ts";
import { deepZArchitecture, deepZGenerator } from "./deep-z.ts";
import type { Parameters } from "./parameters.ts";

/** What a model of RLP says of itself. Lengths in um. */
export const rlpInfo = z.object({
  ...commonInfo,
  task: z.literal("refocus"),
  method: z.literal("rlp"),
  /** The network is that of Deep-Z; `distance_scale` is not used. */
  architecture: deepZArchitecture,
  /** Where the two input planes lie, relative to the first of them: 0 and one step. */
  input_offsets: z.tuple([z.literal(0), z.number().positive()]),
  /** Refocusing distances that were validated: z(target) - z(first input plane). */
  distance_range: z.tuple([z.number(), z.number()]),
  z_step: z.number().positive(),
});

export type RlpInfo = z.infer<typeof rlpInfo>;

/**
 * One step of recursive light propagation, after RLP-Net (its idea: how an image changes from one plane to the next
 * tells how it changes to the one after): of two planes a step apart the network makes the third in the row. Its output
 * and the nearer plane are the input of the next step, so that it travels as far as one likes, to either side.
 *
 * The network is a U-Net as that of Deep-Z, with the way of travel in place of the distance.
 *
 * @param planes `[n, 2, h, w]`, normalised: the nearer plane, from which the step goes on, then the one behind it
 * @param direction `[n, 1, h, w]`: 1 where z rises, -1 where it falls, since an aberrated objective blurs otherwise on
 *   either side
 * @returns `[n, 1, h, w]`, the plane one step before the nearer one
 */
export function rlpStep(
  planes: Value,
  direction: Value,
  architecture: RlpInfo["architecture"],
  parameters: Parameters,
  form: "training" | "portable",
): Value {
  return deepZGenerator(concat([planes, direction], 1), architecture, parameters, form);
}
