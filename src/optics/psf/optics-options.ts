/**
 * The optics of a microscope as one set of options for recipes, configurations and flags, and the PSF model that they
 * describe.
 */

import { z } from "zod";
import { ParfocalError } from "../../errors.ts";
import { plausibleNumber } from "../../image/plausible-number.ts";
import { confocalModel } from "./confocal.ts";
import { gibsonLanniWave, type Layers } from "./gibson-lanni.ts";
import type { Light } from "./light.ts";
import { lightSheetModel } from "./light-sheet.ts";
import type { PsfModel } from "./psf-model.ts";
import type { Pupil } from "./pupil.ts";
import { pupilWave } from "./wave.ts";
import { widefieldModel } from "./widefield-model.ts";
import { nollOf, type ZernikeTerm, zernikeNames, zernikeTerms } from "./zernike.ts";

export const psfKinds = ["scalar", "gibson-lanni", "vectorial"] as const;

const length = z.number().nonnegative();
const names = Object.keys(zernikeNames).join(", ");

/** Keys are snake_case; lengths in um. */
export const psfOptions = z.strictObject({
  psf: z
    .enum(psfKinds)
    .default("scalar")
    .describe(
      "PSF model: scalar; gibson-lanni, for layers of different refractive index; vectorial, for high NA, with or without layers",
    ),
  na: plausibleNumber("na").default(0.8).describe("numerical aperture, below the refractive index"),
  wavelength: plausibleNumber("wavelength").default(0.515).describe("emission wavelength in vacuum, um"),
  refractive_index: plausibleNumber("refractive_index")
    .default(1)
    .describe("of the immersion medium: 1 air, 1.333 water, 1.515 oil"),
  spherical_aberration: z
    .number()
    .min(-5)
    .max(5)
    .default(0)
    .describe("primary spherical aberration Z(4,0), RMS in waves; makes the PSF differ above and below focus"),
  zernike: z
    .record(
      z.string().refine((name) => nollOf(name) !== undefined, `expected ${names}, or Noll's index as z2 to z120`),
      z.number().min(-5).max(5),
    )
    .default({})
    .describe(`other Zernike aberrations, RMS in waves: ${names}, or by Noll's index, such as z5`),
  aplanatic: z
    .boolean()
    .default(false)
    .describe("scalar and gibson-lanni: apodise the pupil by the sine condition, which weights steep rays more"),
  sample_index: plausibleNumber("refractive_index")
    .optional()
    .describe("refractive index of the medium around the specimen (default: that of the immersion medium)"),
  depth: length.default(0).describe("distance of the point source from the coverslip, um"),
  coverslip_index: plausibleNumber("refractive_index")
    .optional()
    .describe("actual refractive index of the coverslip (default: the design value)"),
  coverslip_design_index: plausibleNumber("refractive_index")
    .default(1.515)
    .describe("refractive index of the coverslip that the objective was designed for"),
  coverslip_thickness: length.optional().describe("actual thickness of the coverslip, um (default: the design value)"),
  coverslip_design_thickness: length
    .default(170)
    .describe("coverslip thickness that the objective was designed for, um"),
  immersion_index: plausibleNumber("refractive_index")
    .optional()
    .describe("actual refractive index of the immersion medium (default: `refractive_index`)"),
  immersion_design_thickness: length
    .default(150)
    .describe("thickness of the immersion medium that the objective was designed for, um"),
  excitation_wavelength: plausibleNumber("wavelength")
    .optional()
    .describe("confocal and light sheet: excitation wavelength in vacuum, um"),
  excitation_polarisation: z
    .enum(["x", "y"])
    .optional()
    .describe("confocal, vectorial: polarisation of the laser, along which its focus is wider (default: none)"),
  pinhole: z.number().positive().optional().describe("confocal: diameter of the pinhole in Airy units"),
  sheet_thickness: z
    .number()
    .positive()
    .optional()
    .describe("light sheet: full width at half maximum at the waist, um"),
  sheet_offset: z.number().default(0).describe("light sheet: z(sheet) - z(focal plane), um"),
  sheet_distance: z.number().default(0).describe("light sheet: distance from the waist, um"),
});

export type PsfOpticsInput = z.input<typeof psfOptions>;
export type PsfOptics = z.output<typeof psfOptions>;

/**
 * The PSF model that the options describe: confocal with a pinhole, light sheet with a sheet, wide field otherwise.
 * @throws `usage` naming the option that is wrong
 */
