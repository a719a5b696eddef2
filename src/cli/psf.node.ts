/** `parfocal psf`: the point spread function of a microscope, computed from its optics or measured from beads. */

import { InvalidArgumentError } from "commander";
import {
  fileStorage,
  type MeasureBeadsFileResult,
  measureBeadsFile,
  type PsfFileResult,
  psfOptions,
  writePsf,
} from "../node.ts";
import { withImages } from "./input.node.ts";
import { numberOf, positiveNumber, wholeNumber } from "./option-values.ts";
import { addSchemaOptions, schemaValues } from "./schema-options.ts";
import type { Terminal } from "./terminal.node.ts";
import { digits, table } from "./text.ts";
import type { Result, Verb } from "./verb.node.ts";

interface PsfVerbOptions {
  out?: string;
  pixelSize?: number;
  zStep?: number;
  planes?: number;
  size?: number;
  zernike?: Record<string, number>;
  image?: number;
  quiet?: boolean;
  channel?: number;
  time?: number;
  fit?: string[];
  beadDiameter?: number;
  beads?: number;
  half?: number;
  force?: boolean;
}

export const psf: Verb<PsfVerbOptions> = {
  name: "psf",
  arguments: "[beads]",
  summary: "Compute a microscope's point spread function from its optics, or measure it from a z-stack of beads.",
  notes: [
    "Without an image, a stack is written to --out: float32, each pixel's share of a point's light, the point in the middle.",
    "With one, each bead that lies alone is measured (full widths at half maximum of fitted Gaussians), the model of the optics",
    "is fitted to it, and --out receives the mean of the beads, with a picture NAME.png: measured, fitted, difference.",
    "--fit takes na, wavelength, refractive_index, sample_index, depth, pinhole, excitation_wavelength, bead_diameter, z_scale,",
    "shear_x, shear_y and Zernike aberrations. Errors are one standard deviation: what the model lacks, and what beads differ by, widens them. What planes",
    "cannot tell is refused: one plane gives widths across only, and every aberration needs a plane more than the three that tell z.",
  ],
  examples: [
    "parfocal psf -o psf-oil.tif --na 1.4 --refractive-index 1.515 --pixel-size 0.1 --z-step 0.2 --planes 11",
    "parfocal psf -o psf-water.tif --psf vectorial --na 1.2 --refractive-index 1.515 --sample-index 1.33 --depth 5 --planes 5 --json",
    "parfocal psf -o psf-confocal.tif --na 0.8 --excitation-wavelength 0.488 --pinhole 1 --zernike coma=0.1 --planes 5",
    "parfocal psf bead.tif --na 0.4 --wavelength 0.515 --half 6 --fit bead_diameter,na -o measured.tif",
  ],
  options(command) {
    command
      .option("-o, --out <image>", "stack to be written: .tif or .ome.tif")
      .option(
        "--pixel-size <um>",
        "default the Nyquist limit; with an image instead of that of the file",
        positiveNumber,
      )
      .option("--z-step <um>", "default the Nyquist limit; with an image instead of that of the file", positiveNumber)
      .option("--planes <n>", "planes of the stack (default: 41)", wholeNumber(1))
      .option(
        "--size <n>",
        "height and width in pixels (default: what the farthest plane needs, 256 at most)",
        wholeNumber(8),
      )
      .option("--zernike <list>", "aberrations, RMS waves: coma=0.1,astigmatism=-0.05", zernikeList)
      .option("--image <n>", "of a file that holds several images: its number, from 0", wholeNumber())
      .option("--channel <n>", "of the image: channel, from 0, where there are several", wholeNumber())
      .option("--time <n>", "of the image: time point, from 0, where there are several", wholeNumber())
      .option(
        "--fit <names>",
        "what is fitted beside each bead's place (default: bead_diameter,spherical)",
        (text: string) => text.split(","),
      )
      .option(
        "--bead-diameter <um>",
        "of the beads, as far as it is known; to fit it, name it in --fit",
        positiveNumber,
      )
      .option("--beads <n>", "most beads that are measured, the brightest first (default: 10)", wholeNumber(1))
      .option(
        "--half <pixels>",
        "half the width of the square that a bead needs to itself (default: by the optics)",
        wholeNumber(3),
      )
      .option("--force", "replace outputs that exist");
    addSchemaOptions(command, psfOptions);
  },
  run: async ([image], options, terminal) =>
    image === undefined ? compute(options, terminal) : measure(image, options, terminal),
};

function opticsOf(options: PsfVerbOptions) {
  return { ...schemaValues(psfOptions, options), ...(options.zernike ? { zernike: options.zernike } : {}) };
}

async function compute(options: PsfVerbOptions, terminal: Terminal): Promise<Result> {
  const { out = "psf.tif", pixelSize, zStep, planes, size, force } = options;
  const onProgress = terminal.progress("planes computed");
  const settings = { pixelSize, zStep, planes, size, force, signal: terminal.signal, onProgress };
  const made = await writePsf(fileStorage, out, opticsOf(options), settings);
  return { json: describeComputed(made), text: writeComputed(made), warnings: made.warnings };
}

