/** The options of the sectioning methods, for the library and flags. */

import { z } from "zod";
import { ParfocalError } from "../../errors.ts";
import { plausibleNumber } from "../../image/plausible-number.ts";

export const sectionMethods = ["hilo", "sim"] as const;
export type SectionMethod = (typeof sectionMethods)[number];

/** Keys are snake_case. Unknown keys are errors. */
export const sectionOptions = z.strictObject({
  offset: z.number().nonnegative().default(0).describe("offset of the camera: counts without light"),
  sigma: z
    .number()
    .min(0.3)
    .optional()
    .describe("hilo: width of the wavelet, pixels; smaller gives thinner sections (default: 1)"),
  crossover: z
    .number()
    .positive()
    .optional()
    .describe("hilo: sigma of the Gaussian that separates low from high frequencies, pixels (default: 2.86 x sigma)"),
  eta: z
    .number()
    .nonnegative()
    .optional()
    .describe(
      "hilo: weight of the low frequencies (default: computed from NA, wavelength and pixel size, or measured)",
    ),
  gain: z
    .number()
    .positive()
    .optional()
    .describe(
      "hilo: gain of the camera, counts per electron, from which the contrast of photon noise is computed and subtracted",
    ),
  read_noise: z.number().nonnegative().optional().describe("hilo: read noise of the camera, electrons; needs `gain`"),
  laser_wavelength: plausibleNumber("wavelength")
    .optional()
    .describe("hilo: wavelength of the laser in vacuum, um (default: that of the emission)"),
  correct: z.boolean().default(true).meta({
    description: "sim: measure the phases of the grid and the brightness of the lamp; false assumes exact thirds",
    off: "sim: assume that the grid is shifted by exact thirds of its period and the brightness is constant, instead of measuring both",
  }),
});

export type SectionOptions = z.input<typeof sectionOptions>;
export type ResolvedSectionOptions = z.output<typeof sectionOptions>;

const ofHilo = ["sigma", "crossover", "eta", "gain", "read_noise", "laser_wavelength"] as const;

/**
 * Checks options and fills in the defaults.
 * @throws `usage` naming the first wrong key, or one that the method does not use
 */
export function resolveSectionOptions(method: SectionMethod, options: SectionOptions): ResolvedSectionOptions {
  const parsed = sectionOptions.safeParse(options);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const unknown = issue.code === "unrecognized_keys" ? issue.keys[0] : undefined;
    const option = unknown ?? String(issue.path[0] ?? "options");
    const got = (options as Record<string, unknown>)[option];
    const expected = unknown === undefined ? issue.message : `one of ${Object.keys(sectionOptions.shape).join(", ")}`;
    throw refusal(option, got, `\`${option}\` is ${JSON.stringify(got)}: ${expected}`, expected);
  }
  const foreign = method === "sim" ? ofHilo.find((key) => options[key] !== undefined) : undefined;
  const other = foreign ?? (method === "hilo" && options.correct === false ? "correct" : undefined);
  if (other !== undefined) {
    throw refusal(other, options[other], `\`${other}\` has no effect on ${method}; leave it out`, `not with ${method}`);
  }
  return parsed.data;
}

function refusal(option: string, got: unknown, what: string, expected: string): ParfocalError<"usage"> {
  return new ParfocalError("usage", `Sectioning: ${what}.`, { option, got, expected });
}
