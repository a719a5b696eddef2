/** `parfocal section`: out-of-focus light removed, from exposures in structured light or by a model. */
import {
  type ExposureAxis,
  exposureAxes,
  fileStorage,
  type ImageFile,
  loadModel,
  modelFor,
  type OutputFormat,
  openRuntime,
  type PageOrder,
  ParfocalError,
  type PixelType,
  pageOrders,
  type SectionFileResult,
  type SectionMethod,
  sectionFile,
  sectionFileByModel,
  sectionMethods,
  sectionOptions,
} from "../node.ts";
import { addInputOptions, type InputOptions, withImages } from "./input.node.ts";
import { oneOf, wholeNumber } from "./option-values.ts";
import { deviceOf } from "./refocus.node.ts";
import { addSchemaOptions, schemaValues } from "./schema-options.ts";
import type { Terminal } from "./terminal.node.ts";
import { digits, rescaleRows, table } from "./text.ts";
import type { CommonOptions, Verb } from "./verb.node.ts";

interface SectionVerbOptions extends InputOptions, CommonOptions {
  method?: SectionMethod;
  model?: string;
  out: string;
  uncertainty?: string;
  tileSize?: number;
  widefield?: string;
  phases?: ExposureAxis;
  order?: PageOrder;
  uniform?: number;
  speckle?: number;
  dtype?: PixelType;
  rescale?: boolean;
  format?: OutputFormat;
  force?: boolean;
}

export const section: Verb<SectionVerbOptions> = {
  name: "section",
  arguments: "<image...>",
  summary: "Remove out-of-focus light: from exposures in speckled light (hilo) or under a grid (sim), or by a model.",
  notes: [
    "A model makes the section of the plain image, in counts of the images that it was taught with and in proportion to the light.",
    "hilo needs two exposures of every plane, uniform then speckle; sim three, the grid moved by a third of its period each time.",
    "They are one file each, or the channels of one image, its times, or its pages: those of a plane one behind the other, or",
    "--order blocks. Stacks are read plane by plane, so memory does not grow with them.",
    "Outputs are float32, in counts above --offset: a section is a small part of the light, and noise takes it below 0 in hilo.",
    "Noise lifts the dark of a sim section to about its standard deviation.",
  ],
  examples: [
    "parfocal section grid.tif --method sim --offset 100 -o section.tif",
    "parfocal section speckle.tif --method hilo --offset 100 --na 0.8 --wavelength 0.515 -o hilo.tif --json",
    "parfocal section uniform.tif laser.tif --method hilo --sigma 1.5 --gain 2 --read-noise 1.5 --offset 100 -o hilo.ome.tif",
    "parfocal section pages.tif --method sim --phases z --order blocks --widefield mean.tif -o sections.tif --json",
    "parfocal section stack.tif --channel 1 --model runs/unet/version_0 -o by-model.tif",
    "parfocal section stack.tif --channel 1 --model runs/care/version_0 --uncertainty doubt.tif -o restored.tif --json",
  ],
  uses: ["device", "threads"],
  options(command) {
    command
      .option("--method <name>", "hilo or sim", oneOf(sectionMethods))
      .option("--model <folder>", "a model instead: what parfocal train --task section wrote")
      .requiredOption("-o, --out <image>", "image to be written: .tif, .ome.tif (.png for one plane)");
    command
      .option("--widefield <image>", "where the widefield image is written as well")
      .option(
        "--phases <axis>",
        "where a file has its exposures: c, t or z (default: as they fit)",
        oneOf(exposureAxes),
      )
      .option(
        "--order <name>",
        "of pages: interleaved (default) or blocks, a stack for each exposure",
        oneOf(pageOrders),
      )
      .option("--uniform <n>", "hilo: which exposure is in uniform light, from 0 (default: 0)", wholeNumber())
      .option("--speckle <n>", "hilo: which exposure is in speckled light, from 0 (default: 1)", wholeNumber());
    addSchemaOptions(command, sectionOptions);
    command
      .option("--uncertainty <image>", "model: where the scale of its error is written as well, if it tells it")
      .option("--tile-size <pixels>", "model: computed at a time, along each axis (default: 512)", wholeNumber(16))
      .option("--dtype <type>", "uint8, uint16 or float32 (default: float32)", oneOf(["uint8", "uint16", "float32"]))
      .option(
        "--rescale",
        "with uint8 or uint16: spread the values over all counts, and say in the file what they mean",
      )
      .option("--format <name>", "imagej, ome-tiff or png", oneOf(["imagej", "ome-tiff", "png"]))
      .option("--force", "replace an output that exists");
    addInputOptions(command);
  },
  run: (paths, options, terminal) =>
    withImages(paths, options, async (files) => {
      const { method, model } = options;
      if (model !== undefined) return byModel(files, model, options, terminal);
      if (method !== undefined) return byMethod(files, method, options, terminal);
      const message =
        "Sectioning: give --method hilo or sim for exposures in structured light, or --model for a plain image.";
      throw new ParfocalError("usage", message, { option: "--method", expected: "--method or --model" });
    }),
};

