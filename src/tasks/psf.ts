import { z } from "zod";
import { ParfocalError } from "../errors.ts";
import { psfOptions } from "../optics/psf/optics-options.ts";
import { asGiven, force, imageInput, imageSource, option, output, pick } from "./options.ts";
import { measureBeadsFile, writePsf } from "./psf-files.ts";
import { inSeconds, maybe, seconds, warnings } from "./results.ts";
import { defineTask, type TaskContext } from "./task.ts";
import { withImages } from "./with-images.ts";

const ofBeads = { group: "Measuring beads" };
const nyquist = { unit: "um", default_in_words: "the Nyquist limit, or that of the image" };
const length = z.number().positive().optional();
const optics = asGiven(psfOptions.shape, { group: "Optics" });
const { series, channel, time, axes, pattern } = imageSource;

const options = z.strictObject({
  beads_image: imageInput("a z-stack of beads to measure; without it, a PSF is computed").optional(),
  output: output("stack to write: .tif or .ome.tif (default: psf.tif for a computed PSF, none for beads)").optional(),
  pixel_size: option(length, "pixel size in the specimen", nyquist),
  z_step: option(length, "distance between planes", nyquist),
  planes: option(z.int().min(1).optional(), "number of planes", { default_in_words: "41" }),
  size: option(z.int().min(8).optional(), "height and width", {
    unit: "pixels",
    default_in_words: "as large as the PSF in the outermost plane, at most 256",
  }),
  force,
  fit: option(
    z.array(z.string()).optional(),
    "parameters to fit in addition to the position of each bead: na, wavelength, refractive_index, sample_index, depth, pinhole, excitation_wavelength, bead_diameter, z_scale, shear_x, shear_y and Zernike aberrations",
    { default_in_words: "bead_diameter,spherical", placeholder: "names", ...ofBeads },
  ),
  bead_diameter: option(length, "diameter of the beads, um, if it is known; to fit it, name it in `fit`", {
    unit: "um",
    ...ofBeads,
  }),
  max_beads: option(z.int().min(1).optional(), "maximum number of beads to measure, the brightest first", {
    default_in_words: "10",
    ...ofBeads,
  }),
  half: option(z.int().min(3).optional(), "half the width of the square around a bead that must hold no other bead", {
    unit: "pixels",
    default_in_words: "from the optics",
    ...ofBeads,
  }),
  ...{ series, channel, time, axes, pattern },
  ...optics,
});

type Options = z.output<typeof options>;

const axesOf = z.strictObject({ x: maybe, y: maybe, z: maybe });

/** Computes a microscope's point spread function from its optics, or measures it from a z-stack of beads. */
export const psf = defineTask({
  options,
  result: z.strictObject({
    output: z.string().nullable(),
    optics: z.record(z.string(), z.unknown()),
    shape: z.tuple([z.int(), z.int(), z.int()]).optional().describe("computed: planes, height, width"),
    pixel_size_um: z.number().optional(),
    z_step_um: z.number().optional(),
    focus_um: z.number().optional().describe("defocus of the sharpest plane"),
    nyquist_pixel_size_um: z.number().optional(),
    nyquist_z_step_um: z.number().optional(),
    picture: z.string().nullable().optional().describe("measured: beads, fits and differences, PNG"),
    beads: z
      .array(
        z.strictObject({
          x_px: z.number(),
          y_px: z.number(),
          z_plane: z.number(),
          fwhm_um: axesOf,
          brightness: z.number(),
          background: z.number(),
          fit: z.record(z.string(), z.unknown()),
        }),
      )
      .optional(),
    rejected: z.record(z.string(), z.int()).optional().describe("beads that were left out, by reason"),
    spread: z.record(z.string(), z.unknown()).optional(),
    seconds,
    warnings,
  }),
  run: (given, context) =>
    given.beads_image === undefined ? compute(given, context) : measure(given.beads_image, given, context),
});

async function compute(options: Options, { storage, signal, onProgress, warn }: TaskContext) {
  const begun = performance.now();
  const { output = "psf.tif", pixel_size: pixelSize, z_step: zStep, planes, size, force } = options;
  refuse(
    options,
    ["fit", "bead_diameter", "max_beads", "half", "channel", "time"],
    "is for beads; give an image of them",
  );
  const made = await writePsf(storage, output, pick(options, optics), {
    ...{ pixelSize, zStep, planes, size, force, signal },
    onProgress: (progress) => onProgress({ ...progress, unit: "planes computed" }),
  });
  for (const warning of made.warnings) warn(warning);
  return {
    output: made.output,
    shape: made.shape,
    pixel_size_um: made.pixelSize,
    z_step_um: made.zStep,
    focus_um: made.focus,
    nyquist_pixel_size_um: made.nyquist.pixelSize,
    nyquist_z_step_um: made.nyquist.zStep,
    optics: made.optics as Record<string, unknown>,
    seconds: inSeconds(begun),
  };
}

async function measure(image: string, options: Options, context: TaskContext) {
  const begun = performance.now();
  refuse(options, ["planes", "size"], "is for a PSF that is computed; leave the image of beads out");
  const { series, axes, pattern, pixel_size, z_step, channel, time, output, bead_diameter: beadDiameter } = options;
  const { max_beads: beads, half, force } = options;
  return withImages([image], { series, axes, pattern, pixel_size, z_step }, context, async ([file]) => {
    const measured = await measureBeadsFile(context, file, {
      optics: pick(options, optics),
      // A single plane says nothing of what shows through focus.
      fit: options.fit ?? (file.axes.includes("Z") ? ["bead_diameter", "spherical"] : []),
      ...{ channel, time, beadDiameter, beads, half, force, output, signal: context.signal },
      onProgress: (progress) => context.onProgress({ ...progress, unit: "beads measured" }),
    });
    for (const warning of measured.warnings) context.warn(warning);
    return {
      output: measured.output ?? null,
      picture: measured.picture ?? null,
      optics: measured.optics as Record<string, unknown>,
      beads: measured.beads.map(({ x, y, z, fwhm, brightness, fit }) => ({
        x_px: x,
        y_px: y,
        z_plane: z,
        fwhm_um: { x: fwhm.x, y: fwhm.y, z: fwhm.z ?? null },
        brightness,
        background: fit.background,
        fit: {
          parameters: fit.parameters,
          residual: fit.residual,
          r2: fit.r2,
          described: fit.described,
          iterations: fit.iterations,
          converged: fit.converged,
          optics: fit.optics,
        },
      })),
      rejected: measured.rejected as Record<string, number>,
      spread: measured.spread as Record<string, unknown>,
      seconds: inSeconds(begun),
    };
  });
}

function refuse(options: Options, keys: readonly (keyof Options)[], why: string): void {
  const given = keys.find((key) => options[key] !== undefined);
  if (given === undefined) return;
  throw new ParfocalError("usage", `PSF: \`${given}\` ${why}.`, { option: given });
}