function describeComputed(made: PsfFileResult) {
  return {
    output: made.output,
    shape: made.shape,
    pixel_size_um: made.pixelSize,
    z_step_um: made.zStep,
    focus_um: made.focus,
    nyquist_pixel_size_um: made.nyquist.pixelSize,
    nyquist_z_step_um: made.nyquist.zStep,
    optics: made.optics,
    warnings: made.warnings,
  };
}

function writeComputed({ output, shape, pixelSize, zStep, focus, nyquist }: PsfFileResult): string {
  const [depth, height, width] = shape;
  return table([
    ["output", output],
    ["size", `${depth} planes of ${height} x ${width} pixels, ${digits(pixelSize)} um, ${digits(zStep)} um apart`],
    ["sharpest", `at defocus ${digits(focus)} um`],
    ["Nyquist", `pixels of ${digits(nyquist.pixelSize)} um, planes ${digits(nyquist.zStep)} um apart`],
  ]);
}

async function measure(image: string, options: PsfVerbOptions, terminal: Terminal): Promise<Result> {
  const { pixelSize, zStep, image: number, channel, time, out, beadDiameter, beads, half, force } = options;
  const calibration = {
    ...(pixelSize ? { pixelSize } : {}),
    ...(zStep ? { zStep } : {}),
    ...(number === undefined ? {} : { image: number }),
    ...(options.quiet ? { quiet: true } : {}),
  };
  return withImages([image], calibration, async ([file]) => {
    const measured = await measureBeadsFile(fileStorage, file, {
      optics: opticsOf(options),
      // A single plane says nothing of what shows through focus.
      fit: options.fit ?? (file.axes.includes("Z") ? ["bead_diameter", "spherical"] : []),
      ...{ channel, time, beadDiameter, beads, half, force, output: out },
      signal: terminal.signal,
      onProgress: terminal.progress("beads measured"),
    });
    return { json: describeMeasured(measured), text: writeMeasured(measured), warnings: measured.warnings };
  });
}

function describeMeasured(measured: MeasureBeadsFileResult) {
  return {
    output: measured.output ?? null,
    picture: measured.picture ?? null,
    optics: measured.optics,
    beads: measured.beads.map(({ x, y, z, fwhm, brightness, fit }) => ({
      x_px: x,
      y_px: y,
      z_plane: z,
      fwhm_um: { ...fwhm, z: fwhm.z ?? null },
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
    rejected: measured.rejected,
    spread: measured.spread,
    warnings: measured.warnings,
  };
}

function writeMeasured({ beads, rejected, output, picture }: MeasureBeadsFileResult): string {
  const names = Object.keys(beads[0].fit.parameters).filter((name) => !["x", "y", "z"].includes(name));
  const head = ["bead", "x", "y", "plane", "FWHM x", "y", "z (um)", ...names, "residual", "R2"];
  const rows = beads.map(({ x, y, z, fwhm, fit }, i) => [
    String(i + 1),
    ...[x, y, z].map((value) => value.toFixed(2)),
    ...[fwhm.x, fwhm.y, fwhm.z].map((value) => value?.toFixed(3) ?? "-"),
    ...names.map((name) => withError(fit.parameters[name])),
    `${(100 * fit.residual).toFixed(2)} %`,
    fit.r2.toFixed(4),
  ]);
  const left = Object.entries(rejected).filter(([, count]) => count > 0);
  const reasons = left.map(([why, count]) => `${count} ${rejectedFor[why as keyof typeof rejected]}`).join(", ");
  const lines = [
    table(
      [head, ...rows],
      head.map((_, i) => i),
    ),
  ];
  if (reasons) lines.push(`Left out: ${reasons}.`);
  if (output && picture)
    lines.push(
      table([
        ["mean", output],
        ["picture", picture],
      ]),
    );
  return lines.join("\n");
}

const withError = ({ value, error }: { value: number; error: number }): string =>
  `${value.toFixed(3)} ± ${Number.isFinite(error) ? error.toFixed(3) : "unknown"}`;

const rejectedFor = {
  border: "too near the border",
  neighbour: "too near another",
  saturated: "saturated",
  end: "brightest in the first or last plane",
  outside: "fitted outside the stack",
};

/** "coma=0.1,z15=-0.05" */
function zernikeList(text: string): Record<string, number> {
  const pairs = text.split(",").map((pair): [string, number] => {
    const [, name, value] = /^\s*([a-z0-9_]+)=(.+)$/.exec(pair) ?? [];
    const rms = numberOf(value ?? "");
    if (name === undefined || !Number.isFinite(rms))
      throw new InvalidArgumentError("Expected name=waves, such as coma=0.1.");
    return [name, rms];
  });
  return Object.fromEntries(pairs);
}
