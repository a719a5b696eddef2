/** How a specimen absorbs and refracts transmitted light, as keys of recipes and commands. */
import { z } from "zod";
import type { Material } from "./multislice.ts";

export const materialKeys = {
  index_difference: z
    .number()
    .min(-0.9)
    .max(0.9)
    .default(0.02)
    .describe("refractive index at full density minus that of the medium; 0.01 to 0.05 for a cell in water"),
  absorption: z
    .number()
    .nonnegative()
    .default(0)
    .describe("attenuation coefficient at full density, per um; 0.05 to 0.5 for stained tissue"),
} as const;

export function materialOf(options: { index_difference: number; absorption: number }): Material {
  return { indexDifference: options.index_difference, absorption: options.absorption };
}
