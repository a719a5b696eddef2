/**
 * Measures whether a candidate refocuses or sections. Refocusing makes blurred structures as narrow as they are in
 * focus, and leaves a plane in focus as it is, including its out-of-focus light. Sectioning removes out-of-focus light,
 * also in focus. If sectioning makes blurred structures narrower, it cuts off their blurred light, while refocusing
 * brings it back to the structure.
 */
import { gaussianFilter } from "../array/filters.ts";
import { median, percentiles } from "../array/statistics.ts";
import { type Plane, planeOf, type Stack } from "../image/image.ts";
import { intensityFit } from "../metrics/intensity-fit.ts";
import { structureWidths, type WidthFit } from "../metrics/structure-width.ts";
import type { Outcome } from "./every-plane.ts";
import { measureOnce } from "./measure-once.ts";

/** Widths of the structures of one plane. */
export interface PlaneWidths {
  plane: number;
  /** Full width at half maximum, pixels. */
  input: number;
  output: number;
  /** As in {@link Effect}, for the blurred structures of this plane; undefined where there are too few. */
  widthRecovered: number | undefined;
  brightnessRecovered: number | undefined;
  /** Number of blurred structures. */
  structures: number;
}

export interface Effect {
  /**
   * Share of the excess width of blurred structures that is removed, median over the structures of planes out of focus:
   * 1 as sharp as in focus, 0 unchanged, below 0 wider.
   */
  widthRecovered: number | undefined;
  /**
   * Share of the peak brightness lost by blur that is recovered, median over those structures: 1 as bright as in focus,
   * 0 unchanged, below 0 even darker. Outputs are brought to the counts of the stack by the gain that fits the plane in
   * focus.
   */
  brightnessRecovered: number | undefined;
  /** Share of the out-of-focus light between structures that is removed where the input is in focus. */
  backgroundRemoved: number | undefined;
  /** One entry for each plane, medians over its structures. */
  widths: PlaneWidths[];
  sharpWidth: number | undefined;
}

/** From these shares on a candidate counts as refocusing, and as sectioning. */
export const [minWidthRecovered, minBackgroundRemoved] = [0.3, 0.2] as const;

/**
 * A structure counts as blurred if it is wider than in focus by this factor; for brightness it must also be darker by
 * this factor.
 */
const minBlur = 1.3;
/** With fewer structures nothing is reported. */
const minStructures = 3;

/** Measures widths, brightness and out-of-focus light of inputs and outputs. */
export function effectOf(stack: Stack, sharpest: number, outcomes: readonly Outcome[]): Effect {
  const { fwhm, fits: sharp } = measureOnce(stack, `structures ${sharpest}`, () =>
    structureWidths(planeOf(stack, sharpest)),
  );
  const places = sharp.map(({ x, y, angle }) => ({ x, y, angle }));
  const fitsAt = (plane: Plane): Map<number, WidthFit> =>
    new Map(structureWidths(plane, { places }).fits.map((fit) => [fit.place, fit]));
  const widths: Effect["widths"] = [];
  const recovered: number[] = [];
  const brightened: number[] = [];
  const inFocus = outcomes.reduce<Outcome | undefined>((best, one) => {
    const off = ({ plane }: Outcome): number => Math.abs(plane - sharpest);
    return best === undefined || off(one) < off(best) ? one : best;
  }, undefined);
  const { gain } = inFocus ? intensityFit([inFocus.output], [planeOf(stack, inFocus.plane)]) : { gain: 1 };
  if (fwhm.count >= minStructures) {
    for (const { plane, inRange, given, output } of outcomes) {
      if (!inRange) continue;
      const recorded = measureOnce(stack, `structures ${sharpest} in ${plane}`, () => fitsAt(planeOf(stack, plane)));
      const made = fitsAt(output);
      // Only structures that were measured in input and output are compared, since the medians must be over the same
      // ones.
      const pairs = [...recorded].flatMap(([place, before]) => {
        const after = made.get(place);
        return after === undefined ? [] : [{ before, after, sharp: sharp[place] }];
      });
      if (pairs.length < minStructures) continue;
      const middle = (key: "before" | "after"): number => median(pairs.map((pair) => pair[key].fwhm));
      const own = { recovered: [] as number[], brightened: [] as number[] };
      for (const { before, after, sharp: best } of given || plane === sharpest ? [] : pairs) {
        if (before.fwhm < minBlur * best.fwhm) continue;
        own.recovered.push((before.fwhm - after.fwhm) / (before.fwhm - best.fwhm));
        if (best.amplitude < minBlur * before.amplitude) continue;
        own.brightened.push((gain * after.amplitude - before.amplitude) / (best.amplitude - before.amplitude));
      }
      recovered.push(...own.recovered);
      brightened.push(...own.brightened);
      const known = (values: readonly number[]): number | undefined =>
        values.length >= minStructures ? median(values) : undefined;
      widths.push({
        plane,
        input: middle("before"),
        output: middle("after"),
        widthRecovered: known(own.recovered),
        brightnessRecovered: known(own.brightened),
        structures: own.recovered.length,
      });
    }
  }
  return {
    widthRecovered: recovered.length >= minStructures ? median(recovered) : undefined,
    brightnessRecovered: brightened.length >= minStructures ? median(brightened) : undefined,
    backgroundRemoved:
      inFocus && backgroundRemoved(planeOf(stack, sharpest), planeOf(stack, inFocus.plane), inFocus.output),
    widths,
    sharpWidth: fwhm.count >= minStructures ? fwhm.median : undefined,
  };
}

/**
 * Standard deviations of the Gaussians that separate structures from their surroundings, and that remove noise, pixels.
 */
const [surroundings, grain] = [10, 2];
/** Out-of-focus light is only judged if it is at least this share of the light of the structures. */
const minBackground = 0.01;

/**
 * The share of the out-of-focus light that is removed. Out-of-focus light is measured as the mean light outside the
 * structures in focus divided by the mean light inside them, both above the background of the image. It comes from
 * structures above and below the plane. Undefined where there is hardly any.
 */
function backgroundRemoved(sharp: Plane, input: Plane, output: Plane): number | undefined {
  const around = gaussianFilter(sharp, surroundings).data;
  const contrast = sharp.data.map((value, i) => value - around[i]);
  const [structure] = percentiles(contrast, [92]);
  const outOfFocusLight = (plane: Plane): number => {
    const smooth = gaussianFilter(plane, grain).data;
    // Percentile 5, not the darkest pixel, since networks darken the rims of structures that they sharpen.
    const [background] = percentiles(smooth, [5]);
    let [inside, outside, n] = [0, 0, 0];
    for (let i = 0; i < smooth.length; i++) {
      if (contrast[i] >= structure) {
        inside += smooth[i] - background;
        n++;
      } else outside += smooth[i] - background;
    }
    return outside / (smooth.length - n) / (inside / n);
  };
  const [before, after] = [outOfFocusLight(input), outOfFocusLight(output)];
  return Number.isFinite(before) && Number.isFinite(after) && before > minBackground ? 1 - after / before : undefined;
}
