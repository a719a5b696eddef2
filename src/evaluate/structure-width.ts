/**
 * How wide the bright structures of a picture are, and how steep its edges: what a reader would measure by hand with line
 * profiles, at places that are found without choosing.
 *
 * Ridges, spots and edges are the maxima of derivatives of the blurred picture, each at the blur that suits its width
 * (Lindeberg, Int. J. Comput. Vis. 30, 117 (1998); ridges with gamma 3/4, edges with gamma 1/2), on a pyramid of 2 x 2 means.
 * Profiles are fitted by Levenberg and Marquardt (Marquardt, J. SIAM 11, 431 (1963)).
 *
 * Coordinates are pixels, (0, 0) the middle of the first one. An angle is that of the profile, across the structure, in
 * radians from x towards y.
 */
import { gaussianFilter } from "../array/filters.ts";
import { sampleAt } from "../array/resample.ts";
import { extent } from "../array/statistics.ts";
import { ParfocalError } from "../errors.ts";
import type { Plane } from "../image/image.ts";
import { checkPair } from "./comparable.ts";

/** Where to measure. A {@link WidthFit} or an {@link EdgeFit} of another picture of the same field is one. */
export interface MeasuringPlace {
  x: number;
  y: number;
  /** Of the profile; found in the picture itself where it is left out. */
  angle?: number;
}

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

/** The smallest side of a plane, pixels. */
const LEAST = 32;
/** Blurs of each level of the pyramid, in its pixels: half an octave apart. */
const BLURS = [1.5, 1.5 * Math.SQRT2];
const LEVELS = 4;
/** A maximum counts when it exceeds the noise of the derivative by this factor, */
const SIGNIFICANT = 6;
/** and this share of the strongest one. */
const LEAST_STRENGTH = 0.1;
/** So much of the noise is taken off a maximum: a narrow blur's are high by luck, where noise makes the structure narrower. */
const LUCK = 4;
/**
 * Strengths that differ by less than this (logarithm) are taken for equal: along a line, the strongest places are those where noise
 * makes it narrower.
 */
const GRADE = 0.2;
/** A spot is curved both ways; on a line, one curvature is more than so many times the other. */
const POINTED = 2.5;
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

/** One blurred picture of the pyramid: its pixel (i, j) is (i + 0.5) 2^level - 0.5 of the plane. */
interface Blurred extends Plane {
  /** Pixels of the plane per pixel. */
  pixel: number;
  /** Blur in its own pixels. */
  blur: number;
}

/** What is looked for, and how it is fitted. */
interface Kind {
  /** Exponent of the blur that makes strengths of different blurs comparable. */
  exponent: number;
  /** Standard deviation of the derivative of white noise of 1 at a blur of 1, and the exponent of 1 / blur. */
  noise: number;
  order: number;
  /** The derivative, above 0 where there is such a thing, and its direction at pixel i. */
  derivative(data: Float32Array, width: number, i: number): number;
  angle(data: Float32Array, width: number, i: number): number;
  /** Is it a spot, and no line? Then only its top is taken. */
  pointed(data: Float32Array, width: number, i: number): boolean;
  /** Model value at t, and its derivatives by the parameters: middle, sigma, amplitude, background, and perhaps slope. */
  model(parameters: readonly number[], t: number, slopes: Float64Array): number;
  /** Straight line (true) or mean (false) that R2 refers to, and the parameter that goes with it. */
  linear: boolean;
}

const RIDGES: Kind = {
  exponent: 1.5,
  noise: Math.sqrt(3 / (16 * Math.PI)),
  order: 3,
  derivative(data, width, i) {
    const { xx, xy, yy } = hessian(data, width, i);
    return Math.sqrt((xx - yy) * (xx - yy) * 0.25 + xy * xy) - (xx + yy) / 2;
  },
  angle(data, width, i) {
    const { xx, xy, yy } = hessian(data, width, i);
    return 0.5 * Math.atan2(2 * xy, xx - yy) + Math.PI / 2;
  },
  pointed(data, width, i) {
    const { xx, xy, yy } = hessian(data, width, i);
    const difference = Math.sqrt((xx - yy) * (xx - yy) * 0.25 + xy * xy);
    return difference - (xx + yy) / 2 < POINTED * (-difference - (xx + yy) / 2);
  },
  model([middle, sigma, amplitude, background, slope], t, slopes) {
    const u = (t - middle) / sigma;
    const bell = Math.exp(-u * u * 0.5);
    slopes[0] = (amplitude * bell * u) / sigma;
    slopes[1] = slopes[0] * u;
    slopes[2] = bell;
    slopes[3] = 1;
    slopes[4] = t;
    return amplitude * bell + background + slope * t;
  },
  linear: true,
};

