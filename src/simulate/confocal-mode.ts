/** Confocal and light-sheet microscopes: out-of-focus light is rejected by a pinhole, or not excited. */

import { z } from "zod";
import { plausibleNumber } from "../image/plausible-number.ts";
import type { ImagingMode } from "./mode.ts";
import { modelOf, modeOptics } from "./optics-schema.ts";
import { superpositionMemory } from "./widefield-mode.ts";

const excitation = plausibleNumber("wavelength")
  .default(0.488)
  .describe("wavelength of the excitation laser in vacuum, um");

const confocalKeys = z.strictObject({
  excitation_wavelength: excitation,
  pinhole: z.number().positive().default(1).describe("diameter of the pinhole in Airy units"),
});

const sheetKeys = z.strictObject({
  excitation_wavelength: excitation,
  sheet_thickness: z
    .number()
    .positive()
    .default(4)
    .describe("full width at half maximum of the sheet at its waist, um"),
  sheet_offset: modeOptics.sheet_offset,
  sheet_distance: modeOptics.sheet_distance,
});

export const confocalMode: ImagingMode<typeof confocalKeys> = {
  summary: "fluorescence in a confocal microscope with a pinhole",
  options: confocalKeys,
  exposures: ["image"],
  model: modelOf,
  memory: superpositionMemory,
  prepare: scanned,
};

export const lightSheetMode: ImagingMode<typeof sheetKeys> = {
  summary: "fluorescence in a light-sheet microscope",
  options: sheetKeys,
  exposures: ["image"],
  model: modelOf,
  memory: superpositionMemory,
  prepare: scanned,
};

function scanned(
  { optics, detection }: Parameters<ImagingMode["prepare"]>[0],
  options: z.output<typeof confocalKeys> | z.output<typeof sheetKeys>,
): ReturnType<ImagingMode["prepare"]> {
  const imager = detection(modelOf(optics, options), JSON.stringify([optics, options]));
  return {
    expose: async (volume, planes, _random, control) => ({ exposures: [await imager.image(volume, planes, control)] }),
  };
}
