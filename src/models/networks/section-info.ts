/** What the descriptions of all models hold that make one kind of image of another. */
import { z } from "zod";
import { commonInfo } from "./common-info.ts";

/**
 * Such a model sees an image by its own percentiles, and its output is 0 at the dark and 1 at the bright of the images
 * that it was taught to make. In counts the output is
 *
 *     output_low + output_gain * (high - low of the image) * output
 *
 * so that it grows with the light of the image that it is made of, and neighbouring planes, tiles and fields of one
 * image stay comparable: the pair of numbers is that of the whole stack.
 */
export const sectionInfo = {
  ...commonInfo,
  task: z.literal("section"),
  /** Counts from dark to bright of the targets, over those of their inputs: the geometric mean of the training data. */
  output_gain: z.number().positive(),
  /** Counts of the dark of the targets: their mean. */
  output_low: z.number(),
};
