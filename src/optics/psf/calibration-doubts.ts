/** Warnings about calibrations that are possible but unlikely: pixel sizes and z steps that do not fit the optics. */
import type { ImageInfo } from "../../image/image.ts";
import { nyquistPixelSize } from "./pupil.ts";

/**
 * Pixels coarser than this many times the Nyquist limit are probably those of the sensor, not divided by the
 * magnification.
 */
const maxNyquistRatio = 20;
/** With a z step above this many depths of field, no structure appears in two planes. */
const maxStepDepths = 50;

/**
 * Sentences for the user; none where NA or wavelength is not known.
 * @param info lengths in um
 */
export function calibrationDoubts(
  info: Pick<ImageInfo, "pixelSize" | "zStep" | "optics" | "emissionWavelengths">,
): string[] {
  const { pixelSize, zStep, optics } = info;
  const wavelength = optics?.wavelength ?? info.emissionWavelengths?.find((one) => one !== undefined);
  const na = optics?.na;
  if (na === undefined || wavelength === undefined) return [];
  const doubts: string[] = [];
  const nyquist = nyquistPixelSize({ na, wavelength });
  const pixel = pixelSize ? Math.max(pixelSize.x, pixelSize.y) : 0;
  if (pixel > maxNyquistRatio * nyquist) {
    doubts.push(
      `The pixel size of ${round(pixel)} um is ${Math.round(pixel / nyquist)} times the Nyquist limit of an objective of NA ${na} at ${round(wavelength)} um ` +
        `(${round(nyquist)} um). Check whether it is the pixel of the camera, not divided by the magnification, and give \`pixel_size <your pixel size>\` (um).`,
    );
  }
  const depthOfField = (wavelength * (optics?.refractiveIndex ?? Math.max(1, na))) / na ** 2;
  if (zStep !== undefined && zStep > maxStepDepths * depthOfField) {
    doubts.push(
      `The z step of ${round(zStep)} um is ${Math.round(zStep / depthOfField)} times the depth of field of ${round(depthOfField)} um ` +
        `(NA ${na}, ${round(wavelength)} um). Check it, and give \`z_step <your z step>\` (um).`,
    );
  }
  return doubts;
}

const round = (value: number): number => Number(value.toPrecision(3));
