/** Wide field: every plane holds the light of the whole specimen, blurred by the PSF of its distance. */
import { z } from "zod";
import type { VolumeGrid } from "../optics/phantom/volume.ts";
import type { ImagingMode } from "./mode.ts";
import { modelOf } from "./optics-schema.ts";

const options = z.strictObject({});

export const widefieldMode: ImagingMode<typeof options> = {
  summary: "fluorescence in wide field",
  options,
  exposures: ["image"],
  model: (optics) => modelOf(optics),
  memory: superpositionMemory,
  prepare: ({ widefield }) => ({
    expose: async (volume, planes, _random, control) => ({
      exposures: [await widefield().image(volume, planes, control)],
    }),
  }),
};

/** Memory, bytes: half spectra of the slices and of up to eight planes, OTFs as quarters, and the planes. */
export function superpositionMemory({ depth, height, width }: VolumeGrid, planes: number, distances: number): number {
  const frame = height * width;
  return 4 * frame * (depth + Math.min(8, planes)) + frame * distances + 4 * frame * planes + 16 * frame;
}
