/** Whether a hologram is off axis, for methods that take in-line ones only. */
import { ParfocalError } from "../../errors.ts";
import type { Plane } from "../../image/image.ts";
import { type Carrier, findCarrier } from "./off-axis.ts";

/**
 * Least amplitude of fringes over the mean: those of off-axis holograms reach 0.3 to 1, and the strongest single frequency of
 * what a specimen does to light in line 0.01.
 */
const leastVisibility = 0.15;

/** Pixels from fringe to fringe of an off-axis hologram; undefined for one in line. */
export function fringesOf(hologram: Plane): number | undefined {
  const carrier = strongestFringes(hologram);
  if (!carrier || visibility(hologram, carrier) < leastVisibility) return undefined;
  return 1 / Math.hypot(carrier.y, carrier.x);
}

function strongestFringes(hologram: Plane): Carrier | undefined {
  try {
    return findCarrier(hologram);
  } catch (error) {
    if (error instanceof ParfocalError && error.code === "image.unfit") return undefined;
    throw error;
  }
}

/** Amplitude of one frequency over the mean, under a sine window. */
function visibility({ data, height, width }: Plane, { y: fy, x: fx }: Carrier): number {
  let [re, im, sum] = [0, 0, 0];
  for (let y = 0; y < height; y++) {
    const row = Math.sin((Math.PI * (y + 0.5)) / height);
    for (let x = 0; x < width; x++) {
      const value = data[y * width + x] * row * Math.sin((Math.PI * (x + 0.5)) / width);
      const angle = 2 * Math.PI * (fy * y + fx * x);
      re += value * Math.cos(angle);
      im += value * Math.sin(angle);
      sum += value;
    }
  }
  return sum > 0 ? (2 * Math.hypot(re, im)) / sum : 0;
}
