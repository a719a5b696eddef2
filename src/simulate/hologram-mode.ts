/** In-line and off-axis holograms, with the true complex field. */
import { hologramOptions, imageHolograms } from "../optics/imaging/hologram.ts";
import type { ImagingMode } from "./mode.ts";
import { modelOf, pupilOf } from "./optics-schema.ts";
import { coherentMemory } from "./transmitted-mode.ts";

export const hologramMode: ImagingMode<typeof hologramOptions> = {
  summary: "in-line or off-axis holograms in laser light",
  options: hologramOptions,
  exposures: ["image"],
  coherent: true,
  model: (optics) => modelOf(optics),
  memory: (grid, planes) => coherentMemory(grid, planes) + 24 * grid.height * grid.width * planes,
  prepare: ({ optics }, options) => ({
    async expose(volume, planes, _random, control) {
      const { data, fields, carrier } = await imageHolograms(volume, pupilOf(optics), planes, options, control);
      const all = (part: "real" | "imag"): Float32Array => {
        const size = volume.height * volume.width;
        const joined = new Float32Array(planes.length * size);
        fields.forEach((field, z) => {
          joined.set(field[part], z * size);
        });
        return joined;
      };
      return {
        exposures: [data],
        field: { real: all("real"), imag: all("imag") },
        ...(carrier && { details: { carrier_per_um: [carrier.y, carrier.x] } }),
      };
    },
  }),
};
