/** How sharp a plane is: the classical measures by name, of one plane or of all planes of a stack. */
import { ParfocalError } from "../../errors.ts";
import { type Plane, planeOf, type Stack } from "../../image/image.ts";
import { vollathF4, vollathF5 } from "./correlation-measures.ts";
import { reducedDctRatio } from "./cosine-measures.ts";
import { gaussianGradient, meanSquaredStep, tenengrad } from "./gradient-measures.ts";
import { laplacianOfGaussian } from "./laplacian-measures.ts";
import { bandContrast, bandPower, spectralSlope } from "./spectral-measures.ts";
import { normalizedVariance } from "./statistic-measures.ts";
import { waveletRatio } from "./wavelet-measures.ts";

export { type BestPlane, bestPlane } from "./best-plane.ts";

/** What a measure is: its function, and the smallest plane that it can judge, pixels along an edge. */
interface Measure {
  of: (plane: Plane) => number;
  least: number;
}

/**
 * The best dozen of 43, by what was measured (docs/decisions/focus-measures.md says which wins where). The first seven are alike and
 * differ in noise and speed; the next three go by brightness and coarse structure, against noise, sparse fields and flicker; the
 * next two are for
 * coherent light, and the last for transmitted light, where focus may lie in a minimum of it (locate-focus.ts).
 */
const MEASURES = {
  tenengrad: { of: tenengrad, least: 3 },
  brenner: { of: (plane) => meanSquaredStep(plane, 2), least: 3 },
  energy_of_gradient: { of: (plane) => meanSquaredStep(plane, 1), least: 3 },
  gaussian_gradient: { of: (plane) => gaussianGradient(plane, 1.5), least: 3 },
  laplacian_of_gaussian: { of: (plane) => laplacianOfGaussian(plane, 1.4), least: 3 },
  band_power: { of: (plane) => bandPower(plane, 0.06, 0.2), least: 16 },
  vollath: { of: vollathF4, least: 3 },
  vollath_f5: { of: vollathF5, least: 3 },
  normalized_variance: { of: normalizedVariance, least: 3 },
  dct_reduced_ratio: { of: reducedDctRatio, least: 8 },
  wavelet_ratio: { of: waveletRatio, least: 8 },
  spectral_slope: { of: spectralSlope, least: 16 },
  band_contrast: { of: bandContrast, least: 16 },
} satisfies Record<string, Measure>;

/** What each is, with its paper, stands at its function. */
export type FocusMeasure = keyof typeof MEASURES;

/**
 * Tenengrad: its mean errors are within 0.05 planes of the best measure's, on simulated stacks, on real ones, and with noise; it lost the
 * focus of none of 22, and is among the fastest (100 megapixels a second).
 *
 * Where contrast comes from phase (phase contrast, bright field of living cells, holograms), contrast can be *lowest* in focus:
 * trust none of the first ten there;
 * inspect and autofocus take `band_contrast` where light looks transmitted. On an in-line hologram `wavelet_ratio` and `spectral_slope` alone found the focus.
 */
export const DEFAULT_FOCUS_MEASURE: FocusMeasure = "tenengrad";

export const FOCUS_MEASURES = Object.keys(MEASURES) as FocusMeasure[];

/**
 * The sharpness of one plane: squared counts for most, no unit for ratios and slopes. Only ratios between planes of one stack
 * mean something. All are means over pixels, so that planes of different size can be compared.
 * @throws image.unfit for a plane too small to have an inside: 3, 8 or 16 pixels along an edge, by the measure
 */
export function focusOf(plane: Plane, measure: FocusMeasure = DEFAULT_FOCUS_MEASURE): number {
  const { of, least } = MEASURES[measure];
  if (plane.height < least || plane.width < least) {
    const detail = `Focus measure ${measure}: a plane of ${plane.height} x ${plane.width} pixels has no inside; expected at least ${least} x ${least}.`;
    throw new ParfocalError("image.unfit", detail, { detail });
  }
  return of(plane);
}

/** The sharpness of every plane of a stack, first plane first; as {@link focusOf}. */
export function focusCurve(stack: Stack, measure: FocusMeasure = DEFAULT_FOCUS_MEASURE): number[] {
  return Array.from({ length: stack.depth }, (_, z) => focusOf(planeOf(stack, z), measure));
}
