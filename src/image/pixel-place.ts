/** Which pixel of which file an error is about. */
import { findNonFinite } from "../array/statistics.ts";
import { ParfocalError } from "../errors.ts";

/** Where values lie: they are whole rows of a plane, or whole planes one behind the other. */
export interface PixelPlace {
  /** What the user calls the file or the stack. */
  path?: string | undefined;
  /** How a message begins, where there is no such name: "The PSF cannot be used". */
  what?: string | undefined;
  /** Pixels of a row. */
  width: number;
  /** Rows of a plane, where the values are several planes. */
  height?: number | undefined;
  /** Plane, channel and time of the first value, from 0; left out where there is one only. */
  z?: number | undefined;
  channel?: number | undefined;
  time?: number | undefined;
  /** Column and row of the first value, default 0. */
  x0?: number | undefined;
  y0?: number | undefined;
}

/** "plane 3, channel 1, pixel x 17, y 4": of value `index`. */
export function pixelName(index: number, place: PixelPlace): string {
  const { width, height, z, channel, time, x0 = 0, y0 = 0 } = place;
  const row = Math.floor(index / width);
  const plane = height === undefined ? 0 : Math.floor(row / height);
  const y = y0 + row - plane * (height ?? 0);
  const named = [
    ...(z === undefined && plane === 0 ? [] : [`plane ${(z ?? 0) + plane}`]),
    ...(channel === undefined ? [] : [`channel ${channel}`]),
    ...(time === undefined ? [] : [`time ${time}`]),
  ];
  return [...named, `pixel x ${x0 + (index % width)}, y ${y}`].join(", ");
}

/** The error for value `index`, which is no finite number. @param advice what to do about it */
export function unfitPixel(
  value: number,
  index: number,
  place: PixelPlace,
  advice = "mask or replace such pixels first",
): ParfocalError<"image.unfit"> {
  const detail = `${pixelName(index, place)} is ${Number.isNaN(value) ? "NaN (not a number)" : "infinite"}`;
  const { path, what = path } = place;
  const message = `${what === undefined ? "Pixels" : what}: ${detail}; ${advice}.`;
  return new ParfocalError("image.unfit", message, { ...(path !== undefined && { path }), detail });
}

/** Throws `image.unfit` with file, plane and pixel for the first NaN or infinite value. */
export function refuseNonFinite(values: ArrayLike<number>, place: PixelPlace): void {
  const at = findNonFinite(values);
  if (at >= 0) throw unfitPixel(values[at], at, place);
}
