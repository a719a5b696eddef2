/** What the descriptions of all image-to-image models (task "section") have in common. */
import { z } from "zod";
import { commonInfo } from "./common-info.ts";

/**
 * Such a model normalises an image by the percentiles of the image, and its output is 0 at the low and 1 at the high
 * percentile of the training targets. In counts the output is
 *
 *     output_low + output_gain * (high - low of the image) * output
 *
 * so that it is proportional to the brightness of the input, and neighbouring planes, tiles and fields of one image
 * stay comparable: `low` and `high` are those of the whole stack.
 */
export const sectionInfo = {
  ...commonInfo,
  task: z.literal("section"),
  /**
   * Range of the targets over range of their inputs, from the low to the high percentile: the geometric mean over the
   * training data.
   */
  output_gain: z.number().positive(),
  /** Low percentile of the targets, counts: the mean over the training data. */
  output_low: z.number(),
};
