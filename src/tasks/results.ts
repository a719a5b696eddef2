/** Parts of results that several tasks have. */
import { z } from "zod";

export const warnings = z
  .array(z.strictObject({ code: z.string(), text: z.string() }))
  .default([])
  .describe("what to know before trusting the result");

export const rescale = z
  .strictObject({ offset: z.number(), scale: z.number() })
  .optional()
  .describe("what the counts of the output mean: value = offset + scale * count");

export const seconds = z.number().describe("how long the work took");

/** Seconds in a result, to the millisecond. */
export const inSeconds = (begun: number): number => Math.round(performance.now() - begun) / 1000;

/** A number in a result that may not be known: JSON has no NaN. */
export const maybe = z.number().nullable();
