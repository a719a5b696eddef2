/** PSFs in files: one that is computed, and one that is measured from beads. */

import { ParfocalError } from "../errors.ts";
import { beadSheet } from "../figures/bead-sheet.ts";
import type { OutputContext } from "../figures/output-context.ts";
import { checkIndex } from "../image/axes.ts";
import { type ImageFile, readStack } from "../image/image-file.ts";
import { formatOf } from "../image/image-format.ts";
import { imageOfStack } from "../image/stack-image.ts";
import type { Storage } from "../image/storage.ts";
import { writeImage, writeImages } from "../image/write-image.ts";
import { type MeasureBeadsOptions, type MeasuredBeads, measureBeads } from "../optics/psf/measure-beads.ts";
import { type PsfOptics, type PsfOpticsInput, psfModelOf, resolvePsfOptions } from "../optics/psf/optics-options.ts";
import { psfStack } from "../optics/psf/psf-stack.ts";
import { samplingWarnings } from "../optics/psf/sampling-warnings.ts";
import { type Warning, warningsOf } from "../warning.ts";

export interface PsfFileOptions {
  /** um; default the Nyquist limits of the optics. */
  pixelSize?: number | undefined;
  zStep?: number | undefined;
  /** Default 41. */
  planes?: number | undefined;
  /** Height and width in pixels; default what the farthest plane needs, 256 at most. */
  size?: number | undefined;
  force?: boolean | undefined;
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: { done: number; total: number }) => void) | undefined;
}

export interface PsfFileResult {
  output: string;
  optics: PsfOptics;
  shape: [number, number, number];
  pixelSize: number;
  zStep: number;
  /** Defocus of the sharpest plane, um. */
  focus: number;
  /** Coarsest pixel and plane distance that keep all detail, um. */
  nyquist: { pixelSize: number; zStep: number };
  warnings: Warning[];
}

/**
 * Computes a PSF and writes it as a z-stack, float32, shares of a point's light; see {@link psfStack}.
 * @throws `usage` for impossible optics; `output.exists` before any work; `interrupted`
 */
export async function writePsf(
  storage: Storage,
  output: string,
  input: PsfOpticsInput,
  options: PsfFileOptions = {},
): Promise<PsfFileResult> {
  formatOf(output);
  await storage.checkOutput(output, options.force);
  const optics = resolvePsfOptions(input);
  const model = psfModelOf(input);
  const nyquist = { pixelSize: roundDown(model.nyquistPixelSize), zStep: roundDown(model.axialPeriod / 2) };
  const {
    pixelSize = nyquist.pixelSize,
    zStep = nyquist.zStep,
    planes = 41,
    size,
    force,
    signal,
    onProgress,
  } = options;
  const made = psfStack(model, { pixelSize, zStep, planes, size, signal, onProgress });
  const stack = { ...made, optics: { ...made.optics, refractiveIndex: optics.refractive_index } };
  await writeImage(storage, output, imageOfStack(stack, output), { force });
  const { depth, height, width } = stack;
  const defocus = Math.floor(planes / 2) * zStep;
  return {
    output,
    optics,
    shape: [depth, height, width],
    pixelSize,
    zStep,
    focus: model.focus,
    nyquist,
    warnings: samplingWarnings(model, { pixelSize, zStep, height, width, defocus }),
  };
}

/** To three digits, downwards. */
function roundDown(value: number): number {
  const unit = 10 ** (Math.floor(Math.log10(value)) - 2);
  return Number((Math.floor(value / unit) * unit).toPrecision(3));
}

export interface MeasureBeadsFileOptions extends Omit<MeasureBeadsOptions, "saturation"> {
  channel?: number | undefined;
  time?: number | undefined;
  /** Where the mean of the beads is written; its picture is written beside it, NAME.png. Default: nowhere. */
  output?: string | undefined;
  force?: boolean | undefined;
}

export interface MeasureBeadsFileResult extends Omit<MeasuredBeads, "warnings"> {
  warnings: Warning[];
  /** What was known of the optics before the fit. */
  optics: PsfOptics;
  output?: string;
  picture?: string;
}

/**
 * Measures the beads of a file; what the file knows of its optics need not be given.
 * @throws what {@link measureBeads} throws; `calibration.missing` without NA; `output.exists` before any work
 */
export async function measureBeadsFile(
  { storage, drawPng }: OutputContext,
  file: ImageFile,
  options: MeasureBeadsFileOptions,
): Promise<MeasureBeadsFileResult> {
  const { output, force } = options;
  const picture = output?.replace(/(\.ome)?\.tiff?$/i, "").concat(".png");
  if (output !== undefined && picture !== undefined) {
    if (formatOf(output) === "png") {
      const message = `Output ${output}: a measured PSF has many planes; give a name that ends in .tif.`;
      throw new ParfocalError("usage", message, { option: "out", got: output, expected: ".tif" });
    }
    for (const path of [output, picture]) await storage.checkOutput(path, force);
  }
  const channel = checkIndex(file, "channel", options.channel, file.path);
  const time = checkIndex(file, "time", options.time, file.path);
  const known = file.optics ?? {};
  const na = options.optics.na ?? known.na;
  if (na === undefined) {
    const message = `${file.path}: beads can be fitted only with the objective's numerical aperture; give \`na <NA of the objective>\`.`;
    throw new ParfocalError("calibration.missing", message, { path: file.path, what: "NA", option: "na" });
  }
  const wavelength = file.emissionWavelengths?.[channel] ?? known.wavelength;
  const input: PsfOpticsInput = {
    ...(wavelength === undefined ? {} : { wavelength }),
    ...(known.refractiveIndex === undefined ? {} : { refractive_index: known.refractiveIndex }),
    ...options.optics,
    na,
  };
  const optics = resolvePsfOptions(input);
  const stack = await readStack(file, { channel, time, finite: true });
  const saturation = { uint8: 255, uint16: 65535, float32: Number.POSITIVE_INFINITY }[file.dtype];
  const measured = await measureBeads(stack, { ...options, optics: input, saturation });
  const { pixelSize, zStep, height, width } = stack;
  const sampling = samplingWarnings(psfModelOf(input), { pixelSize: pixelSize?.x ?? 1, zStep, height, width });
  const result = { ...measured, optics, warnings: [...sampling, ...warningsOf("bead_fit", measured.warnings)] };
  if (output === undefined || picture === undefined) return result;
  const rows = measured.beads.map((bead, i) => {
    const { stack: own, fit } = bead;
    return {
      label: `Bead ${i + 1}: x ${bead.x.toFixed(1)}, y ${bead.y.toFixed(1)}, plane ${bead.z.toFixed(1)}`,
      stack: own,
      fit,
    };
  });
  const sheet = await drawPng(await beadSheet(rows, file.path.replace(/^.*[\\/]/, "")));
  await writeImages(storage, [{ path: output, image: imageOfStack(measured.average, output) }], {
    force,
    files: [[picture, sheet]],
  });
  return { ...result, output, picture };
}
