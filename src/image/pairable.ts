/**
 * Checks that two stacks show the same places, pixel by pixel and plane by plane, so that they can be compared or
 * paired.
 */
import { ParfocalError } from "../errors.ts";

/** A stack without its pixels; lengths in um. */
export interface Placed {
  depth: number;
  height: number;
  width: number;
  pixelSize?: { y: number; x: number } | undefined;
  zStep?: number | undefined;
}

export interface PairableOptions {
  /**
   * Whether planes with the same index are paired. The stacks must then have the same number of planes and the same z
   * step. Default true. Otherwise any two planes may be compared, and only the pixels must fit.
   */
  planes?: boolean | undefined;
}

/** Files round their pixel sizes, and calibrations of one microscope differ by this share. */
const tolerance = 0.02;

/**
 * Refuses stacks whose pixels or planes with the same index are at different places. Unknown values are assumed to be
 * equal. Planes of different height are not matched to each other, because files do not state the height at which a
 * stack begins.
 *
 * @param first, second names and sizes, named as in a sentence: "stack.tif", "its target", "the truth"
 * @throws image.unfit naming the values of both
 */
export function requirePairable(
  [first, a]: readonly [name: string, stack: Placed],
  [second, b]: readonly [name: string, stack: Placed],
  { planes = true }: PairableOptions = {},
): void {
  const refuse = (has: string, and: string, why: string, advice: string): never => {
    const detail = `${first} has ${has} and ${second} ${and}`;
    const sentence = `${detail}: ${why}; ${advice}.`;
    throw new ParfocalError("image.unfit", capital(sentence), { path: first, detail });
  };
  const differ = (x: number | undefined, y: number | undefined) =>
    x !== undefined && y !== undefined && Math.abs(x / y - 1) > tolerance;
  const advice = (option: string, what: string) => `give \`${option} <your ${what}>\` (um) for both if a file is wrong`;

  if (a.height !== b.height || a.width !== b.width || (planes && a.depth !== b.depth)) {
    const sizeOf = ({ depth, height, width }: Placed) =>
      `${planes ? `${depth} ${depth === 1 ? "plane" : "planes"} of ` : ""}${height} x ${width} pixels`;
    const advice = "give the same field and planes of both, cropped or resampled to the same size";
    refuse(sizeOf(a), sizeOf(b), "they can be compared only pixel by pixel", advice);
  }
  for (const axis of ["x", "y"] as const) {
    const [x, y] = [a.pixelSize?.[axis], b.pixelSize?.[axis]];
    if (!differ(x, y)) continue;
    refuse(
      `pixels of ${digits(x)} um`,
      `of ${digits(y)} um`,
      "pixels with the same index show different places",
      `resample one of them, or ${advice("pixel_size", "pixel size")}`,
    );
  }
  if (planes && a.depth > 1 && b.depth > 1 && differ(a.zStep, b.zStep)) {
    const [x, y] = [a.zStep ?? 1, b.zStep ?? 1];
    const ratio = Math.max(x, y) / Math.min(x, y);
    const whole = Math.abs(ratio / Math.round(ratio) - 1) < tolerance;
    const finer = x < y ? first : second;
    const cut = whole
      ? `take every ${ordinal(Math.round(ratio))} plane of ${finer} if both begin at the same height, or `
      : "";
    refuse(
      `planes ${digits(x)} um apart`,
      `${digits(y)} um apart`,
      "planes with the same index show different heights",
      `${cut}${advice("z_step", "z step")}`,
    );
  }
}

const digits = (value: number | undefined): string => String(Number((value ?? Number.NaN).toPrecision(5)));
const capital = (sentence: string): string =>
  sentence.replace(/^(the|its|an?) /, (word) => word[0].toUpperCase() + word.slice(1));
const ordinal = (n: number): string => `${n}${n === 2 ? "nd" : n === 3 ? "rd" : "th"}`;
