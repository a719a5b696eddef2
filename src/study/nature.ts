/**
 * Does a candidate refocus, or does it section? Refocusing makes blurred structures as narrow as they are in focus and leaves a focused
 * plane as it is, out-of-focus light and all. Sectioning takes the out-of-focus light away, also in focus, and does not make blurred structures narrower
 * than it must: where it does, it takes their light away with their halo, while refocusing gathers it.
 */
import { gaussianFilter } from "../array/filters.ts";
import { median, percentiles } from "../array/statistics.ts";
import { type Plane, planeOf, type Stack } from "../image/image.ts";
import { intensityFit } from "../metrics/intensity-fit.ts";
import { structureWidths, type WidthFit } from "../metrics/structure-width.ts";
import type { Outcome } from "./every-plane.ts";
import { ofUntouched } from "./untouched.ts";

/** Widths of the structures of one plane. */
export interface PlaneWidths {
  plane: number;
  /** Full width at half maximum, pixels. */
  input: number;
  output: number;
  /** As {@link Nature}'s, of the structures of this plane that are blurred; undefined where there are too few. */
  widthRecovered: number | undefined;
  lightRecovered: number | undefined;
  /** Structures that are blurred. */
  structures: number;
}

export interface Nature {
  /** Share of the excess width of blurred structures that is taken away, median over structures of planes out of focus: 1 as sharp as in focus, 0 unchanged, below 0 wider. */
  widthRecovered: number | undefined;
  /**
   * Of the peak brightness that blur took from those structures, the share that comes back, median: 1 as bright as in focus, 0 unchanged, below 0
   * darker still. Outputs are brought to the counts of the stack by the gain that suits the plane in focus.
   */
  lightRecovered: number | undefined;
  /** Share of the out-of-focus light between structures that is taken away where the input is in focus. */
  hazeRemoved: number | undefined;
  /** By plane, medians over its structures. */
  widths: PlaneWidths[];
  sharpWidth: number | undefined;
}

/** From these on it refocuses, and sections. */
export const [leastWidthRecovered, leastHazeRemoved] = [0.3, 0.2] as const;

/** Structures that are this much wider than in focus take part; as much darker, where it is about their light. */
const leastBlur = 1.3;
/** Fewer structures say nothing. */
const fewest = 3;

export function natureOf(stack: Stack, sharpest: number, outcomes: readonly Outcome[]): Nature {
  const { fwhm, fits: sharp } = ofUntouched(stack, `structures ${sharpest}`, () =>
    structureWidths(planeOf(stack, sharpest)),
  );
  const places = sharp.map(({ x, y, angle }) => ({ x, y, angle }));
  const fitsAt = (plane: Plane): Map<number, WidthFit> =>
    new Map(structureWidths(plane, { places }).fits.map((fit) => [fit.place, fit]));
  const widths: Nature["widths"] = [];
  const recovered: number[] = [];
  const brightened: number[] = [];
  const inFocus = outcomes.reduce<Outcome | undefined>((best, one) => {
    const off = ({ plane }: Outcome): number => Math.abs(plane - sharpest);
    return best === undefined || off(one) < off(best) ? one : best;
  }, undefined);
  const { gain } = inFocus ? intensityFit([inFocus.output], [planeOf(stack, inFocus.plane)]) : { gain: 1 };
  if (fwhm.count >= fewest) {
    for (const { plane, inRange, given, output } of outcomes) {
      if (!inRange) continue;
      const recorded = ofUntouched(stack, `structures ${sharpest} in ${plane}`, () => fitsAt(planeOf(stack, plane)));
      const made = fitsAt(output);
      // The same structures in both: those that blur hides altogether would tell of others.
      const pairs = [...recorded].flatMap(([place, before]) => {
        const after = made.get(place);
        return after === undefined ? [] : [{ before, after, sharp: sharp[place] }];
      });
      if (pairs.length < fewest) continue;
      const middle = (key: "before" | "after"): number => median(pairs.map((pair) => pair[key].fwhm));
      const own = { recovered: [] as number[], brightened: [] as number[] };
      for (const { before, after, sharp: best } of given || plane === sharpest ? [] : pairs) {
        if (before.fwhm < leastBlur * best.fwhm) continue;
        own.recovered.push((before.fwhm - after.fwhm) / (before.fwhm - best.fwhm));
        if (best.amplitude < leastBlur * before.amplitude) continue;
        own.brightened.push((gain * after.amplitude - before.amplitude) / (best.amplitude - before.amplitude));
      }
      recovered.push(...own.recovered);
      brightened.push(...own.brightened);
      const known = (values: readonly number[]): number | undefined =>
        values.length >= fewest ? median(values) : undefined;
      widths.push({
        plane,
        input: middle("before"),
        output: middle("after"),
        widthRecovered: known(own.recovered),
        lightRecovered: known(own.brightened),
        structures: own.recovered.length,
      });
    }
  }
  return {
    widthRecovered: recovered.length >= fewest ? median(recovered) : undefined,
    lightRecovered: brightened.length >= fewest ? median(brightened) : undefined,
    hazeRemoved: inFocus && hazeRemoved(planeOf(stack, sharpest), planeOf(stack, inFocus.plane), inFocus.output),
    widths,
    sharpWidth: fwhm.count >= fewest ? fwhm.median : undefined,
  };
}

/** Width of the window that tells structures from what lies around them, and of the one that takes noise away, pixels. */
const [surroundings, grain] = [10, 2];
/** Share of the light of structures that out-of-focus light must have, to be there at all. */
const leastHaze = 0.01;

/**
 * Of the mean light outside the structures that are in focus, over that in them, both above the picture's background: how much less it is in
 * the output. It is light of structures that lie out of focus above and below. undefined where there is next to none.
 */
function hazeRemoved(sharp: Plane, input: Plane, output: Plane): number | undefined {
  const around = gaussianFilter(sharp, surroundings).data;
  const contrast = sharp.data.map((value, i) => value - around[i]);
  const [structure] = percentiles(contrast, [92]);
  const haze = (plane: Plane): number => {
    const smooth = gaussianFilter(plane, grain).data;
    // Not the darkest pixel: networks darken the rims of what they sharpen.
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
  const [before, after] = [haze(input), haze(output)];
  return Number.isFinite(before) && Number.isFinite(after) && before > leastHaze ? 1 - after / before : undefined;
}
