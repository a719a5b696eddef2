/** Keys of schemas that hold calibration. */
import { z } from "zod";
import type { CalibrationQuantity } from "./image.ts";
import { implausibility } from "./plausible-calibration.ts";

/** A number above 0 that a microscope can have; the issue says what was likely meant. */
export const plausibleNumber = (quantity: CalibrationQuantity): z.ZodNumber =>
  z
    .number()
    .positive()
    .refine((value) => implausibility(quantity, value) === undefined, {
      error: ({ input }) => implausibility(quantity, Number(input)) ?? "expected a number above 0",
    });
