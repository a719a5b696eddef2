/** What is to be said of a camera: one schema for the library, YAML and flags. Everything beyond noise is off by default. */
import { z } from "zod";

const notNegative = z.number().nonnegative();

/** Keys are snake_case. Unknown keys are refused. */
export const cameraOptions = z.strictObject({
  photons: z
    .number()
    .positive()
    .default(3000)
    .describe("detected photons at the brightest point of the stack, above background"),
  background: notNegative.default(20).describe("detected photons everywhere"),
  read_noise: notNegative.default(1.5).describe("electrons, standard deviation"),
  gain: z.number().positive().default(2).describe("counts per electron"),
  offset: notNegative.default(100).describe("counts without light"),
  bit_depth: z.int().min(8).max(16).default(16).describe("counts end at 2^bit_depth - 1"),
  read_noise_spread: z
    .number()
    .min(0)
    .max(2)
    .default(0)
    .describe("of the read noise from pixel to pixel, as on sCMOS sensors: standard deviation of its logarithm"),
  gain_spread: z
    .number()
    .min(0)
    .max(0.3)
    .default(0)
    .describe("of the gain from pixel to pixel (PRNU): standard deviation as a share of the gain"),
  offset_spread: notNegative
    .default(0)
    .describe("of the offset from pixel to pixel (fixed pattern): standard deviation, counts"),
  hot_pixels: z.number().min(0).max(0.1).default(0).describe("share of pixels that fill without light"),
  hot_pixel_electrons: z
    .number()
    .positive()
    .default(1000)
    .describe("mean charge that a hot pixel collects in an exposure; each has its own, exponentially distributed"),
  vignetting: z
    .number()
    .min(0)
    .max(0.95)
    .default(0)
    .describe("share of the light that is lost in the corners of the field, by the law of cos^4"),
  sensor_seed: z.int().nonnegative().default(0).describe("the same seed gives the same fixed pattern and hot pixels"),
});

/** Every key with its value. */
export type CameraOptions = z.output<typeof cameraOptions>;
