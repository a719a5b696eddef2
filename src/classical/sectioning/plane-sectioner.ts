/** The sectioning methods, one plane after the other, from exposures that are read on demand. */
import { throwIfAborted } from "../../errors.ts";
import { type Warning, warningsOf } from "../../warning.ts";
import type { ExposureSource } from "./exposure-source.ts";
import { measureGrid, perfectGrid, sectionOnePlane } from "./grid-plane-by-plane.ts";
import { type HiloOptions, noSpeckleContrast, sectionFromSpeckle } from "./hilo.ts";
import type { ResolvedSectionOptions, SectionMethod } from "./section-options.ts";
import type { HiloOptics } from "./speckle-weight.ts";

/** Measurements of a method, under their JSON names. */
export interface SectionFindings {
  /** hilo: weight of the low frequencies. */
  eta?: number;
  /** hilo: mean of the section over mean of the uniform image, plane by plane: the share of the light that is in focus. */
  in_focus?: (number | null)[];
  /**
   * sim: mean of the section over mean of the widefield image, plane by plane: the depth to which the grid modulates the light.
   * Noise lifts it.
   */
  modulation?: (number | null)[];
  /** sim: positions of the grid, radians, and relative brightness, of the three exposures of each plane. */
  phases?: number[][];
  brightness?: number[][];
  /** sim, corrected: period of the grid, and the direction it repeats in, degrees from x towards y, -90 to 90. */
  period_pixels?: number;
  period_um?: number;
  orientation_degrees?: number;
  /** sim, corrected: planes in which the grid was seen; the others follow them. */
  planes_with_grid?: number;
  warnings: Warning[];
}

export interface PlaneSectioner {
  /** The section of plane z, and the widefield image: counts above the offset, `[height, width]` each. */
  next(z: number): Promise<{ section: Float32Array; widefield: Float32Array }>;
  /** Complete once all planes have been made. */
  found(): SectionFindings;
}

interface Control {
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: { done: number; total: number }) => void) | undefined;
}

/**
 * Measures the properties of the whole stack, reading it plane by plane: the grid, or the weight of low frequencies.
 * @throws what the source and the method throw, `interrupted`
 */
export function sectionerOf(
  method: SectionMethod,
  source: ExposureSource,
  options: ResolvedSectionOptions,
  control: Control,
): Promise<PlaneSectioner> {
  return method === "sim" ? ofGrid(source, options, control) : ofSpeckle(source, options, control);
}

async function ofGrid(
  source: ExposureSource,
  { offset, correct }: ResolvedSectionOptions,
  { signal, onProgress }: Control,
): Promise<PlaneSectioner> {
  const { planes, height, width } = source;
  const count = counter(correct ? 3 * planes : planes, onProgress);
  const read = async (z: number) => {
    const data = new Float32Array(3 * height * width);
    for (let j = 0; j < 3; j++) data.set(await lit(source, z, j, offset), j * height * width);
    return { data, height, width };
  };
  const grid = correct ? await measureGrid(planes, read, { signal, onPlane: count }) : undefined;
  const used = grid?.planes ?? Array.from({ length: planes }, perfectGrid);
  const modulation: (number | null)[] = [];
  return {
    async next(z) {
      const made = sectionOnePlane(await read(z), used[z]);
      modulation[z] = share(made);
      count();
      return made;
    },
    found: () => ({
      modulation,
      phases: used.map(({ phases }) => phases),
      brightness: used.map(({ brightness }) => brightness),
      ...(grid && grid.seen > 0 && describe(grid.frequency, source.info.pixelSize)),
      ...(grid && { planes_with_grid: grid.seen }),
      warnings: grid?.seen === 0 ? [{ code: "no_grid", text: NO_GRID }] : [],
    }),
  };
}

const NO_GRID =
  "No grid is visible in the differences of the three exposures, so that phases a third of a period apart are assumed. " +
  "Check that the exposures are in the right order and that something is in focus.";

function describe({ x, y }: { x: number; y: number }, pixelSize: { x: number; y: number } | undefined) {
  // The direction of a grid is defined up to 180 degrees.
  const degrees = (Math.atan2(y, x) * 180) / Math.PI;
  return {
    period_pixels: 1 / Math.hypot(x, y),
    ...(pixelSize && { period_um: 1 / Math.hypot(x / pixelSize.x, y / pixelSize.y) }),
    orientation_degrees: degrees > 90 ? degrees - 180 : degrees < -90 ? degrees + 180 : degrees,
  };
}

