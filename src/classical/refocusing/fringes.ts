/** Recognises off-axis holograms, for methods that need in-line ones. */
import { ParfocalError } from "../../errors.ts";
import type { Plane } from "../../image/image.ts";
import { type Carrier, findCarrier } from "./off-axis.ts";

/**
 * Minimum amplitude of fringes relative to the mean: off-axis holograms reach 0.3 to 1, and the strongest single
 * frequency of an in-line hologram reaches 0.01.
 */
const minVisibility = 0.15;

/** Period of the fringes of an off-axis hologram, pixels; undefined for an in-line one. */
export function fringesOf(hologram: Plane): number | undefined {
  const carrier = strongestFringes(hologram);
  if (!carrier || visibility(hologram, carrier) < minVisibility) return undefined;
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

/** Amplitude of one frequency relative to the mean, under a sine window. */
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
