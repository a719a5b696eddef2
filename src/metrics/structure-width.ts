/**
 * How wide the bright structures of a picture are, and how steep its edges: what a reader would measure by hand with line
 * profiles, at places that are found without choosing.
 *
 * line-structures.ts finds them; profiles are fitted by Levenberg and Marquardt.
 *
 * Coordinates are pixels, (0, 0) the middle of the first one. An angle is that of the profile, across the structure, in
 * radians from x towards y.
 */
import { fitCurve } from "../array/fit-curve.ts";
import { sampleAt } from "../array/resample.ts";
import { extent, mean, percentiles } from "../array/statistics.ts";
import { ParfocalError } from "../errors.ts";
import type { Plane } from "../image/image.ts";
import { checkPair } from "./comparable.ts";
import {
  blurredPictures,
  EDGES,
  findStarts,
  type Kind,
  LEAST,
  lookAt,
  type MeasuringPlace,
  RIDGES,
  type Start,
} from "./line-structures.ts";

interface Fit {
  /** Middle of the fitted structure. */
  x: number;
  y: number;
  angle: number;
  /** Height above the background, or of the step, in counts, of the mean of three lines: for small spots less than at their top. */
  amplitude: number;
  /** Counts beside the structure (below its middle), or on the dark side of the edge. */
  background: number;
  /** Share of the profile's variance (about a straight line, or about its mean for edges) that the fit explains. */
  r2: number;
  /** Which of the given places this is; a running number where none were given. */
  place: number;
}

export interface WidthFit extends Fit {
  /** Full width at half maximum, 2.3548 sigma, pixels. */
  fwhm: number;
}

export interface EdgeFit extends Fit {
  /** Distance from 10 to 90 % of the step, 2.5631 sigma, pixels. */
  rise: number;
}

/** The middle of many lengths, pixels; NaN for none. */
export interface Spread {
  median: number;
  /** Of a quarter and of three quarters. */
  quartiles: [number, number];
  count: number;
}

export interface WidthOptions {
  /** Measure here, instead of looking for structures; places whose fit is no good are left out of the result. */
  places?: readonly MeasuringPlace[];
  /** How many fits at most, of structures that are looked for; 60 by default. */
  count?: number;
}

/** Nearer than so many sigmas to a place that was tried nothing else is: the flank of a spot is a ridge, too. */
const APART = 4;
/** Steps of a profile, pixels. */
const STEP = 0.5;
/** A profile reaches this many sigmas to either side: the picture beyond is somebody else's. */
const REACH = 4;
const LEAST_R2 = 0.9;
const FWHM = 2 * Math.sqrt(2 * Math.LN2);
/** From 10 to 90 % of a cumulative normal distribution. */
const RISE = 2 * 1.2815515655446004;
const FWHM_BOUNDS = [1.2, 50] as const;

/**
 * Widths of bright ridges and spots: a line profile across each, the mean of three lines a pixel apart, is fitted by a Gaussian on
 * a linear background. The stronger structures come first; kept are fits with R2 of 0.9 or more, 1.2 to 50 pixels
 * wide, in the middle of their profile, on a background that falls by less than half the amplitude over the width. The
 * samples are cubic: bilinear ones widen a sigma of 1.5 pixels by 4 %.
 * @throws image.unfit for a plane smaller than 32 x 32, or with NaN
 */
export function structureWidths(plane: Plane, options: WidthOptions = {}): { fwhm: Spread; fits: WidthFit[] } {
  const fits = measure(plane, RIDGES, options).map(({ sigma, ...fit }) => ({ ...fit, fwhm: FWHM * sigma }));
  return { fwhm: spreadOf(fits.map(({ fwhm }) => fwhm)), fits };
}

/**
 * Rise of the strongest edges from 10 to 90 %: profiles as for {@link structureWidths}, fitted by an error function between two
 * flat sides. An edge of sharp things blurred by a Gaussian of sigma has 2.5631 sigma.
 * @throws as {@link structureWidths}
 */
export function edgeWidth(plane: Plane, options: WidthOptions = {}): { rise: Spread; fits: EdgeFit[] } {
  const fits = measure(plane, EDGES, options).map(({ sigma, ...fit }) => ({ ...fit, rise: RISE * sigma }));
  return { rise: spreadOf(fits.map(({ rise }) => rise)), fits };
}

type SigmaFit = Fit & { sigma: number };

