/** Room around a field, so that light that leaves on one side does not come in on the other. */
import { nextFastSize } from "../../array/fft.ts";
import { ParfocalError } from "../../errors.ts";
import { type CoherentLight, checkLight } from "./coherent-light.ts";
import type { ComplexField } from "./complex-field.ts";

/**
 * What is taken to lie beyond the edges: the field mirrored (edge pixel repeated), the mean of its edge pixels, or the
 * other side (no room at all; for fields that really wrap, such as simulated ones).
 */
export type Edges = "mirror" | "constant" | "wrap";

/** Where a field stands in a larger one. */
export interface Frame {
  readonly top: number;
  readonly left: number;
  /** Of the larger field: sizes that are transformed fast. */
  readonly height: number;
  readonly width: number;
}

/**
 * Room for light to spread over a distance, at most half the side to each side: from there on the band limit keeps out
 * what would come round.
 *
 * @throws `usage` for "wrap" and a size that cannot be transformed (that of {@link nextFastSize} can), or impossible light
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
  // Steepest direction: that of the aperture, or of the finest fringes that the pixels show.
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

/** The field in its frame, the room filled as `edges` says. */
export function padField(field: ComplexField, frame: Frame, edges: Edges): ComplexField {
  return {
    real: padArray(field.real, field, frame, edges),
    imag: padArray(field.imag, field, frame, edges),
    height: frame.height,
    width: frame.width,
  };
}

/** One `[height, width]` array in its frame. */
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
      const from = mirrored(sourceRow, height) * width;
      for (let x = 0; x < frame.width; x++) out[row + x] = data[from + mirrored(x - frame.left, width)];
    } else if (inside) {
      out.set(data.subarray(sourceRow * width, (sourceRow + 1) * width), row + frame.left);
    }
  }
  return out;
}

/** What stands in the frame, cut out again. */
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

/** Index `i` folded into 0..size-1: ..., 1, 0 | 0, 1, ..., size-1 | size-1, ... */
function mirrored(i: number, size: number): number {
  const period = 2 * size;
  const folded = ((i % period) + period) % period;
  return folded < size ? folded : period - 1 - folded;
}
