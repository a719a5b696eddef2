/** Records which rows of an output were written, so that an output with missing rows is not completed. */
import { ParfocalError } from "../errors.ts";
import { extentOf, type PlaneIndex, type PlanePosition, planeOffset, resolvePlane } from "./axes.ts";
import type { ImageInfo } from "./image.ts";
import type { PixelPlace } from "./pixel-place.ts";

export interface RowLedger {
  /** Records rows. Throws `usage` for rows outside the image. */
  check(plane: PlaneIndex, y0: number, values: Float32Array): PlanePosition;
  tick(position: PlanePosition, y0: number, values: Float32Array): void;
  /** Throws `usage` if rows are missing. */
  complete(): void;
}

export function rowLedger(path: string, info: ImageInfo): RowLedger {
  const width = extentOf(info, "X");
  const height = extentOf(info, "Y");
  const planes = extentOf(info, "C") * extentOf(info, "Z") * extentOf(info, "T");
  const seen = new Uint8Array(planes * height);
  return {
    check(plane, y0, values) {
      const position = resolvePlane(info, plane, path);
      const count = values.length / width;
      if (Number.isInteger(count) && Number.isInteger(y0) && y0 >= 0 && y0 + count <= height) return position;
      throw new ParfocalError(
        "usage",
        `${path} has rows of ${width} pixels, 0 to ${height - 1}; got ${values.length} values for row ${y0}.`,
        { got: values.length, expected: `a multiple of ${width}` },
      );
    },
    tick(position, y0, values) {
      const start = (planeOffset(info, position) / (width * height)) * height + y0;
      seen.fill(1, start, start + values.length / width);
    },
    complete() {
      const lacking = seen.reduce((sum, row) => sum + 1 - row, 0);
      if (lacking === 0) return;
      throw new ParfocalError(
        "usage",
        `${path}: ${lacking} of ${seen.length} rows were never written; write all of them before the end.`,
        { got: seen.length - lacking, expected: `${seen.length} rows` },
      );
    },
  };
}

/** How messages name rows: plane, channel and time if there are several. */
export function placeOf(path: string, info: ImageInfo, { c, z, t }: PlanePosition, y0: number): PixelPlace {
  return {
    path,
    width: extentOf(info, "X"),
    y0,
    ...(extentOf(info, "Z") > 1 && { z }),
    ...(extentOf(info, "C") > 1 && { channel: c }),
    ...(extentOf(info, "T") > 1 && { time: t }),
  };
}
