/** `parfocal reconstruct`: amplitude and phase from a hologram, or from planes at different focus. */

import { InvalidArgumentError } from "commander";
import {
  fileStorage,
  focusHologramFile,
  type ImageFile,
  loadModel,
  modelFor,
  openImage,
  openRuntime,
  overrideCalibration,
  ParfocalError,
  type ReconstructFileResult,
  type ReconstructMethod,
  reconstructFile,
  reconstructMethods,
  type SpecimenContrast,
  specimenContrasts,
} from "../node.ts";
import { addInputOptions, type InputOptions, withImages } from "./input.node.ts";
import { finiteNumber, listOfNumbers, oneOf, rangeOrList, wholeNumber } from "./option-values.ts";
import { deviceOf } from "./refocus.node.ts";
import type { Terminal } from "./terminal.node.ts";
import { digits, table } from "./text.ts";
import type { CommonOptions, Verb } from "./verb.node.ts";

interface ReconstructOptions extends InputOptions, CommonOptions {
  method?: ReconstructMethod;
  model?: string;
  tileSize?: number;
  out: string;
  offAxis?: "auto" | { y: number; x: number };
  background?: string;
  distance?: number | "auto";
  range?: [number, number];
  specimen?: SpecimenContrast;
  invertPhase?: boolean;
  inputPlanes?: number[];
  positions?: number[];
  z?: number[];
  iterations?: number;
  force?: boolean;
}

export const reconstruct: Verb<ReconstructOptions> = {
  name: "reconstruct",
  arguments: "<hologram>",
  summary: "Reconstruct amplitude and phase from a hologram, or from planes at different focus.",
  notes: [
    "Written are two channels, float32: amplitude (1 where the field is empty) and phase in radians (0 there, without jumps).",
    "angular-spectrum takes one hologram, in line or (--off-axis) with fringes; its distance runs along the light.",
    "--distance auto of an in-line hologram says how sure it is of the distance (confidence) and of its sign (direction_confidence):",
    "a specimen that only absorbs looks alike on both sides, so that only a --range on one side settles it.",
    "--model takes one in-line hologram as well, and gives the field without its twin image; the distance may be rough.",
    "multi-height and tie (transport of intensity) take a stack of two planes or more in transmitted light; z counts up into",
    "the sample, towards the lamp.",
  ],
  examples: [
    "parfocal reconstruct hologram.tif --off-axis auto --wavelength 0.532 --distance auto --range -10:10 -o field.tif",
    "parfocal reconstruct inline.tif --wavelength 0.532 --distance -12 -o inline_field.tif --json",
    "parfocal reconstruct inline.tif --wavelength 0.532 --model runs/hologram/version_0 --distance -12 -o focused.tif",
    "parfocal reconstruct brightfield.tif --method multi-height --wavelength 0.55 --iterations 5 -o phase.tif",
    "parfocal reconstruct brightfield.tif --method tie --wavelength 0.55 --input-planes 0,2 --z 0:4:2 -o refocused_field.tif",
  ],
  uses: ["device", "threads"],
  options(command) {
    command
      .option(
        "--method <name>",
        `${reconstructMethods.join(", ")} (default: angular-spectrum)`,
        oneOf(reconstructMethods),
      )
      .option("--model <folder>", "a model for holograms instead, or the run it was trained in")
      .requiredOption("-o, --out <image>", "image to be written: .tif or .ome.tif")
      .option("--off-axis <carrier>", "auto, or the fringes in cycles per pixel: Y,X", carrierOf)
      .option("--background <image>", "hologram of the empty field")
      .option("--distance <um>", "to the specimen, along the light, or auto", distanceOf)
      .option("--range <low:high>", "where auto looks, um", rangeOf)
      .option(
        "--specimen <contrast>",
        "auto: the specimen absorbs light (amplitude) or delays it (phase); default: judged from the hologram",
        oneOf(specimenContrasts),
      )
      .option("--invert-phase", "off-axis: the specimen has a lower refractive index than its medium")
      .option(
        "--input-planes <list>",
        "stacks: planes to be used, from 0 (default: all; one hologram of several: which)",
        listOfNumbers,
      )
      .option("--positions <list>", "stacks: z of every plane, um, where steps differ", listOfNumbers)
      .option(
        "--z <um>",
        "stacks: where the field is wanted, um above the first plane (or as in --positions)",
        rangeOrList,
      )
      .option("--iterations <n>", "multi-height: rounds at most (default: 20)", wholeNumber(1))
      .option("--tile-size <pixels>", "model: computed at a time, along each axis (default: 512)", wholeNumber(16))
      .option("--force", "replace an output that exists");
    addInputOptions(command);
  },
  run: ([path], options, terminal) =>
    withImages([path], options, async ([file]) => {
      const background =
        options.background === undefined
          ? undefined
          : overrideCalibration(await openImage(options.background), { pixelSize: options.pixelSize });
      try {
        return options.model === undefined
          ? await classical(file, options, background, terminal)
          : await byModel(file, options.model, options, background, terminal);
      } finally {
        await background?.close();
      }
    }),
};

