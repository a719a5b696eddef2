/** Structured illumination with three phases of a grid, and the optical section computed from them. */

import { z } from "zod";
import { sectionFromGrid } from "../classical/sectioning/structured-illumination.ts";
import { plausibleNumber } from "../image/plausible-number.ts";
import { createGridMicroscope } from "../optics/imaging/structured-illumination.ts";
import type { ImagingMode } from "./mode.ts";
import { illuminationOf, modelOf } from "./optics-schema.ts";
import { superpositionMemory } from "./widefield-mode.ts";

const options = z.strictObject({
  excitation_wavelength: plausibleNumber("wavelength")
    .default(0.488)
    .describe("wavelength of the light in the grid, in vacuum, um"),
  frequency: z
    .number()
    .gt(0)
    .lt(1)
    .default(0.4)
    .describe("spatial frequency of the grid as a share of the cut-off 2 NA / lambda; 0.5 gives the thinnest sections"),
  orientation: z.number().default(0).describe("direction of the grating vector, degrees from the x axis"),
  modulation: z.number().gt(0).max(1).default(0.9).describe("contrast of the grid before it is blurred by the optics"),
  phase_error: z
    .number()
    .nonnegative()
    .default(0)
    .describe("error of each phase of the grid, radians, standard deviation"),
  flicker: z
    .number()
    .min(0)
    .max(0.5)
    .default(0)
    .describe("relative variation of the light between exposures, standard deviation"),
});

export const structuredMode: ImagingMode<typeof options> = {
  summary: "optical sections by structured illumination: three exposures under a grid (Neil 1997)",
  options,
  exposures: ["phase 1", "phase 2", "phase 3"],
  model: (optics) => modelOf(optics),
  memory: (grid, planes, distances) =>
    superpositionMemory(grid, planes, 2 * distances) + 4 * grid.height * grid.width * (5 * planes + 2),
  prepare({ optics, grid, widefield }, { excitation_wavelength: wavelength, phase_error, flicker, ...pattern }) {
    const illumination = illuminationOf(optics, wavelength);
    const microscope = createGridMicroscope(widefield(), illumination, pattern);
    const frame = grid.height * grid.width;
    return {
      async expose(volume, planes, random, control) {
        const exposures = planes.map(() => ({
          phases: [0, 1, 2].map((j) => (2 * Math.PI * j) / 3 + phase_error * random.normal()),
          intensities: [0, 1, 2].map(() => Math.max(0, 1 + flicker * random.normal())),
        }));
        const all = await microscope.image(volume, planes, exposures, control);
        const three = [0, 1, 2].map((j) => {
          const one = new Float32Array(planes.length * frame);
          for (let z = 0; z < planes.length; z++) {
            one.set(all.subarray((3 * z + j) * frame, (3 * z + j + 1) * frame), z * frame);
          }
          return one;
        });
        const { x, y } = microscope.frequency;
        return { exposures: three, details: { grid_per_um: [y, x], exposures } };
      },
    };
  },
  combine(phases, { phase_error, flicker }, { planes, height, width }) {
    const frame = height * width;
    const data = new Float32Array(3 * planes * frame);
    for (let z = 0; z < planes; z++) {
      phases.forEach((all, j) => {
        data.set(all.subarray(z * frame, (z + 1) * frame), (3 * z + j) * frame);
      });
    }
    // Exact phases need no correction.
    return sectionFromGrid({ data, planes, height, width }, { correct: phase_error > 0 || flicker > 0 }).section;
  },
};
