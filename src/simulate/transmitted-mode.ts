/** Bright field: the specimen absorbs and refracts the light of a lamp. */
import { imageTransmitted, transmittedOptions } from "../optics/imaging/transmitted.ts";
import type { VolumeGrid } from "../optics/phantom/volume.ts";
import type { ImagingMode } from "./mode.ts";
import { modelOf, pupilOf } from "./optics-schema.ts";

export const transmittedMode: ImagingMode<typeof transmittedOptions> = {
  summary: "bright field: transmitted light of a lamp through a specimen that absorbs and refracts",
  options: transmittedOptions,
  exposures: ["image"],
  model: (optics) => modelOf(optics),
  memory: coherentMemory,
  prepare: ({ optics }, options) => ({
    expose: async (volume, planes, _random, control) => ({
      exposures: [await imageTransmitted(volume, pupilOf(optics), planes, options, control)],
    }),
  }),
};

/** Memory of the planes and of about ten complex fields (two float64 each), bytes. */
export function coherentMemory({ height, width }: VolumeGrid, planes: number): number {
  return height * width * (4 * planes + 10 * 16);
}
