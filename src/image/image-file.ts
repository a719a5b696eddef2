/** An open image file: its description, and its planes on demand. */
import { concurrently } from "../array/concurrently.ts";
import { requireMemory } from "../array/require-memory.ts";
import { throwIfAborted } from "../errors.ts";
import { checkIndex, extentOf, type PlaneIndex, planeOffset, refuseColour } from "./axes.ts";
import type { FolderOrder } from "./folder-order.ts";
import type { Image, ImageInfo, PixelData, PixelType, Stack } from "./image.ts";
import { type PixelPlace, refuseNonFinite } from "./pixel-place.ts";

/** A rectangle in pixels. */
export interface Region {
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface ImageFile extends ImageInfo {
  /** The path as the user gave it, for messages. */
  path: string;
  /** For a folder of planes: which file is which plane, and warnings about the names. */
  folder?: FolderOrder;
  /**
   * Counts of one plane (or of a region of it), float32 `[y, x]`. Reads only the strips or tiles that the region
   * touches. Throws `usage` (index or region out of range), `image.unfit` (colour), `file.corrupt`, `file.unsupported`.
   * @param room an array with one number per pixel of the region, which a reader may fill and return
   */
  readPlane(index: PlaneIndex, region?: Region, room?: Float32Array<ArrayBuffer>): Promise<Float32Array<ArrayBuffer>>;
  /**
   * Smallest and largest value read so far, for files of more than 24 bits, whose values float32 may not distinguish.
   */
  seen?: { min: number; max: number };
  close(): Promise<void>;
}

/**
 * {@link ImageFile.readPlane} for computations that NaN or infinite pixels would spoil.
 * @throws image.unfit for the first of them, with file, plane and pixel; what `readPlane` throws
 */
export async function readFinitePlane(
  file: ImageFile,
  index: PlaneIndex,
  region?: Region,
): Promise<Float32Array<ArrayBuffer>> {
  const data = await file.readPlane(index, region);
  refuseNonFinite(data, placeIn(file, index, region));
  return data;
}

/** How messages name the pixels of a plane or of a region of it. */
function placeIn(file: ImageFile, { channel = 0, time = 0, z }: PlaneIndex, region?: Region): PixelPlace {
  return {
    path: file.path,
    width: region?.width ?? extentOf(file, "X"),
    height: region?.height ?? extentOf(file, "Y"),
    x0: region?.x,
    y0: region?.y,
    ...(extentOf(file, "Z") > 1 && { z: z ?? 0 }),
    ...(extentOf(file, "C") > 1 && { channel }),
    ...(extentOf(file, "T") > 1 && { time }),
  };
}

/** Zeros of a pixel type. */
export function allocatePixels(dtype: PixelType, length: number): PixelData {
  if (dtype === "uint8") return new Uint8Array(length);
  return dtype === "uint16" ? new Uint16Array(length) : new Float32Array(length);
}

/** One plane is read while another is decompressed or converted. */
const planesAtOnce = 2;

/**
 * The z-stack of one channel and one time. Either may be left out if the image has only one.
 * Throws `usage`, `interrupted`, and what {@link ImageFile.readPlane} throws.
 */
export async function readStack(
  file: ImageFile,
  options: {
    channel?: number | undefined;
    time?: number | undefined;
    signal?: AbortSignal | undefined;
    /** Throws `image.unfit` for the first NaN or infinite pixel, with file, plane and pixel. */
    finite?: boolean | undefined;
  } = {},
): Promise<Stack> {
  refuseColour(file, file.path);
  const channel = checkIndex(file, "channel", options.channel, file.path);
  const time = checkIndex(file, "time", options.time, file.path);
  const depth = extentOf(file, "Z");
  const height = extentOf(file, "Y");
  const width = extentOf(file, "X");
  // The first plane is read before the stack is allocated, so that a header with a wrong size fails there.
  const first = await file.readPlane({ channel, time, z: 0 });
  requireMemory({
    what: `${file.path}: a stack of ${depth} x ${height} x ${width} pixels`,
    bytes: 4 * depth * height * width,
    advice: "a crop of it, or fewer planes",
    option: "image",
  });
  const data = new Float32Array(depth * height * width);
  data.set(first);
  const others = Array.from({ length: depth - 1 }, (_, i) => i + 1);
  await concurrently(others, planesAtOnce, async (z) => {
    throwIfAborted(options.signal);
    const room = data.subarray(z * height * width, (z + 1) * height * width);
    const plane = await file.readPlane({ channel, time, z }, undefined, room);
    if (plane.buffer !== data.buffer) room.set(plane);
  });
  if (options.finite) refuseNonFinite(data, placeIn(file, { channel, time, z: 0 }));
  const wavelength = file.emissionWavelengths?.[channel];
  const optics = { ...file.optics, ...(wavelength === undefined ? {} : { wavelength }) };
  return {
    data,
    depth,
    height,
    width,
    dtype: file.dtype,
    ...(file.pixelSize && { pixelSize: file.pixelSize }),
    ...(file.zStep !== undefined && { zStep: file.zStep }),
    ...(Object.keys(optics).length > 0 && { optics }),
  };
}

/** The whole of an open file in memory, in its own pixel type and order of axes. */
export async function readAll(file: ImageFile): Promise<Image> {
  refuseColour(file, file.path);
  const { path: _path, folder: _folder, readPlane: _readPlane, close: _close, seen: _seen, ...info } = file;
  const pixels = info.shape.reduce((a, b) => a * b, 1);
  requireMemory({
    what: `${file.path}: an image of ${info.shape.join(" x ")} pixels`,
    bytes: pixels * (info.dtype === "uint8" ? 1 : info.dtype === "uint16" ? 2 : 4),
    advice: "a crop of it",
    option: "image",
  });
  let data: PixelData | undefined;
  for (let t = 0; t < extentOf(file, "T"); t++) {
    for (let z = 0; z < extentOf(file, "Z"); z++) {
      for (let c = 0; c < extentOf(file, "C"); c++) {
        const plane = await file.readPlane({ channel: c, time: t, z });
        data ??= allocatePixels(info.dtype, pixels);
        data.set(plane, planeOffset(info, { c, z, t }));
      }
    }
  }
  return { ...info, data: data ?? allocatePixels(info.dtype, 0) };
}
