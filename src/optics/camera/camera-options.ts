/** The options of a simulated camera, for the library, YAML and flags. All faults except noise are off by default. */
import { z } from "zod";

const notNegative = z.number().nonnegative();

/** Keys are snake_case. Unknown keys are refused. */
export const cameraOptions = z.strictObject({
  photons: z
    .number()
    .positive()
    .default(3000)
    .describe("detected photons at the brightest pixel of the stack, above the background"),
  background: notNegative.default(20).describe("detected background photons in every pixel"),
  read_noise: notNegative.default(1.5).describe("standard deviation of the read noise, electrons"),
  gain: z.number().positive().default(2).describe("counts per electron"),
  offset: notNegative.default(100).describe("counts without light"),
  bit_depth: z.int().min(8).max(16).default(16).describe("the camera saturates at 2^bit_depth - 1 counts"),
  read_noise_spread: z
    .number()
    .min(0)
    .max(2)
    .default(0)
    .describe("variation of the read noise between pixels, as on sCMOS sensors: standard deviation of its logarithm"),
  gain_spread: z
    .number()
    .min(0)
    .max(0.3)
    .default(0)
    .describe("variation of the gain between pixels (PRNU): standard deviation as a share of the gain"),
  offset_spread: notNegative
    .default(0)
    .describe("variation of the offset between pixels (fixed pattern): standard deviation, counts"),
  hot_pixels: z.number().min(0).max(0.1).default(0).describe("share of hot pixels, which collect charge without light"),
  hot_pixel_electrons: z
    .number()
    .positive()
    .default(1000)
    .describe("mean charge of a hot pixel in one exposure, electrons; exponentially distributed over the pixels"),
  vignetting: z
    .number()
    .min(0)
    .max(0.95)
    .default(0)
    .describe("share of the light that is lost in the corners of the field (cos^4 law)"),
  sensor_seed: z.int().nonnegative().default(0).describe("the same seed gives the same fixed pattern and hot pixels"),
});

/** All keys with their values. */
export type CameraOptions = z.output<typeof cameraOptions>;
