/**
 * A point in a sample under a coverslip, imaged by an objective that was designed for other media: refractive-index
 * mismatch, wrong coverslip or immersion, depth of the point.
 *
 * Sources: Gibson & Lanni, J. Opt. Soc. Am. A 9, 154 (1992), eq. 5-6, the optical path difference; Haeberle, Opt.
 * Commun. 216, 55 (2003), the same in vectorial theory, with Fresnel's transmission. The path difference is put into
 * the pupil of pupil.ts; the integral over it is that of every other PSF.
 */

import { ParfocalError } from "../../errors.ts";
import { requirePlausible } from "../../image/plausible-calibration.ts";
import { checkPupil, type Pupil } from "./pupil.ts";
import type { PolarisedAmplitude, Wave, WaveOptions } from "./wave.ts";
import { zernike } from "./zernike.ts";

/** The layers between the point and the objective: sample, coverslip, immersion. Lengths in um; default as designed. */
export interface Layers {
  /** Refractive index of the sample; default that of the immersion. */
  sampleIndex?: number | undefined;
  /** Distance of the point from the coverslip, 0 or more; default 0. */
  depth?: number | undefined;
  /** Actual index of the coverslip; default as designed. */
  coverslipIndex?: number | undefined;
  /** Coverslip index that the objective was designed for; default 1.515. */
  coverslipDesignIndex?: number | undefined;
  /** Actual thickness of the coverslip; default as designed. */
  coverslipThickness?: number | undefined;
  /** Coverslip thickness that the objective was designed for; default 170. */
  coverslipDesignThickness?: number | undefined;
  /** Actual index of the immersion; default that of the pupil, for which the objective was designed. */
  immersionIndex?: number | undefined;
  /** Thickness of the immersion that the objective was designed for, about its working distance; default 150. */
  immersionDesignThickness?: number | undefined;
}

type CompleteLayers = { [key in keyof Layers]-?: number };

/** The layers with all defaults filled in. @throws `usage` for layers that pass no light, or that are impossible */
function completeLayers(pupil: Pupil, layers: Layers): CompleteLayers {
  checkPupil(pupil);
  const immersionIndex = layers.immersionIndex ?? pupil.refractiveIndex;
  const coverslipDesignIndex = layers.coverslipDesignIndex ?? 1.515;
  const coverslipDesignThickness = layers.coverslipDesignThickness ?? 170;
  const complete = {
    sampleIndex: layers.sampleIndex ?? immersionIndex,
    depth: layers.depth ?? 0,
    coverslipIndex: layers.coverslipIndex ?? coverslipDesignIndex,
    coverslipDesignIndex,
    coverslipThickness: layers.coverslipThickness ?? coverslipDesignThickness,
    coverslipDesignThickness,
    immersionIndex,
    immersionDesignThickness: layers.immersionDesignThickness ?? 150,
  };
  requirePlausible("refractive_index", complete.sampleIndex, "sample_index");
  for (const [option, value] of [
    ["depth", complete.depth],
    ["coverslip_thickness", complete.coverslipThickness],
    ["coverslip_design_thickness", complete.coverslipDesignThickness],
    ["immersion_design_thickness", complete.immersionDesignThickness],
  ] as const) {
    if (Number.isFinite(value) && value >= 0) continue;
    const message = `Optics: ${option} must be 0 um or more, got ${value}; give a length in um, such as 10.`;
    throw new ParfocalError("usage", message, { option, got: value, expected: ">= 0" });
  }
  for (const [option, index] of [
    ["coverslip_index", complete.coverslipIndex],
    ["coverslip_design_index", complete.coverslipDesignIndex],
    ["immersion_index", complete.immersionIndex],
  ] as const) {
    if (index > pupil.na) continue;
    const message =
      `Optics: na ${pupil.na} is not below ${option} ${index}, so that the rim of the pupil passes no light; ` +
      "give the index of the glass (1.515) and of the immersion (1 air, 1.333 water, 1.515 oil), or a smaller na.";
    throw new ParfocalError("usage", message, { option, got: index, expected: `> ${pupil.na}` });
  }
  return complete;
}

