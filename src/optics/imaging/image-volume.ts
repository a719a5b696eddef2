/**
 * Images a specimen in fluorescence: each focal plane is the sum of all slices, blurred by the PSF of their distance.
 */
import { breatheThrough } from "../../array/breathe.ts";
import { createRealFft2, type RealFft2 } from "../../array/fft.ts";
import { ParfocalError } from "../../errors.ts";
import type { Volume } from "../phantom/volume.ts";
import { createOtfBank, type Otf, type OtfBank } from "../psf/otf.ts";
import type { PsfModel } from "../psf/psf-model.ts";
import type { Pupil } from "../psf/pupil.ts";
import { createPace, type ImagingControl } from "./pace.ts";
import { requirePlanes } from "./require-planes.ts";
import { superpose, transformSlicesSteps } from "./superpose.ts";

/** The optics: a pupil for wide field, or any PSF model. */
export type PointSpread = PsfModel | Pupil;

/** Lateral size of a volume, in voxels and um. */
export type FieldGrid = Pick<Volume, "height" | "width" | "pixelSize">;

/**
 * A microscope for fields of one size. OTFs are slow to compute and are cached, one for every distance between slice
 * and plane that has occurred. Round random heights to a fraction of a slice, so that few distances occur.
 */
export interface Imager extends FieldGrid {
  readonly plan: RealFft2;
  /** @param defocus z(emitter) - z(focal plane), um; rounded to 0.1 nm */
  otf(defocus: number): Otf;
  /** See {@link imageVolume}; the sides of the volume must be those of the imager. */
  image(volume: Volume, planes: readonly number[], control?: ImagingControl): Promise<Float32Array>;
}

/** Values of defocus closer than this, um, share an OTF. */
const FINEST = 1e-4;

/**
 * @throws `usage` for impossible optics, or sides that are not 2^a 3^b 5^c
 */
export function createImager(model: PointSpread, grid: FieldGrid): Imager {
  const { height, width, pixelSize } = grid;
  const plan = createRealFft2(height, width);
  const bank = createOtfBank(model, { pixelSize, step: FINEST, height, width });
  const imager: Imager = {
    height,
    width,
    pixelSize,
    plan,
    otf: (defocus) => bank.at(Math.round(defocus / FINEST)),
    async image(volume, planes, control = {}) {
      checkSides(imager, volume);
      checkPlanes(planes);
      requirePlanes(planes.length, imager);
      const pace = createPace(control, planes.length);
      const levels = levelsWithContent(volume);
      const slices = await breatheThrough(
        transformSlicesSteps(plan, levels, (image, s) => drawSlice(image, volume, levels[s])),
        control.signal,
      );
      const out = new Float32Array(planes.length * height * width);
      for (const group of groupBySlicing(volume, planes)) {
        const bank = shiftedBank(imager, volume.sliceStep, group.offset);
        const images =
          control.pool?.superpose(plan, slices, group.levels, bank, control.signal) ??
          superpose(plan, slices, group.levels, bank);
        let index = 0;
        for await (const image of images) {
          out.set(image, group.indices[index++] * height * width);
          await pace();
        }
      }
      return out;
    },
  };
  return imager;
}

/**
 * Fluorescence images of the whole wrapping box. Intensities add: I(z) = sum over slices of PSF(z' - z) * density x
 * thickness. The unit is the light of one um of full density in focus, every photon of it collected, so that a uniform
 * layer t um thick has intensity t in wide field at any focus, and in a sectioning mode only near it.
 *
 * @param model optics of a widefield microscope, or a PSF model of any kind
 * @param planes focal planes, um, in any order; planes with the same position between two slices share their OTFs, so
 * planes at the heights of slices are fastest
 * @returns `[planes, height, width]`, 0 or above except for rounding
 * @throws `usage` for impossible optics, sides that are not 2^a 3^b 5^c, or planes that are not numbers; `interrupted`
 */
export async function imageVolume(
  volume: Volume,
  model: PointSpread,
  planes: readonly number[],
  control: ImagingControl = {},
): Promise<Float32Array> {
  return createImager(model, volume).image(volume, planes, control);
}

/**
 * Adds a slice in the unit of {@link imageVolume}.
 * @param pattern `[height, width]` of the exciting light; default 1 everywhere
 */
export function drawSlice(image: Float32Array, volume: Volume, level: number, pattern?: Float32Array): void {
  const { data, sliceStep } = volume;
  const start = level * image.length;
  if (pattern === undefined) for (let i = 0; i < image.length; i++) image[i] += sliceStep * data[start + i];
  else for (let i = 0; i < image.length; i++) image[i] += sliceStep * data[start + i] * pattern[i];
}

/** The slices that are not empty; the others need no transform. */
export function levelsWithContent(volume: Volume): number[] {
  const { data, depth, height, width } = volume;
  const size = height * width;
  const holdsAny = (z: number) => {
    for (let i = z * size; i < (z + 1) * size; i++) if (data[i] !== 0) return true;
    return false;
  };
  return Array.from({ length: depth }, (_, z) => z).filter(holdsAny);
}

/** Focal planes with the same position between two slices. */
export interface PlaneGroup {
  /** Their indices in the list of planes. */
  indices: number[];
  /** For each plane, the slice that it lies `offset` um above. */
  levels: number[];
  offset: number;
}

/** Groups focal planes by their position between slices, to 0.1 nm. */
export function groupBySlicing(volume: Volume, planes: readonly number[]): PlaneGroup[] {
  const { bottom, sliceStep } = volume;
  const groups = new Map<number, PlaneGroup>();
  planes.forEach((z, index) => {
    const level = Math.round((z - bottom) / sliceStep);
    const offset = Math.round((z - bottom - level * sliceStep) / FINEST) * FINEST;
    const key = Math.round(offset / FINEST);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { indices: [index], levels: [level], offset });
    else {
      group.indices.push(index);
      group.levels.push(level);
    }
  });
  return [...groups.values()];
}

/** OTFs by whole slices, for planes `offset` um above a slice. */
export function shiftedBank(imager: Imager, sliceStep: number, offset: number): OtfBank {
  return { height: imager.height, width: imager.width, at: (level) => imager.otf(level * sliceStep - offset) };
}

export function checkSides(imager: FieldGrid, volume: Volume): void {
  for (const side of ["height", "width", "pixelSize"] as const) {
    if (imager[side] === volume[side]) continue;
    const message =
      `Imaging: the ${side} of the specimen's volume is ${volume[side]}, but the microscope was prepared for ` +
      `${imager[side]}; prepare one for this volume.`;
    throw new ParfocalError("usage", message, { option: side, got: volume[side], expected: String(imager[side]) });
  }
}

export function checkPlanes(planes: readonly number[]): void {
  const wrong = planes.find((z) => !Number.isFinite(z));
  if (wrong === undefined && planes.length > 0) return;
  const message = `Imaging: focal planes are ${wrong ?? "missing"}; give at least one z in um.`;
  throw new ParfocalError("usage", message, { option: "planes", got: wrong, expected: "numbers, um" });
}
