/** Deconvolution of an image file into another. */

import { type Deconvolved, deconvolve } from "../classical/deconvolution/deconvolve.ts";
import { type DeconvolveOptions, resolveDeconvolveOptions } from "../classical/deconvolution/deconvolve-options.ts";
import { measuredPsf } from "../classical/deconvolution/measured-psf.ts";
import { opticalPsf, opticsOf } from "../classical/deconvolution/optical-psf.ts";
import type { PsfVolume } from "../classical/deconvolution/volume.ts";
import type { PixelType, Rescale, Stack } from "../image/image.ts";
import { type ImageFile, readStack } from "../image/image-file.ts";
import { checkFormat, checkRescale, formatOf, type OutputFormat } from "../image/image-format.ts";
import { openImage } from "../image/open-stored-image.ts";
import { infoOfStack } from "../image/stack-image.ts";
import type { Storage } from "../image/storage.ts";
import { plannedBytes, writeImage } from "../image/write-image.ts";
import type { ImagingControl } from "../optics/imaging/pace.ts";
import { type PsfOpticsInput, psfModelOf } from "../optics/psf/optics-options.ts";
import type { Warning } from "../warning.ts";

export interface DeconvolveFileOptions extends ImagingControl {
  channel?: number | undefined;
  time?: number | undefined;
  /** A measured PSF: the image or the stack of a bead. Without it the PSF is computed from the optics. */
  psf?: string | undefined;
  /** What the file does not say of its optics: the model, aberrations, a pinhole. */
  optics?: PsfOpticsInput | undefined;
  /** Default `float32`; whole numbers are rounded and clipped. */
  dtype?: PixelType | undefined;
  /** Spreads the values over all counts of a whole `dtype`, and says in the file what they mean. */
  rescale?: boolean | undefined;
  format?: OutputFormat | undefined;
  force?: boolean | undefined;
}

export interface DeconvolveFileResult extends Omit<Deconvolved, "stack"> {
  output: string;
  method: string;
  /** Where the PSF came from, and its size `[z, y, x]` on the image's grid. */
  psf: { source: string; shape: [number, number, number] };
  /** What the counts of the output mean, where they were rescaled: value = offset + scale * count. */
  rescale?: Rescale;
  seconds: number;
}

/**
 * @param file with its calibration, such as overrideCalibration leaves it
 * @throws what deconvolve, the reader and the writer throw; an output that exists is refused before any work
 */
export async function deconvolveFile(
  storage: Storage,
  file: ImageFile,
  output: string,
  options: DeconvolveOptions = {},
  fileOptions: DeconvolveFileOptions = {},
): Promise<DeconvolveFileResult> {
  const begun = performance.now();
  const { channel, time, dtype = "float32", rescale, format = formatOf(output), force, signal } = fileOptions;
  const resolved = resolveDeconvolveOptions(options);
  await storage.checkOutput(output, force);
  checkRescale(output, dtype, rescale);
  const stack = await readStack(file, { channel, time, signal, finite: true });
  const info = { ...infoOfStack(stack), dtype };
  checkFormat(info, format, output);
  await storage.checkRoom([{ path: output, size: plannedBytes(output, info, format) }]);
  const psf = await psfFor(storage, stack, fileOptions, resolved.planes_separately);
  const done = await deconvolve(stack, psf.volume, resolved, fileOptions);
  const { stack: result, warnings, ...numbers } = done;
  const image = { ...infoOfStack({ ...result, dtype }), data: result.data };
  const written = await writeImage(storage, output, image, { force, format, rescale });
  return {
    output,
    method: resolved.method,
    ...numbers,
    psf: { source: psf.source, shape: [psf.volume.depth, psf.volume.height, psf.volume.width] },
    ...(written.rescale && { rescale: written.rescale }),
    warnings: [...psf.warnings, ...warnings, ...written.warnings],
    seconds: (performance.now() - begun) / 1000,
  };
}

async function psfFor(
  storage: Storage,
  stack: Stack,
  { psf: path, optics: more = {} }: DeconvolveFileOptions,
  separately: boolean,
): Promise<{ volume: PsfVolume; source: string; warnings: Warning[] }> {
  const target = separately ? { ...stack, depth: 1 } : stack;
  if (path === undefined) {
    const { optics, warnings } = opticsOf(stack.optics);
    const computed = opticalPsf(psfModelOf({ ...optics, ...more }), target);
    const kind = more.pinhole ? "confocal" : more.sheet_thickness ? "light sheet" : "widefield";
    const { na, wavelength, refractive_index: index } = optics;
    const source = `${kind}, ${more.psf ?? "scalar"}, NA ${na}, ${wavelength} um, index ${index}`;
    return { volume: computed.psf, source, warnings: [...warnings, ...computed.warnings] };
  }
  const file = await openImage(storage, path);
  try {
    const measured = measuredPsf(await readStack(file, { finite: true }), target);
    return { volume: measured.psf, source: path, warnings: measured.warnings };
  } finally {
    await file.close();
  }
}