async function byMethod(
  files: readonly ImageFile[],
  method: SectionMethod,
  options: SectionVerbOptions,
  terminal: Terminal,
) {
  refuseForeign(options, ["uncertainty", "tileSize"], "for models, and --method takes none");
  const {
    out,
    channel,
    time,
    phases: axis,
    order,
    uniform,
    speckle,
    widefield,
    dtype,
    rescale,
    format,
    force,
  } = options;
  const onProgress = terminal.progress("planes read");
  const places = { channel, time, axis, order, uniform, speckle };
  const settings = { ...places, widefield, dtype, rescale, format, force, signal: terminal.signal, onProgress };
  const { seconds, ...done } = await sectionFile(
    fileStorage,
    files,
    method,
    out,
    schemaValues(sectionOptions, options),
    settings,
  );
  return {
    json: { ...done, seconds: Math.round(seconds * 1000) / 1000 },
    text: table([
      ["output", done.output],
      ...(done.widefield === undefined ? [] : [["widefield", done.widefield] as const]),
      ["method", `${method}, exposures in ${done.exposures}`],
      ["planes", String(done.planes)],
      ...rescaleRows(done.rescale),
      ...rescaleRows(done.widefield_rescale, "widefield rescaled"),
      ...measured(done),
      ["took", `${seconds.toFixed(1)} s`],
    ]),
    warnings: done.warnings,
  };
}

/** Options that say where exposures are and how a classical method works. */
const classicalOnly = ["method", "widefield", "phases", "order", "uniform", "speckle"] as const;

async function byModel(files: readonly ImageFile[], folder: string, options: SectionVerbOptions, terminal: Terminal) {
  const keys = Object.keys(schemaValues(sectionOptions, options));
  refuseForeign(options, classicalOnly, "for exposures in structured light, and --model takes a plain image");
  if (keys.length > 0)
    throw foreign(keys[0].replaceAll("_", "-"), "for the classical methods, and --model takes their place");
  if (files.length > 1) {
    const message = `Sectioning: a model takes one image, and ${files.length} were given.`;
    throw new ParfocalError("usage", message, { option: "image", got: files.length, expected: "one image" });
  }
  const model = modelFor(await loadModel(folder), "section");
  const runtime = await openRuntime({ ...deviceOf(options), onWarning: terminal.warn });
  try {
    const { out, channel, time, uncertainty, tileSize, dtype, rescale, format, force } = options;
    const onProgress = terminal.progress("tiles sectioned");
    const settings = {
      channel,
      time,
      uncertainty,
      tileSize,
      dtype,
      rescale,
      format,
      force,
      onProgress,
      signal: terminal.signal,
    };
    const { seconds, ...done } = await sectionFileByModel(fileStorage, model, runtime, files[0], out, settings);
    return {
      json: { ...done, seconds: Math.round(seconds * 1000) / 1000 },
      text: table([
        ["output", done.output],
        ...(done.uncertainty === undefined ? [] : [["uncertainty", done.uncertainty] as const]),
        ["model", done.model],
        ["planes", String(done.planes)],
        ...rescaleRows(done.rescale),
        ["took", `${seconds.toFixed(1)} s`],
      ]),
      warnings: done.warnings,
    };
  } finally {
    await runtime.close();
  }
}

function refuseForeign(
  options: SectionVerbOptions,
  keys: readonly Extract<keyof SectionVerbOptions, string>[],
  why: string,
): void {
  const given = keys.find((key) => options[key] !== undefined);
  if (given !== undefined)
    throw foreign(
      given.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`),
      why,
    );
}

function foreign(key: string, why: string): ParfocalError {
  return new ParfocalError("usage", `Sectioning: --${key} is ${why}; leave one of the two out.`, {
    option: `--${key}`,
  });
}

/** What the method found out, for people. */
function measured(done: Omit<SectionFileResult, "seconds">): [string, string][] {
  const { eta, period_pixels: pixels, period_um: um, orientation_degrees: degrees, planes_with_grid: seen } = done;
  const rows: [string, string][] = [];
  if (pixels !== undefined && degrees !== undefined) {
    const length = `${digits(pixels)} pixels${um === undefined ? "" : ` (${digits(um)} um)`}`;
    rows.push(["grid", `${length} a period, at ${digits(degrees)} degrees; seen in ${seen} of ${done.planes} planes`]);
  }
  if (eta !== undefined) rows.push(["low frequencies", `weighted by ${digits(eta)}`]);
  const [what, shares] = done.in_focus ? ["in focus", done.in_focus] : ["modulated", done.modulation ?? []];
  const known = shares.filter((share) => share !== null).map((share) => 100 * share);
  if (known.length > 0) {
    const [low, high] = [Math.min(...known), Math.max(...known)].map((share) => share.toFixed(0));
    rows.push([what, `${low === high ? low : `${low} to ${high}`} % of the light of a plane`]);
  }
  return rows;
}
