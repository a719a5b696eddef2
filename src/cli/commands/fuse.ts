import type { z } from "zod";
import type { fuse as task } from "../../tasks/fuse.ts";
import type { CommandText } from "../command.ts";
import { digits, table } from "../text.ts";

export const fuse: CommandText<z.output<typeof task.result>> = {
  notes: [
    "Each pixel is taken from the plane in which its focus measure has a maximum inside the stack, or interpolated between two planes. Pixels without a clear maximum (uniform regions, noise, and structure that is in focus in the first or last plane or outside the stack) take the depth of their surroundings and are marked in a mask. No pixel is taken from the first or the last plane.",
    "Four files are written: OUTPUT, the depth map OUTPUT_depth.tif (um above the first plane, float32), the depth map in colours OUTPUT_depth.png, and the mask OUTPUT_uncertain.tif (uint8: 255 where the depth is that of the surroundings, else 0).",
    "The specimen should lie between the first and the last plane. Where structures lie above each other, only the sharper one is in focus. The planes must be registered; parfocal inspect reports drift.",
  ],
  examples: [
    "parfocal fuse stack.tif --channel 1 -o fused.tif",
    "parfocal fuse stack.tif --channel 1 --z-step 0.5 -o fused.ome.tif --force --json",
    "parfocal fuse planes/ --z-step 0.5 --light transmitted -o allinfocus.png",
  ],
  text: ({ output, depth, colours, colour_range_um: [low, high], uncertain, confident, seconds }) =>
    table([
      ["output", output],
      ["depth", `${depth}, um above the first plane`],
      ["colours", `${colours}: violet ${digits(low)} um to yellow ${digits(high)} um`],
      [
        "uncertain",
        `${uncertain}: ${(100 * (1 - confident)).toFixed(0)} % of the pixels take the depth of their surroundings`,
      ],
      ["took", `${seconds.toFixed(1)} s`],
    ]),
};
