/** Light sheet: widefield detection with excitation only near the focal plane. */

import { ParfocalError } from "../../errors.ts";
import { requirePlausible } from "../../image/plausible-calibration.ts";
import type { PsfModel } from "./psf-model.ts";
import { requirePositive } from "./pupil.ts";

export interface LightSheet {
  /** Excitation wavelength in vacuum, um. */
  excitationWavelength: number;
  /** Refractive index of the medium that the sheet passes through. */
  refractiveIndex: number;
  /** Full width at half maximum along z at the waist, um. */
  thickness: number;
  /** z(sheet) - z(focal plane), um; default 0. */
  offset?: number | undefined;
  /** Distance from the waist along the sheet, um; default 0. The sheet is thicker and dimmer there. */
  distance?: number | undefined;
}

/**
 * Full width at half maximum, um, of a Gaussian sheet at a distance from its waist: w(x) = w0 sqrt(1 + (x / xR)^2) with
 * xR = pi n w0^2 / lambda (Saleh & Teich, Fundamentals of Photonics, eq. 3.1-8; for light sheets: Power & Huisken, Nat.
 * Methods 14, 360 (2017)), FWHM = w sqrt(2 ln 2).
 */
export function sheetThickness(sheet: LightSheet): number {
  const waist = sheet.thickness / Math.sqrt(2 * Math.LN2);
  const range = (Math.PI * sheet.refractiveIndex * waist * waist) / sheet.excitationWavelength;
  return sheet.thickness * Math.hypot(1, (sheet.distance ?? 0) / range);
}

/**
 * PSF = detection PSF x intensity of the sheet at the point: (w0 / w) exp(-2 (z - offset)^2 / w^2), which is 1 at the
 * centre of the waist. The sum over a plane falls with defocus as the sheet does.
 *
 * @throws `usage` for an impossible sheet
 */
export function lightSheetModel(detection: PsfModel, sheet: LightSheet): PsfModel {
  requirePlausible("wavelength", sheet.excitationWavelength, "excitation_wavelength");
  requirePositive("sheet_thickness", sheet.thickness, "the sheet's full width at half maximum in um, such as 3");
  const { offset = 0, distance = 0 } = sheet;
  for (const [option, got] of [
    ["sheet_offset", offset],
    ["sheet_distance", distance],
  ] as const) {
    if (Number.isFinite(got)) continue;
    throw new ParfocalError("usage", `Optics: ${option} is ${got}; give a length in um.`, {
      option,
      got,
      expected: "a number, um",
    });
  }
  const thickness = sheetThickness(sheet);
  const dimming = sheet.thickness / thickness;
  // With w = FWHM / sqrt(2 ln 2): exp(-2 z^2 / w^2) = 2^(-4 z^2 / FWHM^2).
  const light = (z: number) => dimming * 2 ** (-4 * ((z - offset) / thickness) ** 2);
  return {
    ...detection,
    symmetric: detection.symmetric && offset === 0,
    // A Gaussian's spectrum has fallen to 2 % at one over its FWHM.
    axialPeriod: 1 / (1 / detection.axialPeriod + 1 / thickness),
    psf(options) {
      const psf = detection.psf(options);
      const share = light(options.defocus ?? 0);
      return { ...psf, data: psf.data.map((value) => value * share) };
    },
  };
}
