/** HiLo: every plane in uniform light and under laser speckle, and the optical section computed from both. */

import { z } from "zod";
import { sectionFromSpeckle } from "../classical/sectioning/hilo.ts";
import { plausibleNumber } from "../image/plausible-number.ts";
import { imageWithSpeckle } from "../optics/imaging/hilo.ts";
import { createSpeckle } from "../optics/imaging/speckle.ts";
import type { ImagingMode } from "./mode.ts";
import { illuminationOf, modelOf, pupilOf } from "./optics-schema.ts";
import { superpositionMemory } from "./widefield-mode.ts";

const options = z.strictObject({
  excitation_wavelength: plausibleNumber("wavelength").default(0.488).describe("wavelength of the laser in vacuum, um"),
  sigma: z
    .number()
    .positive()
    .max(20)
    .default(1)
    .describe("width of the wavelet, pixels; smaller gives thinner sections"),
});

export const speckleMode: ImagingMode<typeof options> = {
  summary: "optical sections by HiLo: one exposure in uniform light, one under laser speckle (Lim 2008)",
  options,
  exposures: ["uniform", "speckle"],
  model: (optics) => modelOf(optics),
  memory: (grid, planes, distances) =>
    superpositionMemory(grid, 2 * planes, distances) + 4 * grid.height * grid.width * distances,
  prepare({ optics, grid, widefield }, { excitation_wavelength: wavelength }) {
    const illumination = illuminationOf(optics, wavelength);
    return {
      async expose(volume, planes, random, control) {
        const imager = widefield();
        const even = await imager.image(volume, planes, control);
        const speckle = createSpeckle(illumination, grid, random);
        return { exposures: [even, await imageWithSpeckle(imager, speckle, volume, planes, control)] };
      },
    };
  },
  combine([uniform, speckle], { excitation_wavelength, sigma }, { optics, camera, ...stack }) {
    const light = {
      pixelSize: stack.pixelSize,
      detection: pupilOf(optics),
      illumination: illuminationOf(optics, excitation_wavelength),
    };
    const noise = camera && { gain: camera.gain, readNoise: camera.read_noise };
    return sectionFromSpeckle({ uniform, speckle, ...stack }, { sigma, optics: light, ...noise }).section;
  },
};
