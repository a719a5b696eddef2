/** What of a calibration is possible, but hardly meant: pixels and z steps that do not go with the optics. */
import type { ImageInfo } from "../../image/image.ts";
import { nyquistPixelSize } from "./pupil.ts";

/** Pixels this many times coarser than the optics resolve are likely those of the sensor, not divided by the magnification. */
const coarsePixels = 20;
/** A stack whose planes lie this many depths of field apart shows no structure in two of them. */
const farPlanes = 50;

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
  if (pixel > coarsePixels * nyquist) {
    doubts.push(
      `Pixels of ${round(pixel)} um are ${Math.round(pixel / nyquist)} times as coarse as an objective of NA ${na} needs at ${round(wavelength)} um ` +
        `(${round(nyquist)} um): check whether this is the camera's pixel, not divided by the magnification, and give \`pixel_size <your pixel size>\` (um).`,
    );
  }
  const depthOfField = (wavelength * (optics?.refractiveIndex ?? Math.max(1, na))) / na ** 2;
  if (zStep !== undefined && zStep > farPlanes * depthOfField) {
    doubts.push(
      `A z step of ${round(zStep)} um is ${Math.round(zStep / depthOfField)} times the depth of field of ${round(depthOfField)} um ` +
        `(NA ${na}, ${round(wavelength)} um): check it, and give \`z_step <your z step>\` (um).`,
    );
  }
  return doubts;
}

const round = (value: number): number => Number(value.toPrecision(3));
