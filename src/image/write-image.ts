/** Images to files, in one piece or by rows as they become ready. */
import { extentOf, type PlanePosition, planeOffset } from "./axes.ts";
import { countWarnings, createCountTally } from "./count-tally.ts";
import { bytesOf, largestCount, toCounts } from "./counts.ts";
import { encodePng, planTiff, positionsOf } from "./encode-image.ts";
import type { Image, ImageInfo, PixelData } from "./image.ts";
import { allocatePixels } from "./image-file.ts";
import { checkFormat, type EncodeOptions, formatOf, type OutputFormat } from "./image-format.ts";
import type { ImageWriter, WriteOptions, Written } from "./image-writer.ts";
import { createRescalingWriter } from "./rescaling-writer.ts";
import { placeOf, rowLedger } from "./row-ledger.ts";
import { type OutputSet, type Storage, withOutputs } from "./storage.ts";

/**
 * Begins an output: ImageJ hyperstack, OME-TIFF (BigTIFF above 4 GB) or PNG (which is kept in memory until the end).
 * Throws `output.exists` without `force`, `output.failed` (no room, no permission), `usage` (an image that the format
 * cannot hold), all before any work.
 */
export async function createImageWriter(
  storage: Storage,
  path: string,
  info: ImageInfo,
  options: WriteOptions = {},
): Promise<ImageWriter> {
  const format = options.format ?? formatOf(path);
  checkFormat(info, format, path);
  if (options.rescale) return createRescalingWriter(storage, createImageWriter, path, info, { ...options, format });
  const { outputs, force } = options;
  const set = outputs ?? storage.outputs({ force });
  const sink =
    format === "png"
      ? await pngSink(storage, path, info, set, force)
      : await tiffSink(path, info, set, format, options);
  const ledger = rowLedger(path, info);
  const tally = info.dtype === "float32" ? undefined : createCountTally(largestCount[info.dtype]);
  return {
    path,
    async writeRows(plane, y0, values) {
      const position = ledger.check(plane, y0, values);
      await sink.put(position, y0, toCounts(values, info.dtype, placeOf(path, info, position, y0), tally));
      ledger.tick(position, y0, values);
    },
    async finish() {
      try {
        ledger.complete();
        await sink.close();
        if (outputs === undefined) await set.commit();
      } catch (error) {
        await sink.abandon();
        throw error;
      }
      const { rescale, dtype } = info;
      const loss = tally?.result();
      return {
        path,
        ...(loss && { loss }),
        ...(rescale && { rescale }),
        warnings: loss && dtype !== "float32" ? countWarnings(loss, dtype, path) : [],
      };
    },
    abandon: () => sink.abandon(),
  };
}

/** The destination of counts. */
interface Sink {
  put(position: PlanePosition, y0: number, counts: PixelData): Promise<void>;
  /** Called when the file is complete and can be renamed. */
  close(): Promise<void>;
  abandon(): Promise<void>;
}

async function tiffSink(
  path: string,
  info: ImageInfo,
  set: OutputSet,
  format: "imagej" | "ome-tiff",
  { displayRange }: EncodeOptions,
): Promise<Sink> {
  const layout = planTiff(path, info, format, displayRange);
  const file = await set.create(path, layout.size);
  await file.write(layout.head, 0);
  if (layout.tail.length > 0) await file.write(layout.tail, layout.tailStart);
  return {
    put: (position, y0, counts) => file.write(bytesOf(counts), layout.offsetOf(position) + y0 * layout.rowBytes),
    close: () => file.commit(),
    abandon: () => file.abandon(),
  };
}

async function pngSink(
  storage: Storage,
  path: string,
  info: ImageInfo,
  set: OutputSet,
  force: boolean | undefined,
): Promise<Sink> {
  // An output without a set is checked here. A set checks again when the file is begun.
  await storage.checkOutput(path, force);
  const width = extentOf(info, "X");
  const all: PixelData = allocatePixels(info.dtype, extentOf(info, "Y") * width);
  return {
    put: async (_position, y0, counts) => all.set(counts, y0 * width),
    close: () => set.write(path, encodePng(info, all)),
    abandon: async () => undefined,
  };
}

/**
 * Writes an image that is in memory. Float32 data of an image of whole counts is rounded and clipped, and counted.
 * Throws as {@link createImageWriter}; no incomplete file remains.
 */
export async function writeImage(
  storage: Storage,
  path: string,
  image: Image,
  options: WriteOptions = {},
): Promise<Written> {
  const { data: _data, ...info } = image;
  const writer = await createImageWriter(storage, path, info, options);
  try {
    await writePixels(writer, image);
    return await writer.finish();
  } catch (error) {
    await writer.abandon();
    throw error;
  }
}

/** One of several outputs. */
export interface ImageOutput extends EncodeOptions {
  path: string;
  image: Image;
}

/**
 * Writes images that are in memory, and other files with them, as one unit: all of them are completed, or none. The
 * disk must have room for all images before the first pixel is written. Throws as {@link writeImage}.
 * @param files name and content, the last to be written
 */
export async function writeImages(
  storage: Storage,
  outputs: readonly ImageOutput[],
  options: {
    force?: boolean | undefined;
    files?: readonly (readonly [path: string, data: string | Uint8Array])[];
  } = {},
): Promise<Written[]> {
  const { force, files = [] } = options;
  return withOutputs(storage, { force }, async (set) => {
    const writers: ImageWriter[] = [];
    for (const { path, image, ...encode } of outputs) {
      const { data: _data, ...info } = image;
      writers.push(await createImageWriter(storage, path, info, { ...encode, force, outputs: set }));
    }
    const written: Written[] = [];
    for (const [i, writer] of writers.entries()) {
      await writePixels(writer, outputs[i].image);
      written.push(await writer.finish());
    }
    for (const [path, data] of files) await set.write(path, data);
    return written;
  });
}

/** Size of an output on the disk, bytes; 0 for a PNG, whose size is known only after compression. */
export function plannedBytes(path: string, info: ImageInfo, format: OutputFormat = formatOf(path)): number {
  return format === "png" ? 0 : planTiff(path, info, format, undefined).size;
}

async function writePixels(writer: ImageWriter, { data, ...info }: Image): Promise<void> {
  const width = extentOf(info, "X");
  const height = extentOf(info, "Y");
  const band = Math.max(1, Math.floor(2 ** 20 / width));
  for (const position of positionsOf(info)) {
    const from = planeOffset(info, position);
    for (let y = 0; y < height; y += band) {
      const rows = data.subarray(from + y * width, from + Math.min(height, y + band) * width);
      await writer.writeRows({ channel: position.c, z: position.z, time: position.t }, y, new Float32Array(rows));
    }
  }
}
