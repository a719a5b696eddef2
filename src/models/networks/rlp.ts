/** RLP: computes the next plane from two adjacent ones, repeatedly. */
import { z } from "zod";
import type { Value } from "../../graph/graph.ts";
import { concat } from "../../graph/operators/movement.ts";
import { commonInfo } from "./common-info.ts";
import { deepZArchitecture, deepZGenerator } from "./deep-z.ts";
import type { Parameters } from "./parameters.ts";

/** The description of a model of RLP. Lengths in um. */
export const rlpInfo = z.object({
  ...commonInfo,
  task: z.literal("refocus"),
  method: z.literal("rlp"),
  /** The network is that of Deep-Z; `distance_scale` is not used. */
  architecture: deepZArchitecture,
  /** Positions of the two input planes, relative to the first of them: 0 and one step. */
  input_offsets: z.tuple([z.literal(0), z.number().positive()]),
  /** Range of refocusing distances that was validated: z(target) - z(first input plane). */
  distance_range: z.tuple([z.number(), z.number()]),
  z_step: z.number().positive(),
});

export type RlpInfo = z.infer<typeof rlpInfo>;

/**
 * One step of recursive light propagation, after RLP-Net, whose idea is that the change from one plane to the next
 * predicts the change to the one after. From two planes one step apart the network computes the third. Its output and
 * the nearer plane are the input of the next step, so that it can go any distance, to either side.
 *
 * The network is the U-Net of Deep-Z, with the direction of travel in place of the distance.
 *
 * @param planes `[n, 2, h, w]`, normalised: the nearer plane, from which the step starts, then the one before it
 * @param direction `[n, 1, h, w]`: 1 where z rises, -1 where it falls, since an aberrated objective blurs differently
 *   on either side
 * @returns `[n, 1, h, w]`, the plane one step beyond the nearer one
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
