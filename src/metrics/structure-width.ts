/**
 * Measures how wide the bright structures of an image are, and how steep its edges, as one would by hand with line
 * profiles, but at places that are found automatically.
 *
 * line-structures.ts finds the places. Profiles are fitted by the Levenberg-Marquardt algorithm.
 *
 * Coordinates are pixels; (0, 0) is the centre of the first pixel. An angle is that of the profile, across the
 * structure, in radians from x towards y.
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
  type MeasuringPlace,
  MIN_SIDE,
  RIDGES,
  type Start,
  strongestBlurAt,
} from "./line-structures.ts";

interface Fit {
  /** Middle of the fitted structure. */
  x: number;
  y: number;
  angle: number;
  /**
   * Height above the background, or of the step, counts. It is that of the mean of three lines, which for small spots
   * is less than at their top.
   */
  amplitude: number;
  /** Counts of the background at the middle of the structure, or on the dark side of the edge. */
  background: number;
  /** Share of the profile's variance (about a straight line, or about its mean for edges) that the fit explains. */
  r2: number;
  /** Index of the given place; a running number where no places were given. */
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

/** Median and quartiles of lengths, pixels; NaN if there are none. */
export interface Spread {
  median: number;
  /** First and third quartile. */
  quartiles: [number, number];
  count: number;
}

export interface WidthOptions {
  /** Places to measure, instead of those that are found. Places with a bad fit are left out of the result. */
  places?: readonly MeasuringPlace[];
  /** Largest number of fits, if structures are found automatically; default 60. */
  count?: number;
}

/**
 * Starts within this many sigmas of a place that was already tried are skipped, since the flank of a spot is also a
 * ridge.
 */
const APART = 4;
/** Steps of a profile, pixels. */
const STEP = 0.5;
/** A profile reaches this many sigmas to each side. Farther away, other structures would disturb the fit. */
const REACH = 4;
const MIN_R2 = 0.9;
const FWHM = 2 * Math.sqrt(2 * Math.LN2);
/** From 10 to 90 % of a cumulative normal distribution. */
const RISE = 2 * 1.2815515655446004;
const FWHM_BOUNDS = [1.2, 50] as const;

/**
 * Widths of bright ridges and spots. A line profile across each structure, the mean of three lines one pixel apart, is
 * fitted by a Gaussian on a linear background. Stronger structures come first. A fit is kept if R2 is at least 0.9, the
 * width is 1.2 to 50 pixels, it lies in the middle of its profile, and the background falls by less than half of the
 * amplitude over the width. Profiles are sampled by cubic interpolation, since bilinear interpolation widens a sigma of
 * 1.5 pixels by 4 %.
 * @throws image.unfit for a plane smaller than 32 x 32, or with NaN
 */
export function structureWidths(plane: Plane, options: WidthOptions = {}): { fwhm: Spread; fits: WidthFit[] } {
  const fits = measure(plane, RIDGES, options).map(({ sigma, ...fit }) => ({ ...fit, fwhm: FWHM * sigma }));
  return { fwhm: spreadOf(fits.map(({ fwhm }) => fwhm)), fits };
}

/**
 * Rise of the strongest edges from 10 to 90 %: profiles as for {@link structureWidths} are fitted by an error
 * function between two flat sides. A sharp edge that is blurred by a Gaussian of sigma has a rise of 2.5631 sigma.
 * @throws as {@link structureWidths}
 */
export function edgeWidth(plane: Plane, options: WidthOptions = {}): { rise: Spread; fits: EdgeFit[] } {
  const fits = measure(plane, EDGES, options).map(({ sigma, ...fit }) => ({ ...fit, rise: RISE * sigma }));
  return { rise: spreadOf(fits.map(({ rise }) => rise)), fits };
}

type SigmaFit = Fit & { sigma: number };

function measure(plane: Plane, kind: Kind, { places, count = 60 }: WidthOptions): SigmaFit[] {
  checkPair(plane, plane);
  if (Math.min(plane.height, plane.width) < MIN_SIDE) {
    const detail = `Widths of structures: a plane of ${plane.height} x ${plane.width} pixels; expected ${MIN_SIDE} x ${MIN_SIDE} or more.`;
    throw new ParfocalError("image.unfit", detail, { detail });
  }
  const pyramid = blurredPictures(plane);
  if (places)
    return places.flatMap((place, index) => {
      const start = strongestBlurAt(pyramid, kind, place);
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
    // A start on the flank of a wide structure leads to the same structure.
    if (fit && !fits.some(near(fit))) fits.push(fit);
  }
  return fits;
}

/** Fits around a start, and repeats the fit with a profile of the resulting width; undefined where the fit is bad. */
function fitProfile(plane: Plane, kind: Kind, start: Start, place: number): SigmaFit | undefined {
  let { x, y, sigma } = start;
  const { angle } = start;
  const [down, across] = [Math.sin(angle), Math.cos(angle)];
  for (let round = 0; round < 4; round++) {
    const reach = Math.min(REACH * sigma, REACH * (FWHM_BOUNDS[1] / FWHM));
    const profile = profileAt(plane, { x, y, angle, sigma }, Math.max(3, reach));
    const fit = profile && fitLine(kind, profile, sigma);
    // A fit that leaves the profile belongs to another structure.
    if (!fit || Math.abs(fit.middle) > 2 * start.sigma) return undefined;
    const settled = Math.abs(fit.sigma / sigma - 1) < 0.03 && Math.abs(fit.middle) < 0.25 * sigma;
    x += fit.middle * across;
    y += fit.middle * down;
    sigma = fit.sigma;
    if (!settled && round < 3) continue;
    const width = FWHM * sigma;
    const good =
      fit.r2 >= MIN_R2 &&
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

/** Mean of three parallel lines, one pixel apart; undefined where they leave the plane. */
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

/** Fits a profile after division by its own range, so that gain and offset of the counts do not matter. */
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
