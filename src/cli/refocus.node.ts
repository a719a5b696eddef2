/** `parfocal refocus`: new focal planes from one or two that were recorded. */
import { InvalidArgumentError } from "commander";
import {
  directionInWords,
  fileStorage,
  type ImageFile,
  loadModel,
  modelFor,
  type OutputFormat,
  openImage,
  openRuntime,
  overrideCalibration,
  type PixelType,
  type RefocusFileOptions,
  type RefocusFileResult,
  refocusFile,
  surfaceOf,
  tiltedSurface,
} from "../node.ts";
import { addInputOptions, type InputOptions, withImages } from "./input.node.ts";
import { listOfNumbers, numberOf, oneOf, rangeOrList, wholeNumber } from "./option-values.ts";
import { progressOn } from "./terminal.node.ts";
import { digits, rescaleRows, table } from "./text.ts";
import type { CommonOptions, Verb } from "./verb.node.ts";

interface RefocusOptions extends InputOptions, CommonOptions {
  model: string;
  z: number[];
  out: string;
  inputPlanes?: number[];
  surface?: string;
  tileSize?: number;
  format?: OutputFormat;
  dtype?: PixelType;
  rescale?: boolean;
  force?: boolean;
}

export const refocus: Verb<RefocusOptions> = {
  name: "refocus",
  arguments: "<image>",
  summary: "Refocus an image to other planes with a trained model.",
  notes: [
    "Distances are z(target) - z(first input plane), in um: start:stop:step with both ends, or a list.",
    "The output has one plane for each, in counts of the input's scale.",
    "--surface auto finds the focus of every region among the planes of a stack of five or more; of fewer, it tries the model's",
    "distances and keeps the sharpest. With --z 0 the output is then in focus everywhere.",
  ],
  examples: [
    "parfocal refocus stack.tif --model runs/refocus/version_0 --input-planes 6,8 --z -4:4:1 -o refocused.tif",
    "parfocal refocus pair.tif --model runs/refocus/version_0 --z 2,3.5 -o refocused.ome.tif",
    "parfocal refocus pair.tif --model runs/refocus/version_0 --z 0 --surface tilt:3:0 -o level.tif --json",
    "parfocal refocus stack.tif --model runs/refocus/version_0 --input-planes 6 --z 0 --surface auto -o sharp.tif",
  ],
  uses: ["device", "threads"],
  options(command) {
    command
      .requiredOption("--model <folder>", "what parfocal train wrote: a run's folder, or the model in it")
      .requiredOption("--z <um>", "distances: start:stop:step with both ends, or a list 1,2,3.5", rangeOrList)
      .requiredOption("-o, --out <image>", "stack to be written: .tif, .ome.tif (.png for one plane)")
      .option("--input-planes <list>", "planes that the model gets, from 0, or the first of them", listOfNumbers)
      .option(
        "--surface <map>",
        "one distance per pixel: an image in um, tilt:X:Y, um from edge to edge, or auto: every region's own focus",
      )
      .option("--tile-size <pixels>", "pixels computed at a time along each axis (default: 512)", wholeNumber(16))
      .option("--format <name>", "imagej, ome-tiff or png", oneOf(["imagej", "ome-tiff", "png"]))
      .option(
        "--dtype <type>",
        "uint8, uint16 or float32, instead of that of the input",
        oneOf(["uint8", "uint16", "float32"]),
      )
      .option(
        "--rescale",
        "with uint8 or uint16: spread the values over all counts, and say in the file what they mean",
      )
      .option("--force", "replace an output that exists");
    addInputOptions(command);
  },
  async run([path], options, terminal) {
    const model = modelFor(await loadModel(options.model), "refocus");
    const runtime = await openRuntime({ ...deviceOf(options), onWarning: terminal.warn });
    try {
      return await withImages([path], options, async ([image]) => {
        const { inputPlanes: planes, z: distances, tileSize, format, dtype, rescale, force, channel, time } = options;
        const { surface, close } = await openSurface(options.surface, image, options.pixelSize);
        try {
          const done = await refocusFile(fileStorage, model, runtime, image, options.out, {
            distances,
            planes,
            tileSize,
            format,
            dtype,
            rescale,
            force,
            channel,
            time,
            surface,
            direction: true,
            signal: terminal.signal,
            onProgress: progressOn(terminal),
          });
          return {
            json: { ...done, seconds: Math.round(done.seconds * 1000) / 1000 },
            text: table([
              ["output", done.output],
              ["planes", `${done.planes_um.map((z) => digits(z)).join(", ")} um`],
              ...rescaleRows(done.rescale),
              ...(done.surface ? [["surface", surfaceInWords(done.surface)] as [string, string]] : []),
              ...(done.direction ? [["direction", directionInWords(done.direction)] as [string, string]] : []),
              ["took", `${done.seconds.toFixed(1)} s`],
            ]),
            warnings: done.warnings,
          };
        } finally {
          await close();
        }
      });
    } finally {
      await runtime.close();
    }
  },
};

/** The runtime options that were given. */
export function deviceOf({ device, threads }: CommonOptions) {
  return { ...(device !== undefined && { device }), ...(threads !== undefined && { threads }) };
}

function surfaceInWords({ from, range_um: [low, high], regions }: NonNullable<RefocusFileResult["surface"]>): string {
  const sure = regions.filter(({ confidence }) => confidence > 0).length;
  const how = from === "stack" ? "from the stack" : "from the model's distances";
  return `${digits(low)} to ${digits(high)} um, ${how}, ${sure} of ${regions.length} regions with a focus`;
}

/** The surface that `--surface` names; its file, if it is one, stays open until it is closed. */
async function openSurface(
  text: string | undefined,
  image: ImageFile,
  pixelSize: number | undefined,
): Promise<{ surface: RefocusFileOptions["surface"]; close(): Promise<void> }> {
  const close = async () => undefined;
  if (text === undefined || text === "auto") return { surface: text, close };
  const [height, width] = image.shape.slice(-2);
  const tilt = /^tilt:([^:]+):([^:]+)$/.exec(text)?.slice(1).map(numberOf);
  if (tilt?.every(Number.isFinite)) {
    return { surface: tiltedSurface({ x: tilt[0], y: tilt[1] }, { width, height }), close };
  }
  if (text.startsWith("tilt")) {
    throw new InvalidArgumentError(`--surface ${text}: expected tilt:X:Y, such as tilt:3:-1, um from edge to edge.`);
  }
  const map = overrideCalibration(await openImage(text), { pixelSize });
  return { surface: surfaceOf(map, { width, height, pixelSize: image.pixelSize }), close: () => map.close() };
}
