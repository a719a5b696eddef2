/** What moves, fades and flickers between the planes of a stack: one schema for the library, YAML and flags. All off by default. */
import { z } from "zod";

const pair = (what: string) => z.tuple([z.number(), z.number()]).default([0, 0]).describe(what);
const notNegative = z.number().nonnegative().default(0);

/** Keys are snake_case, lengths in um, vectors [y, x]. Unknown keys are refused. */
export const stageOptions = z.strictObject({
  drift: pair("steady drift of the specimen, um per plane, [y, x]"),
  drift_walk: notNegative.describe("random drift, um per plane along y and x, standard deviation"),
  axis_tilt: pair("of the stage's axis against the optical one, degrees, [y, x]: planes shift sideways with z"),
  z_error: notNegative.describe("of each plane's position, um, standard deviation"),
  z_scale: z.number().min(0.5).max(2).default(1).describe("real over nominal z step"),
  tilt: pair("of the specimen against the focal plane, degrees, [y, x]: focus varies over the field"),
  bleaching: z.number().min(0).max(0.9).default(0).describe("share of the light that is lost with every plane"),
  flicker: z.number().min(0).max(0.5).default(0).describe("of the lamp from plane to plane, share, standard deviation"),
});

/** Every key with its value. */
export type StageOptions = z.output<typeof stageOptions>;

/** A second channel that does not lie on the first. */
export const misregistrationOptions = z.strictObject({
  shift: pair("of the second image, um, [y, x]"),
  scale: z.number().min(0.9).max(1.1).default(1).describe("magnification of the second image over the first"),
  rotation: z.number().min(-10).max(10).default(0).describe("of the second image, degrees from x to y"),
});

/** Every key with its value. */
export type MisregistrationOptions = z.output<typeof misregistrationOptions>;
