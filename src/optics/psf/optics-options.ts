/** A microscope's optics in one object, as recipes, configurations and flags write it, and the PSF model it describes. */

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
      "scalar pupil; gibson-lanni, for layers of different index; vectorial, for high NA, with or without layers",
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
    .describe("Z(4,0), RMS waves; breaks the symmetry of defocus"),
  zernike: z
    .record(
      z.string().refine((name) => nollOf(name) !== undefined, `expected ${names}, or Noll's index as z2 to z120`),
      z.number().min(-5).max(5),
    )
    .default({})
    .describe(`other aberrations, RMS waves: ${names}, or Noll's index as z5`),
  aplanatic: z.boolean().default(false).describe("scalar, gibson-lanni: steep rays carry more, by the sine condition"),
  sample_index: plausibleNumber("refractive_index")
    .optional()
    .describe("refractive index of the sample; default that of the immersion"),
  depth: length.default(0).describe("of the point below the coverslip, um"),
  coverslip_index: plausibleNumber("refractive_index")
    .optional()
    .describe("index that the coverslip has; default as designed"),
  coverslip_design_index: plausibleNumber("refractive_index")
    .default(1.515)
    .describe("index that the objective was made for"),
  coverslip_thickness: length.optional().describe("thickness that the coverslip has, um; default as designed"),
  coverslip_design_thickness: length.default(170).describe("thickness that the objective was made for, um"),
  immersion_index: plausibleNumber("refractive_index")
    .optional()
    .describe("index that the immersion has; default refractive_index"),
  immersion_design_thickness: length.default(150).describe("immersion that the objective was made for, um"),
  excitation_wavelength: plausibleNumber("wavelength")
    .optional()
    .describe("of the exciting light, um; confocal and light sheet"),
  excitation_polarisation: z
    .enum(["x", "y"])
    .optional()
    .describe("confocal, vectorial: of the laser; its focus is wider along it. Default all directions alike"),
  pinhole: z.number().positive().optional().describe("confocal: the pinhole's diameter in Airy units"),
  sheet_thickness: z
    .number()
    .positive()
    .optional()
    .describe("light sheet: full width at half maximum at its waist, um"),
  sheet_offset: z.number().default(0).describe("light sheet: z(sheet) - z(focal plane), um"),
  sheet_distance: z.number().default(0).describe("light sheet: distance from its waist, um"),
});

export type PsfOpticsInput = z.input<typeof psfOptions>;
export type PsfOptics = z.output<typeof psfOptions>;

/**
 * The PSF model that options describe: wide field, confocal where there is a pinhole, light sheet where there is a sheet.
 * @throws `usage` naming the option that is wrong
 */
export function psfModelOf(input: PsfOpticsInput = {}): PsfModel {
  const optics = resolvePsfOptions(input);
  const { pinhole, sheet_thickness: thickness, excitation_wavelength: excitation } = optics;
  const emission = lightOf(optics);
  if (pinhole === undefined && thickness === undefined) return widefieldModel(emission);
  if (pinhole !== undefined && thickness !== undefined) {
    const message =
      "Optics: both a pinhole and a sheet_thickness were given; a PSF is confocal or of a light sheet: leave one out.";
    throw new ParfocalError("usage", message, { option: "sheet_thickness", got: thickness, expected: "no pinhole" });
  }
  if (excitation === undefined) {
    const key = pinhole === undefined ? "sheet_thickness" : "pinhole";
    const message = `Optics: ${key} was given without excitation_wavelength; give the laser's in um, such as 0.488.`;
    throw new ParfocalError("usage", message, { option: "excitation_wavelength", expected: "> 0" });
  }
  if (pinhole !== undefined) {
    // The same glass: aberrations are the same length, and more waves of the shorter wavelength.
    const scale = optics.wavelength / excitation;
    const polarised = optics.excitation_polarisation;
    if (polarised !== undefined && optics.psf !== "vectorial") {
      const message = `Optics: excitation_polarisation has no effect on a ${optics.psf} PSF; give psf vectorial with it.`;
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
    // What a key of a record should have been stands deeper than its path.
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
    const message = `Optics: ${layered[0]} has no effect on a scalar PSF; give psf gibson-lanni or vectorial with it.`;
    throw new ParfocalError("usage", message, {
      option: layered[0],
      got: optics[layered[0]],
      expected: "psf gibson-lanni",
    });
  }
  return optics;
}

const layerKeys = ["sample_index", "depth", "coverslip_index", "coverslip_thickness", "immersion_index"] as const;

/** The plain pupil of options: what wide field in scalar theory has without Zernike aberrations. */
export function pupilOf(optics: PsfOptics): Pupil {
  const { na, wavelength, refractive_index: refractiveIndex, spherical_aberration: sphericalAberration } = optics;
  return { na, wavelength, refractiveIndex, sphericalAberration };
}

/** The layers of options. */
export function layersOf(optics: PsfOptics): Layers {
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

/** The light of options. @param scale of the aberrations */
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
