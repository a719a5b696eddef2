/**
 * Finds bright ridges, spots and edges in an image: the maxima of derivatives of the blurred image, each at the blur
 * that matches its width (Lindeberg, Int. J. Comput. Vis. 30, 117 (1998); ridges with gamma 3/4, edges with gamma 1/2),
 * on a pyramid of 2 x 2 means.
 */
import { gaussianFilter } from "../array/filters.ts";
import type { CurveModel } from "../array/fit-curve.ts";
import { extent } from "../array/statistics.ts";
import { noiseLevel } from "../classical/noise-level.ts";
import type { Plane } from "../image/image.ts";

/** A place to measure, such as that of a fit in another image of the same field. */
export interface MeasuringPlace {
  x: number;
  y: number;
  /** Angle of the profile; found in the image itself if it is left out. */
  angle?: number;
}

/** The smallest side of a plane, pixels. */
export const MIN_SIDE = 32;
/** Blurs of each level of the pyramid, in its pixels: half an octave apart. */
const BLURS = [1.5, 1.5 * Math.SQRT2];
const LEVELS = 4;
/** A maximum counts if it exceeds the noise of the derivative by this factor, */
const MIN_SIGNIFICANCE = 6;
/** and this share of the strongest maximum. */
const MIN_STRENGTH = 0.1;
/**
 * This many standard deviations of noise are subtracted from a maximum, since at a narrow blur noise makes maxima too
 * high.
 */
const NOISE_CORRECTION = 4;
/**
 * Strengths whose logarithms differ by less than this count as equal. Otherwise the strongest places along a line would
 * be those where noise makes it narrower.
 */
const STRENGTH_STEP = 0.2;
/**
 * A spot is curved in both directions. A structure counts as a line if one curvature exceeds the other by more than
 * this factor.
 */
const MAX_CURVATURE_RATIO = 2.5;
/** One blurred image of the pyramid. Its pixel i lies at (i + 0.5) 2^level - 0.5 of the plane, along each axis. */
export interface Blurred extends Plane {
  /** Pixels of the plane per pixel. */
  pixel: number;
  /** Standard deviation of the blur, in its own pixels. */
  blur: number;
}

/** A kind of structure, and how it is fitted. */
export interface Kind {
  /** Exponent of the blur that makes the strengths at different blurs comparable. */
  exponent: number;
  /** Standard deviation of the derivative of white noise of 1 at a blur of 1, and the exponent of 1 / blur. */
  noise: number;
  order: number;
  /** The derivative, above 0 where there is such a structure, and its direction, at pixel i. */
  derivative(data: Float32Array, width: number, i: number): number;
  angle(data: Float32Array, width: number, i: number): number;
  /** Whether it is a spot and not a line. Of a spot only the top is used. */
  pointed(data: Float32Array, width: number, i: number): boolean;
  /**
   * Value of the model at t, and its derivatives by the parameters: middle, sigma, amplitude, background, and slope if
   * it has one.
   */
  model: CurveModel;
  /** Whether the model has a slope, and R2 refers to a straight line instead of the mean. */
  linear: boolean;
}

export const RIDGES: Kind = {
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
    return difference - (xx + yy) / 2 < MAX_CURVATURE_RATIO * (-difference - (xx + yy) / 2);
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

export const EDGES: Kind = {
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

export function blurredPictures(plane: Plane): Blurred[] {
  const pictures: Blurred[] = [];
  let level: Plane = plane;
  for (let pixel = 1; pixel < 2 ** LEVELS && Math.min(level.height, level.width) >= MIN_SIDE / 2; pixel *= 2) {
    for (const blur of BLURS) pictures.push({ ...gaussianFilter(level, blur, { truncate: 3 }), pixel, blur });
    level = halved(level);
  }
  return pictures;
}

/** Means of 2 x 2 pixels; an odd last row or column is left out. */
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

/** Starting values of a fit. */
export interface Start {
  x: number;
  y: number;
  angle: number;
  sigma: number;
}

const toPlane = (i: number, pixel: number) => (i + 0.5) * pixel - 0.5;

/**
 * Factor from a derivative to a strength, derivative x blur^exponent in pixels of the plane, for one image of the
 * pyramid.
 */
const strengthFactor = ({ pixel, blur }: Blurred, { exponent, order }: Kind) =>
  (blur * pixel) ** exponent / pixel ** (order - 1);

/** Maxima across the structure that stand above the noise, the strongest first. */
export function findStarts(plane: Plane, pyramid: readonly Blurred[], kind: Kind): Start[] {
  const { min, max } = extent(plane.data);
  // Rounding errors of float32 are not structure.
  const rounding = 1e-6 * Math.max(Math.abs(min), Math.abs(max));
  const deviation = noiseLevel(plane);
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
    strongest = Math.max(strongest, (most - NOISE_CORRECTION * noise) * factor);
    const least = Math.max(
      MIN_SIGNIFICANCE * noise,
      rounding,
      NOISE_CORRECTION * noise + (MIN_STRENGTH * strongest) / factor,
    );
    for (let y = 2; y < height - 2; y++)
      for (let x = 2; x < width - 2; x++) {
        const i = y * width + x;
        if (!(values[i] > least)) continue;
        const angle = kind.angle(data, width, i);
        const step = Math.round(Math.sin(angle)) * width + Math.round(Math.cos(angle));
        const steps = kind.pointed(data, width, i) ? [1, width - 1, width, width + 1] : [step];
        if (steps.every((one) => values[i] >= values[i + one] && values[i] >= values[i - one]))
          found.push({ strength: (values[i] - NOISE_CORRECTION * noise) * factor, picture, i, grade: 0 });
      }
  }
  const strong = found.filter(({ strength }) => strength > MIN_STRENGTH * strongest);
  for (const one of strong) one.grade = Math.max(0, Math.floor(Math.log(strongest / one.strength) / STRENGTH_STEP));
  // Sorting is stable, so within a grade the order of blurs and places is kept.
  strong.sort((a, b) => a.grade - b.grade);
  return strong.map(({ picture, i }) => ({
    x: toPlane(i % picture.width, picture.pixel),
    y: toPlane(Math.floor(i / picture.width), picture.pixel),
    angle: kind.angle(picture.data, picture.width, i),
    sigma: picture.blur * picture.pixel,
  }));
}

/** The blur with the largest strength at a given place. */
export function strongestBlurAt(pyramid: readonly Blurred[], kind: Kind, { x, y }: MeasuringPlace): Start | undefined {
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

function hessian(data: Float32Array, width: number, i: number): { xx: number; xy: number; yy: number } {
  const twice = 2 * data[i];
  return {
    xx: data[i + 1] - twice + data[i - 1],
    yy: data[i + width] - twice + data[i - width],
    xy: (data[i + width + 1] - data[i + width - 1] - data[i - width + 1] + data[i - width - 1]) / 4,
  };
}

/** Share of a normal distribution below u (Abramowitz and Stegun, 7.1.26, error below 1e-7). */
function normalShare(u: number): number {
  const z = Math.abs(u) / Math.SQRT2;
  const k = 1 / (1 + 0.3275911 * z);
  const series = ((((1.061405429 * k - 1.453152027) * k + 1.421413741) * k - 0.284496736) * k + 0.254829592) * k;
  const upper = 0.5 * series * Math.exp(-z * z);
  return u >= 0 ? 1 - upper : upper;
}
