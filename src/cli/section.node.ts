/** `parfocal section`: out-of-focus light removed, from exposures in structured light. */
import {
  type OutputFormat,
  type PixelType,
  type SectionMethod,
  sectionFile,
  sectionMethods,
  sectionOptions,
} from "../node.ts";
import { addInputOptions, type InputOptions, withImages } from "./input.node.ts";
import { oneOf } from "./option-values.ts";
import { addSchemaOptions, schemaValues } from "./schema-options.ts";
import { digits, table } from "./text.ts";
import type { Verb } from "./verb.node.ts";

interface SectionVerbOptions extends InputOptions {
  method: SectionMethod;
  out: string;
  dtype?: PixelType;
  format?: OutputFormat;
  force?: boolean;
}

export const section: Verb<SectionVerbOptions> = {
  name: "section",
  arguments: "<image...>",
  summary: "Remove out-of-focus light, from exposures in speckled light (hilo) or under a grid (sim).",
  notes: [
    "hilo needs two exposures of every plane, uniform then speckle; sim three, the grid moved by a third of its period each time.",
    "They may be the channels of one image, its times, its pages (those of a plane one behind the other), or one file each.",
    "The output is float32, in counts above --offset; noise lifts the dark of a sim section to about its standard deviation.",
  ],
  examples: [
    "parfocal section grid.tif --method sim --offset 100 -o section.tif",
    "parfocal section speckle.tif --method hilo --offset 100 --na 0.8 --wavelength 0.515 -o hilo.tif --json",
    "parfocal section uniform.tif laser.tif --method hilo --sigma 1.5 --gain 2 --read-noise 1.5 --offset 100 -o hilo.ome.tif",
  ],
  options(command) {
    command
      .requiredOption("--method <name>", "hilo or sim", oneOf(sectionMethods))
      .requiredOption("-o, --out <image>", "image to be written: .tif, .ome.tif (.png for one plane)");
    addSchemaOptions(command, sectionOptions);
    command
      .option("--dtype <type>", "uint8, uint16 or float32 (default: float32)", oneOf(["uint8", "uint16", "float32"]))
      .option("--format <name>", "imagej, ome-tiff or png", oneOf(["imagej", "ome-tiff", "png"]))
      .option("--force", "replace an output that exists");
    addInputOptions(command);
  },
  run: (paths, options, terminal) =>
    withImages(paths, options, async (files) => {
      const { method, out, channel, time, dtype, format, force } = options;
      const onProgress = terminal.progress("planes sectioned");
      const settings = { channel, time, dtype, format, force, signal: terminal.signal, onProgress };
      const { seconds, ...done } = await sectionFile(
        files,
        method,
        out,
        schemaValues(sectionOptions, options),
        settings,
      );
      const found: [string, string][] =
        done.eta === undefined ? [] : [["low frequencies", `weighted by ${digits(done.eta)}`]];
      if (done.period_pixels !== undefined) found.push(["grid", `${digits(done.period_pixels)} pixels a period`]);
      return {
        json: { ...done, seconds: Math.round(seconds * 1000) / 1000 },
        text: table([
          ["output", done.output],
          ["method", method],
          ["planes", String(done.planes)],
          ...found,
          ["took", `${seconds.toFixed(1)} s`],
        ]),
        warnings: done.warnings,
      };
    }),
};
