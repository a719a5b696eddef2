/** Focus measures of spatial frequencies: blur removes the high ones. Planes of at least 16 x 16 pixels. */
import { fitLineInOnePass } from "../../array/fit-line.ts";
import { moments } from "../../array/statistics.ts";
import type { Plane } from "../../image/image.ts";
import { radialSpectrum } from "./power-spectrum.ts";

/** Mean power between two spatial frequencies (cycles per pixel, both included), counts^2. */
export function bandPower(plane: Plane, low: number, high: number): number {
  const { power, counts, edge } = radialSpectrum(plane);
  let sum = 0;
  let count = 0;
  for (let k = 1; k < power.length; k++)
    if (k / edge >= low && k / edge <= high) {
      sum += power[k] * counts[k];
      count += counts[k];
    }
  return count === 0 ? 0 : sum / count;
}

/**
 * exp(s) with s the slope of log power against log frequency up to a quarter cycle per pixel (Field & Brady 1997; Bray
 * et al. 2012): s is negative, and closer to 0 for sharper planes. Independent of brightness and contrast. The highest
 * frequencies are left out, because noise would flatten the slope of a blurred plane there. 0 for a constant plane.
 */
export function spectralSlope(plane: Plane): number {
  const { power, edge } = radialSpectrum(plane);
  const [x, y]: [number[], number[]] = [[], []];
  for (let k = 1; k <= edge / 4; k++) {
    if (!(power[k] > 0)) return 0;
    x.push(Math.log(k));
    y.push(Math.log(power[k]));
  }
  return Math.exp(fitLineInOnePass({ x, y }).slope);
}

/**
 * Contrast of the structures between 5 and 33 pixels: power from 0.03 to 0.2 cycles per pixel, weighted by the square
 * of the frequency, minus the noise (the minimum of the rings beyond 0.4), relative to the square of the mean, so that
 * a flickering lamp has no effect. In transmitted light it has one maximum, in focus, for a specimen that absorbs, and
 * two maxima with a minimum in focus for one that only delays light.
 */
export function bandContrast(plane: Plane): number {
  const { power, counts, edge } = radialSpectrum(plane);
  const { mean } = moments(plane.data);
  let noise = Number.POSITIVE_INFINITY;
  for (let k = Math.ceil(0.4 * edge); k < power.length; k++) noise = Math.min(noise, power[k]);
  let sum = 0;
  for (let k = 1; k < power.length; k++) {
    const frequency = k / edge;
    if (frequency >= 0.03 && frequency <= 0.2) sum += (power[k] - noise) * counts[k] * frequency ** 2;
  }
  return mean === 0 ? 0 : Math.max(0, sum) / mean ** 2;
}