function measure(plane: Plane, kind: Kind, { places, count = 60 }: WidthOptions): SigmaFit[] {
  checkPair(plane, plane);
  if (Math.min(plane.height, plane.width) < LEAST) {
    const detail = `Widths of structures: a plane of ${plane.height} x ${plane.width} pixels; expected ${LEAST} x ${LEAST} or more.`;
    throw new ParfocalError("image.unfit", detail, { detail });
  }
  const pyramid = blurredPictures(plane);
  if (places)
    return places.flatMap((place, index) => {
      const start = lookAt(pyramid, kind, place);
      const fit = start && fitProfile(plane, kind, { ...start, ...place }, index);
      return fit ? [fit] : [];
    });
  const fits: SigmaFit[] = [];
  const tried: Start[] = [];
  for (const start of findStarts(plane, pyramid, kind)) {
    if (fits.length >= count || tried.length >= 6 * count) break;
    const near = (place: { x: number; y: number }) => (other: Start) =>
      Math.hypot(other.x - place.x, other.y - place.y) < APART * Math.max(2, other.sigma, start.sigma);
    if (tried.some(near(start)) || fits.some(near(start))) continue;
    tried.push(start);
    const fit = fitProfile(plane, kind, start, fits.length);
    // The flank of a wide structure leads to the same one.
    if (fit && !fits.some(near(fit))) fits.push(fit);
  }
  return fits;
}

/** A fit about a start, its profile cut anew to the width that comes out; undefined where it is no good. */
function fitProfile(plane: Plane, kind: Kind, start: Start, place: number): SigmaFit | undefined {
  let { x, y, sigma } = start;
  const { angle } = start;
  const [down, across] = [Math.sin(angle), Math.cos(angle)];
  for (let round = 0; round < 4; round++) {
    const reach = Math.min(REACH * sigma, REACH * (FWHM_BOUNDS[1] / FWHM));
    const profile = profileAt(plane, { x, y, angle, sigma }, Math.max(3, reach));
    const fit = profile && fitLine(kind, profile, sigma);
    // What left the profile or lost its shape is somebody else.
    if (!fit || Math.abs(fit.middle) > 2 * start.sigma) return undefined;
    const settled = Math.abs(fit.sigma / sigma - 1) < 0.03 && Math.abs(fit.middle) < 0.25 * sigma;
    x += fit.middle * across;
    y += fit.middle * down;
    sigma = fit.sigma;
    if (!settled && round < 3) continue;
    const width = FWHM * sigma;
    const good =
      fit.r2 >= LEAST_R2 &&
      fit.amplitude > 0 &&
      width >= FWHM_BOUNDS[0] &&
      width <= FWHM_BOUNDS[1] &&
      Math.abs(fit.slope) * width < 0.5 * fit.amplitude &&
      Math.hypot(x - start.x, y - start.y) <= Math.max(2, 2 * start.sigma);
    if (!good) return undefined;
    const { amplitude, background, r2 } = fit;
    return { x, y, angle, amplitude, background, r2, place, sigma };
  }
  return undefined;
}

interface Profile {
  /** Distance from the middle, pixels. */
  t: Float64Array;
  values: Float64Array;
}

/** Mean of three parallel lines a pixel apart; undefined where they leave the plane. */
function profileAt(plane: Plane, { x, y, angle }: Start, reach: number): Profile | undefined {
  const [down, across] = [Math.sin(angle), Math.cos(angle)];
  const inside = (edge: number, length: number) => edge >= 0 && edge <= length - 1;
  for (const sign of [-1, 1])
    if (!inside(x + sign * reach * across, plane.width) || !inside(y + sign * reach * down, plane.height))
      return undefined;
  const half = Math.round(reach / STEP);
  const t = Float64Array.from({ length: 2 * half + 1 }, (_, i) => (i - half) * STEP);
  const values = t.map((at) => {
    let sum = 0;
    for (let side = -1; side <= 1; side++)
      sum += sampleAt(plane, y + at * down + side * across, x + at * across - side * down, "cubic");
    return sum / 3;
  });
  return { t, values };
}

interface LineFit {
  middle: number;
  sigma: number;
  amplitude: number;
  background: number;
  slope: number;
  r2: number;
}

/** Fits a profile, in units of its own range so that gain and offset of the counts do not matter. */
function fitLine(kind: Kind, { t, values }: Profile, sigma: number): LineFit | undefined {
  const { min, max } = extent(values);
  const range = max - min;
  if (!(range > 0)) return undefined;
  const unit = values.map((v) => (v - min) / range);
  const found = fitCurve(kind.model, t, unit, [0, sigma, 1, 0, ...(kind.linear ? [0] : [])]);
  const [middle, width, amplitude, background, slope = 0] = found.parameters;
  return {
    middle,
    sigma: Math.abs(width),
    amplitude: range * amplitude,
    background: min + range * (background + slope * middle),
    slope: range * slope,
    r2: 1 - found.cost / varianceAbout(t, unit, kind.linear),
  };
}

/** Sum of squares about the mean, or about the straight line that fits best; t is symmetric about 0. */
function varianceAbout(t: Float64Array, values: Float64Array, linear: boolean): number {
  const middle = mean(values);
  const slope = linear ? values.reduce((sum, v, i) => sum + v * t[i], 0) / t.reduce((sum, at) => sum + at * at, 0) : 0;
  return values.reduce((sum, v, i) => sum + (v - middle - slope * t[i]) ** 2, 0);
}

function spreadOf(values: readonly number[]): Spread {
  const [low, middle, high] =
    values.length === 0 ? new Array<number>(3).fill(Number.NaN) : percentiles(values, [25, 50, 75]);
  return { median: middle, quartiles: [low, high], count: values.length };
}
