/** All imaging modes, by their names in recipes. */
import { confocalMode, lightSheetMode } from "./confocal-mode.ts";
import { hologramMode } from "./hologram-mode.ts";
import type { ImagingMode } from "./mode.ts";
import { speckleMode } from "./speckle-mode.ts";
import { structuredMode } from "./structured-mode.ts";
import { transmittedMode } from "./transmitted-mode.ts";
import { widefieldMode } from "./widefield-mode.ts";

export const modeNames = [
  "widefield",
  "confocal",
  "light-sheet",
  "structured-illumination",
  "hilo",
  "transmitted",
  "hologram",
] as const;
export type ModeName = (typeof modeNames)[number];

export const imagingModes: Readonly<Record<ModeName, ImagingMode>> = {
  widefield: widefieldMode,
  confocal: confocalMode as unknown as ImagingMode,
  "light-sheet": lightSheetMode as unknown as ImagingMode,
  "structured-illumination": structuredMode as unknown as ImagingMode,
  hilo: speckleMode as unknown as ImagingMode,
  transmitted: transmittedMode as unknown as ImagingMode,
  hologram: hologramMode as unknown as ImagingMode,
};
