/**
 * Structured illumination as Neil, Juskaitis & Wilson use it for sectioning (Opt. Lett. 22, 1905, 1997): a grid is
 * projected into the specimen and imaged at three positions, a third of a period apart.
 */
import { breatheThrough } from "../../array/breathe.ts";
import { ParfocalError } from "../../errors.ts";
import type { Volume } from "../phantom/volume.ts";
import type { Otf } from "../psf/otf.ts";
import { checkPupil, type Pupil } from "../psf/pupil.ts";
import {
  checkPlanes,
  checkSides,
  drawSlice,
  type FieldGrid,
  groupBySlicing,
  type Imager,
  levelsWithContent,
  shiftedBank,
} from "./image-volume.ts";
import { createPace, type ImagingControl } from "./pace.ts";
import { pupilContrast } from "./pupil-contrast.ts";
import { requirePlanes } from "./require-planes.ts";
import { superpose, transformSlicesSteps } from "./superpose.ts";

export interface GridPattern {
  /**
   * Spatial frequency as a fraction of the cut-off of the illumination, 2 NA / lambda; above 0 and below 1, 0.5
   * sections best.
   */
  frequency: number;
  /** Direction in which the grid repeats, degrees from the x axis; default 0. */
  orientation?: number;
  /** Contrast of the grid itself, 0..1; default 1. In the specimen it is reduced by the OTF of the illumination. */
  modulation?: number;
}

/** Settings of the three exposures of a plane. */
export interface GridExposures {
  /** Position of the grid in each exposure, radians; ideally 0, 2 pi / 3 and 4 pi / 3. */
  phases: readonly number[];
  /** Relative brightness of the light in each exposure; default 1. */
  intensities?: readonly number[];
}

const idealPhases: readonly number[] = [0, (2 * Math.PI) / 3, (4 * Math.PI) / 3];

export interface GridMicroscope {
  /**
   * The frequency, cycles/um, closest to the requested one with a whole number of periods in the box, whose sides wrap.
   */
  readonly frequency: { x: number; y: number };
  /**
   * Contrast of the grid in the specimen at a distance z(emitter) - z(focal plane), um; negative where it is reversed.
   */
  contrast(defocus: number): number;
  /**
   * Three exposures of every focal plane.
   * @param exposures for each plane; default `idealPhases`
   * @returns `[planes, 3, height, width]` in the unit of `imageVolume`: their mean is the widefield image
   */
  image(
    volume: Volume,
    planes: readonly number[],
    exposures?: readonly GridExposures[],
    control?: ImagingControl,
  ): Promise<Float32Array>;
}

/**
 * Prepares structured illumination. At a distance d from focus the light is 1 + m(d) cos(2 pi k x + phase), with
 * m(d) = modulation x OTF_illumination(k, d) (Stokseth, J. Opt. Soc. Am. 59, 1314, 1969, approximates it; here it is
 * integrated). Each plane is W + cos(phase) C - sin(phase) S, where W, C and S are the images of the specimen, of
 * specimen x cos and of specimen x sin: three superpositions give any phase exactly.
 *
 * @param imager the detection; share it with the other modes of the same field
 * @param illumination the objective with the wavelength of the exciting light
 * @throws `usage` for impossible optics, or a frequency that is not between 0 and the cut-off
 */
export function createGridMicroscope(imager: Imager, illumination: Pupil, pattern: GridPattern): GridMicroscope {
  checkPupil(illumination);
  const { frequency: fraction, orientation = 0, modulation = 1 } = pattern;
  requireBetween("frequency", fraction, 0, 1, fraction > 0 && fraction < 1);
  requireBetween("modulation", modulation, 0, 1, modulation >= 0 && modulation <= 1);
  const cycles = cyclesInBox(imager, (fraction * 2 * illumination.na) / illumination.wavelength, orientation);
  const frequency = {
    x: cycles.x / (imager.width * imager.pixelSize),
    y: cycles.y / (imager.height * imager.pixelSize),
  };
  const k = Math.hypot(frequency.x, frequency.y);
  const made = new Map<number, number>();
  const contrast = (defocus: number) => {
    const key = Math.round(defocus * 1e4);
    let value = made.get(key);
    if (value === undefined) {
      value = modulation * pupilContrast(illumination, k, key / 1e4);
      made.set(key, value);
    }
    return value;
  };
  const attenuated = createAttenuatedOtfs(imager, contrast);
  const waves = wavesOf(imager, cycles);

  const image: GridMicroscope["image"] = async (volume, planes, exposures, control = {}) => {
    checkSides(imager, volume);
    checkPlanes(planes);
    checkExposures(planes, exposures);
    requirePlanes(planes.length, imager, 12);
    const pace = createPace(control, 3 * planes.length);
    const size = imager.height * imager.width;
    const levels = levelsWithContent(volume);
    const out = new Float32Array(planes.length * 3 * size);
    for (const part of ["mean", "cosine", "sine"] as const) {
      const wave = part === "mean" ? undefined : waves[part];
      const slices = await breatheThrough(
        transformSlicesSteps(imager.plan, levels, (slice, s) => drawSlice(slice, volume, levels[s], wave)),
        control.signal,
      );
      for (const group of groupBySlicing(volume, planes)) {
        const otf = part === "mean" ? imager.otf : attenuated;
        const bank = shiftedBank({ ...imager, otf }, volume.sliceStep, group.offset);
        let index = 0;
        for (const seen of superpose(imager.plan, slices, group.levels, bank)) {
          const plane = group.indices[index++];
          addExposures(out, seen, plane, part, exposures?.[plane]);
          await pace();
        }
      }
    }
    return out;
  };
  return { frequency, contrast, image };
}