export function psfModelOf(input: PsfOpticsInput = {}): PsfModel {
  const optics = resolvePsfOptions(input);
  const { pinhole, sheet_thickness: thickness, excitation_wavelength: excitation } = optics;
  const emission = lightOf(optics);
  if (pinhole === undefined && thickness === undefined) return widefieldModel(emission);
  if (pinhole !== undefined && thickness !== undefined) {
    const message =
      "Optics: `pinhole` and `sheet_thickness` were both given, but a PSF is either confocal or of a light sheet; leave one of them out.";
    throw new ParfocalError("usage", message, { option: "sheet_thickness", got: thickness, expected: "no pinhole" });
  }
  if (excitation === undefined) {
    const key = pinhole === undefined ? "sheet_thickness" : "pinhole";
    const message = `Optics: \`${key}\` needs \`excitation_wavelength\`; give the wavelength of the laser in um, such as 0.488.`;
    throw new ParfocalError("usage", message, { option: "excitation_wavelength", expected: "> 0" });
  }
  if (pinhole !== undefined) {
    // Both wavelengths pass the same glass: an aberration has the same optical path and is more waves at the shorter
    // wavelength.
    const scale = optics.wavelength / excitation;
    const polarised = optics.excitation_polarisation;
    if (polarised !== undefined && optics.psf !== "vectorial") {
      const message = `Optics: \`excitation_polarisation\` has no effect on a ${optics.psf} PSF; give \`psf vectorial\` with it.`;
      throw new ParfocalError("usage", message, { option: "excitation_polarisation", got: polarised });
    }
    const light = { ...lightOf({ ...optics, wavelength: excitation }, scale), polarised };
    return confocalModel(emission, { excitation: light, pinhole });
  }
  return lightSheetModel(widefieldModel(emission), {
    excitationWavelength: excitation,
    refractiveIndex: optics.sample_index ?? optics.refractive_index,
    thickness: thickness ?? 0,
    offset: optics.sheet_offset,
    distance: optics.sheet_distance,
  });
}

/** Every option with its value. @throws `usage` naming the option that is wrong */
export function resolvePsfOptions(input: PsfOpticsInput = {}): PsfOptics {
  const parsed = psfOptions.safeParse(input);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const unknown = issue.code === "unrecognized_keys" ? issue.keys[0] : undefined;
    const option = unknown ?? issue.path.map(String).join(".");
    const got = issue.path.reduce<unknown>((value, key) => (value as Record<PropertyKey, unknown>)?.[key], input);
    // The issue of an invalid record key holds the expectation in a nested issue.
    const why = issue.code === "invalid_key" ? (issue.issues[0]?.message ?? issue.message) : issue.message;
    const message =
      unknown === undefined
        ? `Optics: ${option} is ${JSON.stringify(got)}: ${why}${why.endsWith("?") ? "" : "."}`
        : `Optics: there is no option ${unknown}; expected ${Object.keys(psfOptions.shape).join(", ")}.`;
    throw new ParfocalError("usage", message, { option, got: unknown === undefined ? got : unknown });
  }
  const optics = parsed.data;
  const layered = layerKeys.filter((key) => optics[key] !== undefined && optics[key] !== 0);
  if (optics.psf === "scalar" && layered.length > 0) {
    const message = `Optics: \`${layered[0]}\` has no effect on a scalar PSF; give \`psf gibson-lanni\` or \`psf vectorial\` with it.`;
    throw new ParfocalError("usage", message, {
      option: layered[0],
      got: optics[layered[0]],
      expected: "psf gibson-lanni",
    });
  }
  return optics;
}

const layerKeys = ["sample_index", "depth", "coverslip_index", "coverslip_thickness", "immersion_index"] as const;

/** The pupil of the options without Zernike aberrations and layers: wide field in scalar theory. */
function pupilOf(optics: PsfOptics): Pupil {
  const { na, wavelength, refractive_index: refractiveIndex, spherical_aberration: sphericalAberration } = optics;
  return { na, wavelength, refractiveIndex, sphericalAberration };
}

/** The layers of options. */
function layersOf(optics: PsfOptics): Layers {
  return {
    sampleIndex: optics.sample_index,
    depth: optics.depth,
    coverslipIndex: optics.coverslip_index,
    coverslipDesignIndex: optics.coverslip_design_index,
    coverslipThickness: optics.coverslip_thickness,
    coverslipDesignThickness: optics.coverslip_design_thickness,
    immersionIndex: optics.immersion_index,
    immersionDesignThickness: optics.immersion_design_thickness,
  };
}

/** The light that the options describe. @param scale factor for the aberrations */
export function lightOf(optics: PsfOptics, scale = 1): Light {
  const { psf, aplanatic, spherical_aberration: spherical } = optics;
  const pupil: Pupil = { ...pupilOf(optics), sphericalAberration: 0 };
  const layered = psf === "gibson-lanni" || layerKeys.some((key) => optics[key] !== undefined && optics[key] !== 0);
  const terms: ZernikeTerm[] = [...zernikeTerms({ spherical }), ...zernikeTerms(optics.zernike)];
  return {
    wave: layered ? gibsonLanniWave(pupil, layersOf(optics), { aplanatic }) : pupilWave(pupil, { aplanatic }),
    aberrations: terms.map(({ noll, rms }) => ({ noll, rms: rms * scale })),
    vectorial: psf === "vectorial",
  };
}