/**
 * Phase, in waves, with kappa = lambda k and root(n) = sqrt(n^2 - kappa^2):
 *
 *     lambda W = d root(ns) + t_i root(ni) - t_i* root(ni*) + t_g root(ng) - t_g* root(ng*)
 *
 * The stage is at 0 when a point at the coverslip is in paraxial focus, whatever the coverslip and the immersion are (a
 * user would refocus): t_i = ni (t_i* / ni* + t_g* / ng* - t_g / ng) - s at a stage movement s into the sample. The
 * nominal focal plane, by which users count, is at depth s, and the PSF's defocus is z(emitter) - z(focal plane) = d -
 * s; without mismatch this is the defocus of the plain pupil. With a mismatch the point is sharpest at another defocus,
 * about {@link paraxialFocus}.
 *
 * **Beyond the sample's index** (NA > ns) waves in the sample are evanescent: their amplitude falls with the depth as
 * exp(-2 pi d sqrt(kappa^2 - ns^2) / lambda), so that only points at the coverslip fill the whole aperture, and points
 * more than a wavelength below are imaged with NA = ns. In scalar theory the interfaces have no other effect.
 *
 * @throws `usage` for impossible optics
 */
export function gibsonLanniWave(pupil: Pupil, layers: Layers, options: WaveOptions = {}): Wave {
  const all = completeLayers(pupil, layers);
  const { na, wavelength, refractiveIndex: designed, sphericalAberration = 0 } = pupil;
  const { sampleIndex: ns, immersionIndex: ni, coverslipIndex: ng, coverslipDesignIndex: ngDesign, depth } = all;
  const { coverslipThickness: tg, coverslipDesignThickness: tgDesign, immersionDesignThickness: tiDesign } = all;
  const ti = ni * (tiDesign / designed + tgDesign / ngDesign - tg / ng);
  const root = (n: number, k: number) => Math.sqrt(Math.max(0, n * n - (wavelength * k) ** 2));
  const decay = (k: number) =>
    Math.exp((-2 * Math.PI * depth * Math.sqrt(Math.max(0, (wavelength * k) ** 2 - ns * ns))) / wavelength);
  const cosine = (k: number) => root(ni, k) / ni;
  return {
    na,
    wavelength,
    // Rays near grazing incidence at the coverslip would reach far but carry hardly any light.
    rays: Math.min(na, 0.98 * ns) / wavelength,
    amplitude: options.aplanatic ? (k) => decay(k) / Math.sqrt(cosine(k)) : decay,
    phase(k) {
      const sample = depth * (root(ns, k) - root(ni, k));
      const immersion = ti * root(ni, k) - tiDesign * root(designed, k);
      const glass = tg * root(ng, k) - tgDesign * root(ngDesign, k);
      const error = sphericalAberration === 0 ? 0 : sphericalAberration * zernike(11, (wavelength * k) / na, 0);
      return (sample + immersion + glass) / wavelength + error;
    },
    axial: (k) => root(ni, k) / wavelength,
    polarised: (k) => throughInterfaces(wavelength * k, { ns, ng, ni }, decay(k) / Math.sqrt(cosine(k))),
  };
}

/** Defocus, um, at which a point is in focus for rays near the axis: d (1 - ni / ns), below 0 for oil and water. */
export function paraxialFocus(pupil: Pupil, layers: Layers): number {
  const { depth, sampleIndex, immersionIndex } = completeLayers(pupil, layers);
  return depth * (1 - immersionIndex / sampleIndex);
}

/**
 * Fresnel's transmission (Born & Wolf, Principles of Optics, 1.5.2) from the immersion through the glass into the
 * sample: light that is collected takes the same path back, and so has the same factors (reciprocity).
 */
function throughInterfaces(
  kappa: number,
  { ns, ng, ni }: { ns: number; ng: number; ni: number },
  scale: number,
): PolarisedAmplitude {
  const [ci, cg] = [ni, ng].map((n) => Math.sqrt(Math.max(0, 1 - (kappa / n) ** 2)));
  const square = 1 - (kappa / ns) ** 2;
  const cs: [number, number] = square >= 0 ? [Math.sqrt(square), 0] : [0, Math.sqrt(-square)];
  const tsGlass = (2 * ni * ci) / (ni * ci + ng * cg);
  const tpGlass = (2 * ni * ci) / (ng * ci + ni * cg);
  const ts = over(2 * ng * cg * tsGlass * scale, [ng * cg + ns * cs[0], ns * cs[1]]);
  const tp = over(2 * ng * cg * tpGlass * scale, [ns * cg + ng * cs[0], ng * cs[1]]);
  const sine = kappa / ns;
  return {
    s: ts,
    lateral: [tp[0] * cs[0] - tp[1] * cs[1], tp[0] * cs[1] + tp[1] * cs[0]],
    axial: [tp[0] * sine, tp[1] * sine],
  };
}

function over(a: number, [re, im]: readonly [number, number]): [number, number] {
  const size = re * re + im * im;
  return [(a * re) / size, (-a * im) / size];
}
