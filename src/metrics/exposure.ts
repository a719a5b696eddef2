/** Measures the exposure of an image, plane after plane, so that memory does not grow with the image. */
import type { PixelType } from "../image/image.ts";
import type { Warning } from "../warning.ts";

export interface Exposure {
  /** Number of pixels. */
  pixels: number;
  /** Smallest and largest finite value, counts; infinite and reversed when there is none. */
  min: number;
  max: number;
  /** Share of the pixels that have the largest value, 0..1. */
  atMax: number;
  /** Share of the pixels that have the smallest value, 0..1. */
  atMin: number;
  /** Share of the pixels that are NaN or infinite, 0..1. */
  notFinite: number;
}

export interface ExposureMeter {
  /** @returns how many of the values are NaN or infinite */
  add(values: Float32Array): number;
  result(): Exposure;
}

export function createExposureMeter(): ExposureMeter {
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  let [atMin, atMax, notFinite, total] = [0, 0, 0, 0];
  return {
    add(values) {
      const piece = extremesOf(values);
      total += values.length;
      notFinite += piece.notFinite;
      if (piece.max >= max) {
        atMax = piece.atMax + (piece.max === max ? atMax : 0);
        max = piece.max;
      }
      if (piece.min <= min) {
        atMin = piece.atMin + (piece.min === min ? atMin : 0);
        min = piece.min;
      }
      return piece.notFinite;
    },
    result: () => ({
      pixels: total,
      min,
      max,
      atMax: atMax / total,
      atMin: atMin / total,
      notFinite: notFinite / total,
    }),
  };
}

/** Smallest and largest value, how many pixels have them, and how many are NaN or infinite. */
function extremesOf(values: Float32Array) {
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  let [atMin, atMax, notFinite] = [0, 0, 0];
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (value - value !== 0) {
      notFinite++;
      continue;
    }
    if (value >= max) {
      atMax = value === max ? atMax + 1 : 1;
      max = value;
    }
    if (value <= min) {
      atMin = value === min ? atMin + 1 : 1;
      min = value;
    }
  }
  return { min, max, atMin, atMax, notFinite };
}

/**
 * With fewer grey levels, many equal pixels do not indicate clipping: the image may hold labels, a mask or counted
 * photons.
 */
const minLevels = 50;
/** Fewer pixels with the smallest or largest value may be chance in a small image. */
const minPixels = 10;

/**
 * Warnings about clipping. The full scale of a camera is 2^n - 1 counts (8 to 16 bits). An image counts as saturated if
 * 1 pixel in 10,000 has this value, or 1 in 1000 another largest value, as after background subtraction or scaling. The
 * dark end counts as clipped if 1 pixel in 1000 is 0, or 1 in 100 has another smallest value.
 * @param what the channel, for the start of the sentence
 * @param firstNotFinite the first pixel that is NaN or infinite
 */
export function exposureWarnings(
  exposure: Exposure,
  dtype: PixelType,
  what: string,
  firstNotFinite?: string,
): Warning[] {
  const { pixels, min, max, atMax, atMin, notFinite } = exposure;
  const least = minPixels / pixels;
  const warnings: Warning[] = [];
  if (notFinite > 0) {
    warnings.push({
      code: "not_finite",
      text: `${what}: ${percent(notFinite)} of the pixels are NaN or infinite${firstNotFinite ? ` (the first is ${firstNotFinite})` : ""}. Mask or replace them first.`,
    });
  }
  if (min === max) {
    warnings.push({ code: "empty", text: `${what}: every pixel has the value ${min}, so the image is empty.` });
    return warnings;
  }
  if (max - min < minLevels && dtype !== "float32") return warnings;
  const fullScale = dtype !== "float32" && max >= 255 && Number.isInteger(Math.log2(max + 1));
  if (atMax >= Math.max(least, fullScale ? 1e-4 : 1e-3)) {
    warnings.push({
      code: "saturated",
      text:
        `${what}: saturated. ${percent(atMax)} of the pixels have the largest value, ${max}. ` +
        "Their true brightness is lost, so record with less exposure.",
    });
  }
  if (atMin >= Math.max(least, min === 0 ? 1e-3 : 1e-2)) {
    warnings.push({
      code: "clipped",
      text:
        `${what}: clipped. ${percent(atMin)} of the pixels have the smallest value, ${min}. ` +
        "The dark end was cut off, or a background was subtracted.",
    });
  }
  return warnings;
}

function percent(share: number): string {
  const value = 100 * share;
  return `${value >= 10 ? value.toFixed(0) : value >= 0.01 ? value.toPrecision(2) : "under 0.01"} %`;
}