const EDGES: Kind = {
  exponent: 0.5,
  noise: Math.sqrt(1 / (8 * Math.PI)),
  order: 2,
  derivative: (data, width, i) => Math.hypot(data[i + 1] - data[i - 1], data[i + width] - data[i - width]) / 2,
  pointed: () => false,
  angle: (data, width, i) => Math.atan2(data[i + width] - data[i - width], data[i + 1] - data[i - 1]),
  model([middle, sigma, amplitude, background], t, slopes) {
    const u = (t - middle) / sigma;
    const bell = Math.exp(-u * u * 0.5) / Math.sqrt(2 * Math.PI);
    const share = normalShare(u);
    slopes[0] = (-amplitude * bell) / sigma;
    slopes[1] = slopes[0] * u;
    slopes[2] = share;
    slopes[3] = 1;
    return amplitude * share + background;
  },
  linear: false,
};

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

function blurredPictures(plane: Plane): Blurred[] {
  const pictures: Blurred[] = [];
  let level: Plane = plane;
  for (let pixel = 1; pixel < 2 ** LEVELS && Math.min(level.height, level.width) >= LEAST / 2; pixel *= 2) {
    for (const blur of BLURS) pictures.push({ ...gaussianFilter(level, blur, { truncate: 3 }), pixel, blur });
    level = halved(level);
  }
  return pictures;
}

/** 2 x 2 means; an odd last row or column is left out. */
function halved(plane: Plane): Plane {
  const height = Math.floor(plane.height / 2);
  const width = Math.floor(plane.width / 2);
  const data = new Float32Array(height * width);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const i = 2 * y * plane.width + 2 * x;
      const below = i + plane.width;
      data[y * width + x] = (plane.data[i] + plane.data[i + 1] + plane.data[below] + plane.data[below + 1]) / 4;
    }
  return { data, height, width };
}

/** Where a fit begins. */
interface Start {
  x: number;
  y: number;
  angle: number;
  sigma: number;
}

const toPlane = (i: number, pixel: number) => (i + 0.5) * pixel - 0.5;

/** In pixels of the plane, for one picture of the pyramid: derivative x blur^exponent. */
const strengthFactor = ({ pixel, blur }: Blurred, { exponent, order }: Kind) =>
  (blur * pixel) ** exponent / pixel ** (order - 1);

/** Maxima across themselves that stand above the noise, the strongest first. */
function findStarts(plane: Plane, pyramid: readonly Blurred[], kind: Kind): Start[] {
  const { min, max } = extent(plane.data);
  // Rounding of float32 is no structure.
  const rounding = 1e-6 * Math.max(Math.abs(min), Math.abs(max));
  const deviation = noiseDeviation(plane);
  const found: { strength: number; picture: Blurred; i: number; grade: number }[] = [];
  let strongest = 0;
  for (const picture of pyramid) {
    const { data, height, width, pixel, blur } = picture;
    const factor = strengthFactor(picture, kind);
    const noise = (deviation / pixel) * (kind.noise / blur ** kind.order);
    const values = new Float32Array(data.length);
    let most = 0;
    for (let y = 1; y < height - 1; y++)
      for (let x = 1; x < width - 1; x++) {
        const value = kind.derivative(data, width, y * width + x);
        values[y * width + x] = value;
        if (value > most) most = value;
      }
    strongest = Math.max(strongest, (most - LUCK * noise) * factor);
    const least = Math.max(SIGNIFICANT * noise, rounding, LUCK * noise + (LEAST_STRENGTH * strongest) / factor);
    for (let y = 2; y < height - 2; y++)
      for (let x = 2; x < width - 2; x++) {
        const i = y * width + x;
        if (!(values[i] > least)) continue;
        const angle = kind.angle(data, width, i);
        const step = Math.round(Math.sin(angle)) * width + Math.round(Math.cos(angle));
        const steps = kind.pointed(data, width, i) ? [1, width - 1, width, width + 1] : [step];
        if (steps.every((one) => values[i] >= values[i + one] && values[i] >= values[i - one]))
          found.push({ strength: (values[i] - LUCK * noise) * factor, picture, i, grade: 0 });
      }
  }
  const strong = found.filter(({ strength }) => strength > LEAST_STRENGTH * strongest);
  for (const one of strong) one.grade = Math.max(0, Math.floor(Math.log(strongest / one.strength) / GRADE));
  // Within a grade in the order of blurs and places, as they were found: sorting is stable.
  strong.sort((a, b) => a.grade - b.grade);
  return strong.map(({ picture, i }) => ({
    x: toPlane(i % picture.width, picture.pixel),
    y: toPlane(Math.floor(i / picture.width), picture.pixel),
    angle: kind.angle(picture.data, picture.width, i),
    sigma: picture.blur * picture.pixel,
  }));
}

/** The strongest blur at a given place. */
function lookAt(pyramid: readonly Blurred[], kind: Kind, { x, y }: MeasuringPlace): Start | undefined {
  let best: Start | undefined;
  let strongest = 0;
  for (const picture of pyramid) {
    const { data, height, width, pixel, blur } = picture;
    const column = Math.round((x + 0.5) / pixel - 0.5);
    const row = Math.round((y + 0.5) / pixel - 0.5);
    if (!(row >= 1 && column >= 1 && row < height - 1 && column < width - 1)) continue;
    const i = row * width + column;
    const strength = kind.derivative(data, width, i) * strengthFactor(picture, kind);
    if (!(strength > strongest)) continue;
    strongest = strength;
    best = { x, y, angle: kind.angle(data, width, i), sigma: blur * pixel };
  }
  return best;
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
  const found = levenbergMarquardt(kind.model, t, unit, [0, sigma, 1, 0, ...(kind.linear ? [0] : [])]);
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
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const slope = linear ? values.reduce((sum, v, i) => sum + v * t[i], 0) / t.reduce((sum, at) => sum + at * at, 0) : 0;
  return values.reduce((sum, v, i) => sum + (v - mean - slope * t[i]) ** 2, 0);
}

