/** Images to files, in one piece or by rows as they become ready. */
import { ParfocalError } from "../errors.ts";
import { type AtomicFile, checkOutput, createAtomicFile, writeFileAtomic } from "./atomic-file.node.ts";
import { extentOf, type PlaneIndex, planeOffset, resolvePlane } from "./axes.ts";
import { bytesOf, toCounts } from "./counts.ts";
import { encodePng, planTiff, positionsOf } from "./encode-image.ts";
import type { Image, ImageInfo, PixelData } from "./image.ts";
import { allocatePixels } from "./image-file.ts";
import { checkFormat, type EncodeOptions, formatOf } from "./image-format.ts";

export interface WriteOptions extends EncodeOptions {
  /** Whether an existing output is replaced. */
  force?: boolean | undefined;
}

export interface ImageWriter {
  path: string;
  /**
   * Whole rows of a plane from row `y0` on, in any order of planes and rows; values are rounded and clipped to the
   * pixel type. Throws `usage` (rows outside the plane), `image.unfit` (NaN as whole counts), `output.failed`.
   */
  writeRows(plane: PlaneIndex, y0: number, rows: Float32Array): Promise<void>;
  /** Gives the output its name. Throws `usage` when rows are missing, `output.failed`. */
  finish(): Promise<void>;
  /** Removes what has been written. */
  abandon(): Promise<void>;
}

/**
 * Begins an output: ImageJ hyperstack, OME-TIFF (BigTIFF above 4 GB) or PNG (which is kept in memory until the end).
 * Throws `output.exists` without `force`, `output.failed` (no room, no permission), `usage` (an image that the format
 * cannot hold), all before any work.
 */
export async function createImageWriter(
  path: string,
  info: ImageInfo,
  options: WriteOptions = {},
): Promise<ImageWriter> {
  const format = options.format ?? formatOf(path);
  checkFormat(info, format, path);
  if (format === "png") return pngWriter(path, info, options);
  const layout = planTiff(path, info, format, options.displayRange);
  const file: AtomicFile = await createAtomicFile(path, { force: options.force, size: layout.size });
  await file.write(layout.head, 0);
  if (layout.tail.length > 0) await file.write(layout.tail, layout.tailStart);
  const rows = rowLedger(path, info);
  return {
    path,
    async writeRows(plane, y0, values) {
      const position = rows.check(plane, y0, values);
      await file.write(bytesOf(toCounts(values, info.dtype, path)), layout.offsetOf(position) + y0 * layout.rowBytes);
      rows.tick(position, y0, values);
    },
    async finish() {
      await rows.complete().catch(async (error: unknown) => {
        await file.abandon();
        throw error;
      });
      await file.commit();
    },
    abandon: () => file.abandon(),
  };
}

async function pngWriter(path: string, info: ImageInfo, { force }: WriteOptions): Promise<ImageWriter> {
  await checkOutput(path, force);
  const rows = rowLedger(path, info);
  const counts: PixelData = allocatePixels(info.dtype, extentOf(info, "Y") * extentOf(info, "X"));
  return {
    path,
    async writeRows(plane, y0, values) {
      const position = rows.check(plane, y0, values);
      counts.set(toCounts(values, info.dtype, path), y0 * extentOf(info, "X"));
      rows.tick(position, y0, values);
    },
    async finish() {
      await rows.complete();
      await writeFileAtomic(path, encodePng(info, counts), { force });
    },
    abandon: async () => undefined,
  };
}

/** Which rows have come: an output with a hole in it must not look finished. */
function rowLedger(path: string, info: ImageInfo) {
  const width = extentOf(info, "X");
  const height = extentOf(info, "Y");
  const planes = extentOf(info, "C") * extentOf(info, "Z") * extentOf(info, "T");
  const seen = new Uint8Array(planes * height);
  return {
    check(plane: PlaneIndex, y0: number, values: Float32Array) {
      const position = resolvePlane(info, plane, path);
      const count = values.length / width;
      if (Number.isInteger(count) && Number.isInteger(y0) && y0 >= 0 && y0 + count <= height) return position;
      throw new ParfocalError(
        "usage",
        `${path} has rows of ${width} pixels, 0 to ${height - 1}; got ${values.length} values for row ${y0}.`,
        { got: values.length, expected: `a multiple of ${width}` },
      );
    },
    tick(position: { c: number; z: number; t: number }, y0: number, values: Float32Array) {
      const start = (planeOffset(info, position) / (width * height)) * height + y0;
      seen.fill(1, start, start + values.length / width);
    },
    async complete() {
      const lacking = seen.reduce((sum, row) => sum + 1 - row, 0);
      if (lacking === 0) return;
      throw new ParfocalError(
        "usage",
        `${path}: ${lacking} of ${seen.length} rows were never written; write all of them before the end.`,
        {
          got: seen.length - lacking,
          expected: `${seen.length} rows`,
        },
      );
    },
  };
}

/** Writes an image that is in memory. Throws as {@link createImageWriter}; leaves no half-written file. */
export async function writeImage(path: string, image: Image, options: WriteOptions = {}): Promise<void> {
  const { data, ...info } = image;
  const writer = await createImageWriter(path, info, options);
  const width = extentOf(info, "X");
  const height = extentOf(info, "Y");
  const band = Math.max(1, Math.floor(2 ** 20 / width));
  try {
    for (const position of positionsOf(info)) {
      const from = planeOffset(info, position);
      for (let y = 0; y < height; y += band) {
        const rows = data.subarray(from + y * width, from + Math.min(height, y + band) * width);
        await writer.writeRows({ channel: position.c, z: position.z, time: position.t }, y, new Float32Array(rows));
      }
    }
    await writer.finish();
  } catch (error) {
    await writer.abandon();
    throw error;
  }
}
