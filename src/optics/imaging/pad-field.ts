/** Pads a field with a margin, so that light that leaves on one side does not wrap round to the other. */

import { nextFastSize } from "../../array/fft.ts";
import { reflectedIndex } from "../../array/reflected-index.ts";
import { ParfocalError } from "../../errors.ts";
import { type CoherentLight, checkLight } from "./coherent-light.ts";
import type { ComplexField } from "./complex-field.ts";

/**
 * The content of the margin: the mirrored field (edge pixel repeated), the mean of the edge pixels, or no margin at all
 * ("wrap", for periodic fields such as simulated ones).
 */
export type Edges = "mirror" | "constant" | "wrap";

/** The position of a field in a padded one. */
export interface Frame {
  readonly top: number;
  readonly left: number;
  /** Size of the padded field, 2^a 3^b 5^c. */
  readonly height: number;
  readonly width: number;
}

/**
 * A margin as wide as light spreads over the distance, at most half of the field on each side; beyond that, the band
 * limit suppresses light that would wrap round.
 *
 * @throws `usage` for "wrap" and a size that cannot be transformed (that of {@link nextFastSize} can), or impossible
 * light
 */
export function frameFor(
  size: { height: number; width: number },
  light: CoherentLight,
  distance: number,
  edges: Edges,
): Frame {
  checkLight(light);
  const { height, width } = size;
  if (edges === "wrap") return { top: 0, left: 0, height, width };
  // The steepest direction is that of the aperture, or of the finest fringes that the pixels resolve.
  const finest = Math.SQRT1_2 / light.pixelSize;
  const sine = Math.min(
    0.999,
    (light.wavelength / light.refractiveIndex) * finest,
    (light.na ?? 9) / light.refractiveIndex,
  );
  const spread = (Math.abs(distance) * sine) / Math.sqrt(1 - sine * sine) / light.pixelSize;
  const margin = (side: number) => Math.min(Math.ceil(side / 2), Math.ceil(spread) + 8);
  const [top, left] = [margin(height), margin(width)];
  return { top, left, height: nextFastSize(height + 2 * top), width: nextFastSize(width + 2 * left) };
}

/** The padded field. */
export function padField(field: ComplexField, frame: Frame, edges: Edges): ComplexField {
  return {
    real: padArray(field.real, field, frame, edges),
    imag: padArray(field.imag, field, frame, edges),
    height: frame.height,
    width: frame.width,
  };
}

/** One padded `[height, width]` array. */
export function padArray<T extends Float32Array | Float64Array>(
  data: T,
  { height, width }: { height: number; width: number },
  frame: Frame,
  edges: Edges,
): T {
  if (data.length !== height * width) {
    const detail = `Field: ${data.length} numbers for ${height} x ${width} pixels; give as many as there are pixels.`;
    throw new ParfocalError("image.unfit", detail, { detail });
  }
  const out = (
    data instanceof Float32Array
      ? new Float32Array(frame.height * frame.width)
      : new Float64Array(frame.height * frame.width)
  ) as T;
  if (edges === "constant") out.fill(edgeMean(data, height, width));
  for (let y = 0; y < frame.height; y++) {
    const row = y * frame.width;
    const sourceRow = y - frame.top;
    const inside = sourceRow >= 0 && sourceRow < height;
    if (edges === "mirror") {
      const from = reflectedIndex(sourceRow, height) * width;
      for (let x = 0; x < frame.width; x++) out[row + x] = data[from + reflectedIndex(x - frame.left, width)];
    } else if (inside) {
      out.set(data.subarray(sourceRow * width, (sourceRow + 1) * width), row + frame.left);
    }
  }
  return out;
}

/** The field without its margin. */
export function cropField(
  field: ComplexField,
  frame: Frame,
  { height, width }: { height: number; width: number },
): ComplexField {
  const cut = (data: Float32Array | Float64Array) => {
    const out = data instanceof Float32Array ? new Float32Array(height * width) : new Float64Array(height * width);
    for (let y = 0; y < height; y++) {
      const start = (y + frame.top) * frame.width + frame.left;
      out.set(data.subarray(start, start + width), y * width);
    }
    return out;
  };
  return { real: cut(field.real), imag: cut(field.imag), height, width };
}

function edgeMean(data: Float32Array | Float64Array, height: number, width: number): number {
  let sum = 0;
  for (let x = 0; x < width; x++) sum += data[x] + data[(height - 1) * width + x];
  for (let y = 0; y < height; y++) sum += data[y * width] + data[y * width + width - 1];
  return sum / (2 * (height + width));
}
