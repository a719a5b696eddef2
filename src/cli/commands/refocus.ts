import type { z } from "zod";
import type { refocus as task } from "../../tasks/refocus.ts";
import type { CommandText } from "../command.ts";
import { digits, rescaleRows, table } from "../text.ts";

type Result = z.output<typeof task.result>;

export const refocus: CommandText<Result> = {
  notes: [
    "The output has one plane for each distance, in the same counts as the input. The folder of a training run is the one that train prints, such as runs/refocus/version_0. The run's config.yaml says what the model was trained for: input_offsets are the positions of its input planes, which the image must contain, and distance_range is the range of the distances (um, from the first input plane).",
    "--surface auto finds the focus of each region: in a stack of at least five planes, it is the sharpest plane; otherwise the image is refocused to several distances, and the sharpest is used. With --z 0, the output is then in focus everywhere.",
  ],
  examples: [
    "parfocal refocus stack.tif --model runs/refocus/version_0 --input-planes 6,8 --z -4:4:1 -o refocused.tif",
    "parfocal refocus pair.tif --model runs/refocus/version_0 --z 2,3.5 -o refocused.ome.tif",
    "parfocal refocus pair.tif --model runs/refocus/version_0 --z 0 --surface tilt:3:0 -o level.tif --json",
    "parfocal refocus stack.tif --model runs/refocus/version_0 --input-planes 6 --z 0 --surface auto -o sharp.tif",
  ],
  text: ({ output, planes_um, rescale, surface, direction, seconds }) =>
    table([
      ["output", output],
      ["planes", `${planes_um.map((z) => digits(z)).join(", ")} um`],
      ...rescaleRows(rescale),
      ...(surface ? [["surface", surfaceInWords(surface)]] : []),
      ...(direction ? [["direction", directionInWords(direction)]] : []),
      ["took", `${seconds.toFixed(1)} s`],
    ]),
};

function surfaceInWords({ from, range_um: [low, high], regions }: NonNullable<Result["surface"]>): string {
  const known = regions.filter(({ confidence }) => confidence > 0).length;
  const how = from === "stack" ? "from the stack" : "among refocused planes";
  return `${digits(low)} to ${digits(high)} um, ${how}, ${known} of ${regions.length} regions with a focus`;
}

/** How far the direction can be trusted. */
function directionInWords({ confidence, regions, accuracy }: NonNullable<Result["direction"]>): string {
  const here = `confidence ${confidence.toFixed(2)} over ${regions} regions (0.5 is chance)`;
  return `${here}; on held-out stacks, the direction was right in ${Math.round(100 * accuracy)} % of them`;
}