/** Adds W, cos(phase) C or -sin(phase) S to the three exposures of a plane. */
function addExposures(
  out: Float32Array,
  seen: Float32Array,
  plane: number,
  part: "mean" | "cosine" | "sine",
  exposures: GridExposures = { phases: idealPhases },
): void {
  exposures.phases.forEach((phase, j) => {
    const share = part === "mean" ? 1 : part === "cosine" ? Math.cos(phase) : -Math.sin(phase);
    const factor = share * (exposures.intensities?.[j] ?? 1);
    const start = (plane * 3 + j) * seen.length;
    for (let i = 0; i < seen.length; i++) out[start + i] += factor * seen[i];
  });
}

/** OTF(d) x m(d), made once for every defocus. */
function createAttenuatedOtfs(imager: Imager, contrast: (defocus: number) => number): (defocus: number) => Otf {
  const made = new Map<number, Otf>();
  return (defocus) => {
    const key = Math.round(defocus * 1e4);
    let otf = made.get(key);
    if (otf === undefined) {
      const factor = contrast(defocus);
      const { real, imag } = imager.otf(defocus);
      otf = { real: real.map((v) => factor * v), ...(imag && { imag: imag.map((v) => factor * v) }) };
      made.set(key, otf);
    }
    return otf;
  };
}

/** Whole periods across the box along each axis, nearest to a frequency in cycles/um; at least one in all. */
function cyclesInBox(grid: FieldGrid, frequency: number, orientation: number): { x: number; y: number } {
  const angle = (orientation * Math.PI) / 180;
  const x = Math.round(frequency * Math.cos(angle) * grid.width * grid.pixelSize);
  const y = Math.round(frequency * Math.sin(angle) * grid.height * grid.pixelSize);
  const samples = 1 / (Math.hypot(x / grid.width, y / grid.height) || 1e-9);
  if (samples < 2 || (x === 0 && y === 0)) {
    const message =
      `Structured illumination: a grid of ${frequency.toPrecision(3)} cycles/um has ` +
      `${samples < 2 ? `${samples.toPrecision(3)} pixels in a period, fewer than 2` : "no whole period in the field"}; ` +
      `give ${samples < 2 ? "a lower frequency or smaller pixels" : "a higher frequency or a larger field"}.`;
    throw new ParfocalError("usage", message, {
      option: "frequency",
      got: frequency,
      expected: "2 pixels to the field",
    });
  }
  return { x, y };
}

function wavesOf(grid: FieldGrid, cycles: { x: number; y: number }): { cosine: Float32Array; sine: Float32Array } {
  const { height, width } = grid;
  const cosine = new Float32Array(height * width);
  const sine = new Float32Array(height * width);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const angle = 2 * Math.PI * ((cycles.x * x) / width + (cycles.y * y) / height);
      cosine[y * width + x] = Math.cos(angle);
      sine[y * width + x] = Math.sin(angle);
    }
  }
  return { cosine, sine };
}

function checkExposures(planes: readonly number[], exposures: readonly GridExposures[] | undefined): void {
  if (exposures === undefined) return;
  const wrong = exposures.find(({ phases, intensities }) => phases.length !== 3 || (intensities?.length ?? 3) !== 3);
  if (wrong === undefined && exposures.length === planes.length) return;
  const got = wrong === undefined ? `${exposures.length} planes` : `${wrong.phases.length} phases`;
  const message = `Structured illumination: exposures are given for ${got}; expected 3 phases for each of ${planes.length} planes.`;
  throw new ParfocalError("usage", message, { option: "exposures", got, expected: `3 for each of ${planes.length}` });
}

function requireBetween(option: string, value: number, low: number, high: number, fits: boolean): void {
  if (fits) return;
  const message = `Structured illumination: ${option} is ${value}; expected a number between ${low} and ${high}.`;
  throw new ParfocalError("usage", message, { option, got: value, expected: `${low} to ${high}` });
}