async function classical(
  file: ImageFile,
  { out, background: _, ...settings }: ReconstructOptions,
  background: ImageFile | undefined,
  { progress, signal }: Terminal,
) {
  const stack = settings.method === "multi-height" || settings.method === "tie";
  const onProgress = progress(stack ? "rounds" : "distances tried");
  return shown(await reconstructFile(fileStorage, file, out, { ...settings, background, signal, onProgress }));
}

/** Options that say how a classical method works. */
const classicalOnly = [
  "method",
  "offAxis",
  "range",
  "specimen",
  "invertPhase",
  "positions",
  "z",
  "iterations",
] as const;

async function byModel(
  file: ImageFile,
  folder: string,
  options: ReconstructOptions,
  background: ImageFile | undefined,
  terminal: Terminal,
) {
  const foreign = classicalOnly.find((key) => options[key] !== undefined);
  if (foreign !== undefined) {
    const option = `--${foreign.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    const message = `Holograms: ${option} is for the classical methods and --model takes their place; give one of the two.`;
    throw new ParfocalError("usage", message, { option });
  }
  const { out, inputPlanes, distance, channel, time, tileSize, force } = options;
  if (inputPlanes !== undefined && inputPlanes.length !== 1) {
    const message = `Holograms: a model takes one plane; --input-planes names ${inputPlanes.length}.`;
    throw new ParfocalError("usage", message, { option: "--input-planes", got: inputPlanes, expected: "one plane" });
  }
  const model = modelFor(await loadModel(folder), "hologram");
  const runtime = await openRuntime({ ...deviceOf(options), onWarning: terminal.warn });
  try {
    const onProgress = terminal.progress("tiles focused");
    const { signal } = terminal;
    const settings = {
      distance,
      plane: inputPlanes?.[0],
      channel,
      time,
      tileSize,
      force,
      background,
      signal,
      onProgress,
    };
    return shown(await focusHologramFile(fileStorage, model, runtime, file, out, settings));
  } finally {
    await runtime.close();
  }
}

/** A result as JSON and as a table. */
function shown(done: Omit<ReconstructFileResult, "method"> & { method: string }) {
  const { seconds, warnings, ...json } = done;
  const rows: string[][] = [["output", `${done.output}: amplitude, phase in radians`]];
  if (done.distance_um !== undefined) {
    const kind = done.specimen && `${done.specimen === "phase" ? "a phase" : "an amplitude"} specimen, `;
    const how =
      done.confidence === undefined
        ? ""
        : `, found${kind ? ` for ${kind}` : ", "}confidence ${done.confidence.toFixed(2)}`;
    const direction = done.direction_confidence ?? undefined;
    const sure = direction === undefined ? "" : `, sign ${(100 * direction).toFixed(0)} % sure`;
    rows.push(["distance", `${digits(done.distance_um)} um along the light${how}${sure}`]);
  }
  if (done.carrier) rows.push(["fringes", `${done.carrier.map((f) => digits(f)).join(", ")} cycles per pixel (y, x)`]);
  if (done.planes_um) rows.push(["planes", `${done.planes_um.map((z) => digits(z)).join(", ")} um`]);
  const error = done.errors?.at(-1);
  if (error !== undefined && done.errors)
    rows.push(["error", `${(100 * error).toFixed(2)} % of the amplitude after ${done.errors.length - 1} rounds`]);
  rows.push(["took", `${seconds.toFixed(1)} s`]);
  return { json: { ...json, warnings, seconds: Math.round(seconds * 1000) / 1000 }, text: table(rows), warnings };
}

function carrierOf(text: string): "auto" | { y: number; x: number } {
  if (text === "auto") return "auto";
  const [y, x] = listOfNumbers(text);
  if (text.split(",").length === 2 && Math.hypot(y, x) > 0 && Math.max(Math.abs(y), Math.abs(x)) <= 0.5)
    return { y, x };
  throw new InvalidArgumentError("Expected auto, or Y,X in cycles per pixel, such as 0.2,0.12 (at most 0.5).");
}

function distanceOf(text: string): number | "auto" {
  return text === "auto" ? "auto" : finiteNumber(text);
}

function rangeOf(text: string): [number, number] {
  const [low, high] = text.split(":").map(finiteNumber);
  if (text.split(":").length === 2 && low < high) return [low, high];
  throw new InvalidArgumentError("Expected low:high in um, such as -20:0.");
}
