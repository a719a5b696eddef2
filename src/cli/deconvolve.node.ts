/** `parfocal deconvolve`: the blur of the optics taken out, without a model. */
import {
  deconvolveFile,
  deconvolveOptions,
  fileStorage,
  type OutputFormat,
  type PixelType,
  type PsfOpticsInput,
  psfKinds,
  psfOptions,
} from "../node.ts";
import { addInputOptions, type InputOptions, withImages } from "./input.node.ts";
import { oneOf } from "./option-values.ts";
import { addSchemaOptions, schemaValues } from "./schema-options.ts";
import { digits, rescaleRows, table } from "./text.ts";
import type { Verb } from "./verb.node.ts";

interface DeconvolveVerbOptions extends InputOptions {
  out: string;
  psf?: string;
  psfModel?: (typeof psfKinds)[number];
  dtype?: PixelType;
  rescale?: boolean;
  format?: OutputFormat;
  force?: boolean;
}

/** What makes a PSF, beside the calibration that every verb may be given. */
const moreOptics = psfOptions.omit({ psf: true, na: true, wavelength: true, refractive_index: true, zernike: true });

export const deconvolve: Verb<DeconvolveVerbOptions> = {
  name: "deconvolve",
  arguments: "<image>",
  summary: "Take the blur of the optics out of an image or a z-stack, the classical way.",
  notes: [
    "The PSF is computed from the optics (of the file, or --na, --wavelength, --refractive-index), or measured: --psf BEAD.",
    "Many iterations of richardson-lucy turn noise into dots: give --tv 0.01, or let consensus find out when to stop.",
    "The output is float32, in counts above the camera's offset.",
  ],
  examples: [
    "parfocal deconvolve blurred.tif --na 0.8 --wavelength 0.515 -o sharp.tif",
    "parfocal deconvolve blurred.tif --psf bead.tif --iterations 50 --tv 0.01 --offset 100 -o sharp_tv.tif --json",
    "parfocal deconvolve stack.tif --channel 0 --method consensus --gain 2 --offset 100 --na 0.8 --wavelength 0.515 -o sharp_stack.tif",
    "parfocal deconvolve stack.tif --channel 0 --pinhole 1 --excitation-wavelength 0.488 --na 0.8 --wavelength 0.515 -o confocal.tif",
    "parfocal deconvolve stack.tif --channel 1 --method wiener --planes-separately --psf bead.tif -o wiener.ome.tif",
  ],
  uses: ["seed"],
  options(command) {
    command
      .requiredOption("-o, --out <image>", "image to be written: .tif, .ome.tif (.png for one plane)")
      .option("--psf <image>", "a measured PSF: a small bead, its stack for a stack");
    addSchemaOptions(command, deconvolveOptions);
    command
      .option("--dtype <type>", "uint8, uint16 or float32 (default: float32)", oneOf(["uint8", "uint16", "float32"]))
      .option(
        "--rescale",
        "with uint8 or uint16: spread the values over all counts, and say in the file what they mean",
      )
      .option("--format <name>", "imagej, ome-tiff or png", oneOf(["imagej", "ome-tiff", "png"]))
      .option("--force", "replace an output that exists");
    addInputOptions(command);
    command.option(
      "--psf-model <name>",
      `how the PSF is computed: ${psfKinds.join(", ")} (default: scalar)`,
      oneOf(psfKinds),
    );
    addSchemaOptions(command, moreOptics);
  },
  run: ([path], options, terminal) =>
    withImages([path], options, async ([file]) => {
      const { channel, time, psf, dtype, rescale, format, force } = options;
      const onProgress = terminal.progress("iterations");
      const optics: PsfOpticsInput = {
        ...schemaValues(moreOptics, options),
        ...(options.psfModel && { psf: options.psfModel }),
      };
      const settings = {
        channel,
        time,
        psf,
        optics,
        dtype,
        rescale,
        format,
        force,
        signal: terminal.signal,
        onProgress,
      };
      const { seconds, ...done } = await deconvolveFile(
        fileStorage,
        file,
        options.out,
        schemaValues(deconvolveOptions, options),
        settings,
      );
      const why: Record<string, string> = { limit: "the most allowed", agreement: "no agreement left" };
      const stopped = done.stopped_by === undefined ? "" : `, stopped by ${why[done.stopped_by] ?? done.stopped_by}`;
      return {
        json: { ...done, seconds: Math.round(seconds * 1000) / 1000 },
        text: table([
          ["output", done.output],
          ["method", `${done.method}, ${done.iterations} iterations${stopped}`],
          ["psf", `${done.psf.source}; ${done.psf.shape.join(" x ")} voxels (z, y, x)`],
          ["camera", `offset ${digits(done.offset)} counts${done.gain ? `, gain ${digits(done.gain)}` : ""}`],
          ...rescaleRows(done.rescale),
          ["took", `${seconds.toFixed(1)} s${done.tiles > 1 ? `, in ${done.tiles} tiles` : ""}`],
        ]),
        warnings: done.warnings,
      };
    }),
};
