/**
 * Drift, bleaching and flicker between the planes of a stack: options for the library, YAML and flags. All off by
 * default.
 */
import { z } from "zod";

const pair = (what: string) => z.tuple([z.number(), z.number()]).default([0, 0]).describe(what);
const notNegative = z.number().nonnegative().default(0);

/** Keys are snake_case, lengths in um, vectors [y, x]. Unknown keys are refused. */
export const stageOptions = z.strictObject({
  drift: pair("steady drift of the specimen, um per plane, [y, x]"),
  drift_walk: notNegative.describe("random drift, um per plane along y and x, standard deviation"),
  axis_tilt: pair(
    "angle between the axis of the stage and the optical axis, degrees, [y, x]: planes shift laterally with z",
  ),
  z_error: notNegative.describe("error of the position of each plane, um, standard deviation"),
  z_scale: z.number().min(0.5).max(2).default(1).describe("actual z step relative to the nominal one"),
  tilt: pair("angle between the specimen and the focal plane, degrees, [y, x]: focus varies over the field"),
  bleaching: z.number().min(0).max(0.9).default(0).describe("share of the fluorescence that bleaches with every plane"),
  flicker: z
    .number()
    .min(0)
    .max(0.5)
    .default(0)
    .describe("relative variation of the light from plane to plane, standard deviation"),
});

/** All keys with their values. */
export type StageOptions = z.output<typeof stageOptions>;

/** Misregistration of a second channel. */
export const misregistrationOptions = z.strictObject({
  shift: pair("shift of the second image, um, [y, x]"),
  scale: z.number().min(0.9).max(1.1).default(1).describe("magnification of the second image relative to the first"),
  rotation: z.number().min(-10).max(10).default(0).describe("rotation of the second image, degrees from x to y"),
});

/** All keys with their values. */
export type MisregistrationOptions = z.output<typeof misregistrationOptions>;
