/** Parts of results that several tasks have. */
import { z } from "zod";
import { jsonText } from "../array/json-text.ts";
import { type WarningCode, warningKinds } from "../warning.ts";

export const warnings = z
  .array(z.strictObject({ code: z.enum(Object.keys(warningKinds) as WarningCode[]), text: z.string() }))
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

/** A value as plain JSON: numbers that are not finite become null, and what is undefined is left out. */
export const plain = <T>(value: unknown): T => JSON.parse(jsonText(value)) as T;