function levenbergMarquardt(
  model: Kind["model"],
  t: Float64Array,
  values: Float64Array,
  start: readonly number[],
): { parameters: number[]; cost: number } {
  const n = start.length;
  const slopes = new Float64Array(n);
  const costOf = (p: readonly number[]) => t.reduce((sum, at, i) => sum + (model(p, at, slopes) - values[i]) ** 2, 0);
  let parameters = [...start];
  let cost = costOf(parameters);
  let damping = 1e-3;
  for (let iteration = 0; iteration < 60 && damping < 1e10; iteration++) {
    const normal = Array.from({ length: n }, () => new Float64Array(n + 1));
    for (let i = 0; i < t.length; i++) {
      const residual = values[i] - model(parameters, t[i], slopes);
      for (let a = 0; a < n; a++) {
        for (let b = 0; b < n; b++) normal[a][b] += slopes[a] * slopes[b];
        normal[a][n] += slopes[a] * residual;
      }
    }
    let gain = 0;
    while (gain <= 0 && damping < 1e10) {
      const move = solve(
        normal.map((row, a) => row.map((v, b) => (a === b ? v * (1 + damping) + 1e-12 : v))),
        n,
      );
      const next = parameters.map((v, a) => v + move[a]);
      next[1] = Math.max(0.2, next[1]);
      const reached = costOf(next);
      gain = reached < cost ? cost - reached : 0;
      damping *= gain > 0 ? 0.1 : 10;
      if (gain > 0) {
        parameters = next;
        cost = reached;
      }
    }
    if (gain < 1e-8 * (cost + 1e-12)) break;
  }
  return { parameters, cost };
}

/** Solves n equations, the right side in column n, by elimination with pivots; overwrites them. */
function solve(rows: Float64Array[], n: number): number[] {
  for (let c = 0; c < n; c++) {
    let pivot = c;
    for (let r = c + 1; r < n; r++) if (Math.abs(rows[r][c]) > Math.abs(rows[pivot][c])) pivot = r;
    [rows[c], rows[pivot]] = [rows[pivot], rows[c]];
    for (let r = 0; r < n; r++) {
      if (r === c) continue;
      const factor = rows[r][c] / rows[c][c];
      for (let k = c; k <= n; k++) rows[r][k] -= factor * rows[c][k];
    }
  }
  return rows.map((row, i) => row[n] / row[i]);
}

function hessian(data: Float32Array, width: number, i: number): { xx: number; xy: number; yy: number } {
  const twice = 2 * data[i];
  return {
    xx: data[i + 1] - twice + data[i - 1],
    yy: data[i + width] - twice + data[i - width],
    xy: (data[i + width + 1] - data[i + width - 1] - data[i - width + 1] + data[i - width - 1]) / 4,
  };
}

/**
 * Standard deviation of white noise, from the median of a mask that knows neither ramps nor straight edges (Immerkaer, Comput.
 * Vis. Image Underst. 64, 300 (1996)); every third pixel of every third row.
 */
function noiseDeviation({ data, height, width }: Plane): number {
  const values: number[] = [];
  for (let y = 1; y < height - 1; y += 3)
    for (let x = 1; x < width - 1; x += 3) {
      const i = y * width + x;
      const sides = data[i - 1] + data[i + 1] + data[i - width] + data[i + width];
      const corners = data[i - width - 1] + data[i - width + 1] + data[i + width - 1] + data[i + width + 1];
      values.push(Math.abs(4 * data[i] - 2 * sides + corners) / 6);
    }
  return Float32Array.from(values).sort()[values.length >> 1] * 1.4826;
}

/** Share of a normal distribution below u (Abramowitz and Stegun, 7.1.26, error below 1e-7). */
function normalShare(u: number): number {
  const z = Math.abs(u) / Math.SQRT2;
  const k = 1 / (1 + 0.3275911 * z);
  const series = ((((1.061405429 * k - 1.453152027) * k + 1.421413741) * k - 0.284496736) * k + 0.254829592) * k;
  const upper = 0.5 * series * Math.exp(-z * z);
  return u >= 0 ? 1 - upper : upper;
}

function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) => {
    const position = share * (sorted.length - 1);
    const below = sorted[Math.floor(position)] ?? Number.NaN;
    return below + (position % 1) * ((sorted[Math.ceil(position)] ?? Number.NaN) - below);
  };
  return { median: at(0.5), quartiles: [at(0.25), at(0.75)], count: sorted.length };
}
