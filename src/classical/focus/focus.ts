/** Classical focus measures by name, for one plane or for all planes of a stack. */
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

/** A measure: its function, and the minimum edge of a plane, pixels. */
interface Measure {
  of: (plane: Plane) => number;
  least: number;
}

/**
 * The best of 43 measures in our comparison (docs/decisions/focus-measures.md). The first seven are similar and differ
 * in their sensitivity to noise and in speed. The next three use brightness and coarse structure and resist noise,
 * sparse fields and flicker. The next two are for coherent light, and the last is for transmitted light, where the
 * focus may be a minimum (locate-focus.ts).
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

/** Each function documents its measure and the paper. */
export type FocusMeasure = keyof typeof MEASURES;

/**
 * Tenengrad: its mean errors are within 0.05 planes of those of the best measure on simulated, recorded and noisy
 * stacks. It found the focus of all 22 stacks and is among the fastest (100 megapixels per second).
 *
 * If contrast comes from phase (phase contrast, bright field of living cells, holograms), it can be *lowest* in focus,
 * and the first ten measures are unreliable. For transmitted light, inspect and autofocus use `band_contrast`. On an
 * in-line hologram, only `wavelet_ratio` and `spectral_slope` found the focus.
 */
export const DEFAULT_FOCUS_MEASURE: FocusMeasure = "tenengrad";

export const FOCUS_MEASURES = Object.keys(MEASURES) as FocusMeasure[];

/**
 * The sharpness of one plane, in squared counts for most measures and without unit for ratios and slopes. Only ratios
 * between planes of one stack are meaningful. All are means over pixels, so that planes of different size can be
 * compared.
 * @throws image.unfit for a plane smaller than the measure needs: 3, 8 or 16 pixels along an edge
 */
export function focusOf(plane: Plane, measure: FocusMeasure = DEFAULT_FOCUS_MEASURE): number {
  const { of, least } = MEASURES[measure];
  if (plane.height < least || plane.width < least) {
    const detail = `Focus measure ${measure}: a plane of ${plane.height} x ${plane.width} pixels is too small; expected at least ${least} x ${least}.`;
    throw new ParfocalError("image.unfit", detail, { detail });
  }
  return of(plane);
}

/** The sharpness of every plane of a stack, first plane first; as {@link focusOf}. */
export function focusCurve(stack: Stack, measure: FocusMeasure = DEFAULT_FOCUS_MEASURE): number[] {
  return Array.from({ length: stack.depth }, (_, z) => focusOf(planeOf(stack, z), measure));
}
