/** `parfocal fuse`: all of a stack in focus in one image, and its depth map. */
import { fileStorage, fuseFile } from "../node.ts";
import { addInputOptions, type InputOptions, withImages } from "./input.node.ts";
import { oneOf } from "./option-values.ts";
import { digits, table } from "./text.ts";
import type { Verb } from "./verb.node.ts";

const lights = ["fluorescence", "transmitted"] as const;

interface FuseOptions extends InputOptions {
  out: string;
  light?: (typeof lights)[number];
  force?: boolean;
}

export const fuse: Verb<FuseOptions> = {
  name: "fuse",
  arguments: "<stack>",
  summary: "Make one all-in-focus image of a z-stack, with a depth map.",
  notes: [
    "A pixel is taken from the plane where its own focus measure has a maximum inside the stack, to about a plane, or between two",
    "planes. Pixels without a clear maximum (flat places, noise, what is in focus in the first or last plane or beyond) take the",
    "depth of their surroundings and are marked in a mask. Nothing is taken from the first or the last plane.",
    "Written are OUT, the depth map OUT_depth.tif (um above the first plane, float32), OUT_depth.png, the same in colours, and",
    "the mask OUT_unsure.tif (uint8: 255 unsure, 0 sure). The stack needs 3 planes or more, and the specimen should lie between",
    "the first and the last. Where things lie above each other, only the sharper one is in focus.",
    "Planes must lie above each other: see drift in parfocal inspect.",
  ],
  examples: [
    "parfocal fuse stack.tif --channel 1 -o fused.tif",
    "parfocal fuse stack.tif --channel 1 --z-step 0.5 -o fused.ome.tif --force --json",
    "parfocal fuse planes/ --z-step 0.5 --light transmitted -o allinfocus.png",
  ],
  options(command) {
    command
      .requiredOption("-o, --out <image>", "image to be written: .tif, .ome.tif or .png")
      .option("--light <kind>", `${lights.join(" or ")} (default: by the grey levels)`, oneOf(lights))
      .option("--force", "replace outputs that exist");
    addInputOptions(command);
  },
  run: ([path], options, terminal) =>
    withImages([path], options, async ([file]) => {
      const { channel, time, light, force } = options;
      const onProgress = terminal.progress("planes fused");
      const settings = { channel, time, light, force, signal: terminal.signal, onProgress };
      const { seconds, ...done } = await fuseFile(fileStorage, file, options.out, settings);
      const [low, high] = done.colour_range_um;
      return {
        json: { ...done, seconds: Math.round(seconds * 1000) / 1000 },
        text: table([
          ["output", done.output],
          ["depth", `${done.depth}, um above the first plane`],
          ["colours", `${done.colours}: violet ${digits(low)} um to yellow ${digits(high)} um`],
          [
            "unsure",
            `${done.unsure}: ${(100 * (1 - done.confident)).toFixed(0)} % of the pixels follow their surroundings`,
          ],
          ["took", `${seconds.toFixed(1)} s`],
        ]),
        warnings: done.warnings,
      };
    }),
};
