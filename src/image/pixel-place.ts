/** Names the pixel and the file that an error is about. */
import { findNonFinite } from "../array/statistics.ts";
import { ParfocalError } from "../errors.ts";

/** The place of values that are complete rows of a plane, or complete planes one after the other. */
export interface PixelPlace {
  /** The name of the file or the stack as the user gave it. */
  path?: string | undefined;
  /** How a message begins if there is no such name: "The PSF cannot be used". */
  what?: string | undefined;
  /** Pixels of a row. */
  width: number;
  /** Rows of a plane, if the values are several planes. */
  height?: number | undefined;
  /** Plane, channel and time of the first value, from 0; left out if there is only one. */
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

/** The error for value `index`, which is not a finite number. @param advice what to do */
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
