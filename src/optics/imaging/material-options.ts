/** What a specimen does to light that passes it, as keys of recipes and commands. */
import { z } from "zod";
import type { Material } from "./multislice.ts";

export const materialKeys = {
  index_difference: z
    .number()
    .min(-0.9)
    .max(0.9)
    .default(0.02)
    .describe("refractive index of full density, less that of the medium; a cell in water has 0.01 to 0.05"),
  absorption: z
    .number()
    .nonnegative()
    .default(0)
    .describe("attenuation of the intensity by full density, per um; stained tissue has 0.05 to 0.5"),
} as const;

export function materialOf(options: { index_difference: number; absorption: number }): Material {
  return { indexDifference: options.index_difference, absorption: options.absorption };
}
