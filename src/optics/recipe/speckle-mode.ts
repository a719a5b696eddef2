/** HiLo: every plane in even light and under laser speckle, from which a section can be computed. */
import { z } from "zod";
import { imageWithSpeckle } from "../imaging/hilo.ts";
import { createSpeckle } from "../imaging/speckle.ts";
import type { ImagingMode } from "./mode.ts";
import { illuminationOf, modelOf } from "./optics-schema.ts";
import { superpositionMemory } from "./widefield-mode.ts";

const options = z.strictObject({
  excitation_wavelength: z.number().positive().default(0.488).describe("of the laser, in vacuum, um"),
});

export const speckleMode: ImagingMode<typeof options> = {
  summary: "HiLo exposures, even light and laser speckle (Lim 2008): the image is the even one",
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
  combine: ([even]) => even.slice(),
};
