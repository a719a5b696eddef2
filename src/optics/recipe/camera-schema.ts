/** The camera of a recipe: the keys of its `camera`. */
import { z } from "zod";
import type { Camera } from "../camera/camera.ts";

const notNegative = z.number().nonnegative();

export const cameraSchema = z.strictObject({
  photons: z
    .number()
    .positive()
    .default(3000)
    .describe("detected photons at the brightest point of the stack, above background"),
  background: notNegative.default(20).describe("detected photons everywhere"),
  read_noise: notNegative.default(1.5).describe("electrons, standard deviation"),
  gain: z.number().positive().default(2).describe("counts per electron"),
  offset: notNegative.default(100).describe("counts without light"),
});

export type RecipeCamera = z.output<typeof cameraSchema>;

export function cameraOf({ photons, background, read_noise: readNoise, gain, offset }: RecipeCamera): Camera {
  return { photons, background, readNoise, gain, offset };
}
