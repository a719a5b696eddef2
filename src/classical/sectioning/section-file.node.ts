/** Sectioning of image files into another. */
import { checkOutput } from "../../image/atomic-file.node.ts";
import type { PixelType } from "../../image/image.ts";
import type { ImageFile } from "../../image/image-file.ts";
import { checkFormat, formatOf, type OutputFormat } from "../../image/image-format.ts";
import { imageOfStack, infoOfStack } from "../../image/stack-image.ts";
import { writeImage } from "../../image/write-image.node.ts";
import { type ExposureStacks, readExposures } from "./exposures.ts";
import { sectionFromSpeckle } from "./hilo.ts";
import {
  type ResolvedSectionOptions,
  resolveSectionOptions,
  type SectionMethod,
  type SectionOptions,
} from "./section-options.ts";
import type { HiloOptics } from "./speckle-weight.ts";
import { sectionFromGrid } from "./structured-illumination.ts";

export interface SectionFileOptions {
  /** Where the files have several channels or times that are no exposures. */
  channel?: number | undefined;
  time?: number | undefined;
  /** Default `float32`; whole numbers are rounded and clipped. */
  dtype?: PixelType | undefined;
  format?: OutputFormat | undefined;
  force?: boolean | undefined;
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: { done: number; total: number }) => void) | undefined;
}

/** Keys as they stand in JSON. */
export interface SectionFileResult {
  output: string;
  method: SectionMethod;
  planes: number;
  /** hilo: weight of the low frequencies. */
  eta?: number;
  /** sim: positions of the grid, radians, and relative brightness, of the three exposures of each plane. */
  phases?: number[][];
  brightness?: number[][];
  /** sim, corrected: period of the grid, pixels. */
  period_pixels?: number;
  seconds: number;
  warnings: string[];
}

/**
 * Makes sections of the exposures in one file or several, as {@link readExposures} finds them: for `hilo` uniform and speckled
 * light, for `sim` three positions of a grid. The output is in counts above the camera's offset.
 *
 * @throws what the reader, the method and the writer throw; an output that exists is refused before any work
 */
export async function sectionFile(
  files: readonly ImageFile[],
  method: SectionMethod,
  output: string,
  options: SectionOptions = {},
  fileOptions: SectionFileOptions = {},
): Promise<SectionFileResult> {
  const begun = performance.now();
  const { channel, time, dtype = "float32", format = formatOf(output), force, signal, onProgress } = fileOptions;
  const resolved = resolveSectionOptions(method, options);
  await checkOutput(output, force);
  const [count, what] =
    method === "hilo" ? ([2, "two exposures (uniform, speckle)"] as const) : ([3, "three exposures"] as const);
  const exposures = await readExposures(files, count, what, { channel, time, signal });
  const { planes, height, width, info } = exposures;
  const stack = { ...info, dtype, data: new Float32Array(0), depth: planes, height, width };
  checkFormat(infoOfStack(stack), format, output);
  const control = { signal, onProgress };
  const { section, ...found } =
    method === "hilo" ? hilo(exposures, resolved, control) : sim(exposures, resolved, control);
  await writeImage(output, imageOfStack({ ...stack, data: section }, output), { force, format });
  return { output, method, planes, ...found, seconds: (performance.now() - begun) / 1000 };
}

type Control = Pick<SectionFileOptions, "signal" | "onProgress">;
type Found = Omit<SectionFileResult, "output" | "method" | "planes" | "seconds"> & { section: Float32Array };

function hilo({ stacks, info, ...size }: ExposureStacks, options: ResolvedSectionOptions, control: Control): Found {
  const { read_noise: readNoise, laser_wavelength: laser, correct: _correct, ...rest } = options;
  const optics = opticsOf(info, laser);
  const { section, eta, warnings } = sectionFromSpeckle(
    { uniform: stacks[0], speckle: stacks[1], ...size },
    { ...rest, readNoise, optics, ...control },
  );
  const missing = optics === undefined && options.eta === undefined ? [MEASURED] : [];
  return { section, eta, warnings: [...missing, ...warnings] };
}

const MEASURED =
  "NA, emission wavelength or pixel size is not known, so the weight of low frequencies is measured at the crossover, which is " +
  "less sure: give --na, --wavelength and --pixel-size.";

function opticsOf({ optics, pixelSize }: ExposureStacks["info"], laser: number | undefined): HiloOptics | undefined {
  const { na, wavelength } = optics ?? {};
  if (na === undefined || wavelength === undefined || pixelSize === undefined) return undefined;
  // In focus the medium does not matter; the index has only to be one that the aperture is possible in.
  const detection = { na, wavelength, refractiveIndex: optics?.refractiveIndex ?? Math.max(1, 1.1 * na) };
  return {
    pixelSize: pixelSize.x,
    detection,
    ...(laser !== undefined && { illumination: { ...detection, wavelength: laser } }),
  };
}

function sim(
  { stacks, planes, height, width }: ExposureStacks,
  { offset, correct }: ResolvedSectionOptions,
  control: Control,
): Found {
  const size = height * width;
  const data = new Float32Array(3 * planes * size);
  for (let z = 0; z < planes; z++) {
    stacks.forEach((one, j) => {
      data.set(one.subarray(z * size, (z + 1) * size), (3 * z + j) * size);
    });
  }
  const { section, phases, brightness, frequency, warnings } = sectionFromGrid(
    { data, planes, height, width },
    { offset, correct, ...control },
  );
  const period = frequency && 1 / Math.hypot(frequency.x, frequency.y);
  return { section, phases, brightness, ...(period !== undefined && { period_pixels: period }), warnings };
}