/** Maximum number of pixels in the planes in which the weight is measured: 64 MB per array. */
const measuredWeight_PIXELS = 2 ** 24;

async function ofSpeckle(
  source: ExposureSource,
  { offset, sigma, crossover, gain, read_noise: readNoise, laser_wavelength, eta: given }: ResolvedSectionOptions,
  { signal, onProgress }: Control,
): Promise<PlaneSectioner> {
  const { planes, height, width } = source;
  const optics = opticsOf(source.info, laser_wavelength);
  const options: HiloOptions = { sigma, crossover, gain, readNoise };
  const sample = given === undefined && optics === undefined ? spread(planes, height * width) : [];
  const count = counter(planes + sample.length, onProgress);
  const stackOf = async (levels: readonly number[], onPlane?: () => void) => {
    const [uniform, speckle] = [0, 1].map(() => new Float32Array(levels.length * height * width));
    for (const [i, z] of levels.entries()) {
      throwIfAborted(signal);
      uniform.set(await lit(source, z, 0, offset), i * height * width);
      speckle.set(await lit(source, z, 1, offset), i * height * width);
      onPlane?.();
    }
    return { uniform, speckle, planes: levels.length, height, width };
  };
  let eta = given;
  if (sample.length > 0) eta = sectionFromSpeckle(await stackOf(sample, count), { ...options, signal }).eta;
  const inFocus: (number | null)[] = [];
  let empty = 0;
  return {
    async next(z) {
      const stack = await stackOf([z]);
      const made = sectionFromSpeckle(stack, { ...options, eta, optics });
      // From the optics it is known after the first plane, and is the same for all.
      eta = made.eta;
      empty += made.warnings.length > 0 ? 1 : 0;
      const both = { section: made.section, widefield: stack.uniform };
      inFocus[z] = share(both);
      count();
      return both;
    },
    found: () => ({
      ...(eta !== undefined && { eta }),
      in_focus: inFocus,
      warnings: [
        ...warningsOf("measured_weight", sample.length > 0 ? [measuredWeight] : []),
        ...warningsOf("no_contrast", empty === planes ? [noSpeckleContrast] : []),
      ],
    }),
  };
}

const measuredWeight =
  "The NA, the emission wavelength or the pixel size is not known, so the weight of the low frequencies is measured at the crossover, which " +
  "is less reliable. Give `na`, `wavelength` and `pixel_size`.";

/** As many planes as the memory allows, spread evenly over the stack; at least three if there are as many. */
function spread(planes: number, size: number): number[] {
  const most = Math.min(planes, Math.max(3, Math.floor(measuredWeight_PIXELS / size)));
  return Array.from({ length: most }, (_, i) => Math.floor(((i + 0.5) * planes) / most));
}

function opticsOf({ optics, pixelSize }: ExposureSource["info"], laser: number | undefined): HiloOptics | undefined {
  const { na, wavelength } = optics ?? {};
  if (na === undefined || wavelength === undefined || pixelSize === undefined) return undefined;
  // In focus the medium has no effect; the index only has to be above the aperture.
  const detection = { na, wavelength, refractiveIndex: optics?.refractiveIndex ?? Math.max(1, 1.1 * na) };
  return {
    pixelSize: pixelSize.x,
    detection,
    ...(laser !== undefined && { illumination: { ...detection, wavelength: laser } }),
  };
}

/** An exposure in counts above the camera's offset. */
async function lit(source: ExposureSource, z: number, j: number, offset: number): Promise<Float32Array> {
  const counts = await source.read(z, j);
  if (offset !== 0) for (let i = 0; i < counts.length; i++) counts[i] -= offset;
  return counts;
}

function counter(total: number, report: Control["onProgress"]): () => void {
  let done = 0;
  return () => report?.({ done: ++done, total });
}

/** Mean of the section over mean of the widefield image; null where there is no light. */
function share({ section, widefield }: { section: Float32Array; widefield: Float32Array }): number | null {
  const sum = (data: Float32Array) => data.reduce((all, value) => all + value, 0);
  const light = sum(widefield);
  return light > 0 ? sum(section) / light : null;
}
