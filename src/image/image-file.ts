/** An open image file: what it is, and its planes on demand. */
import { requireMemory } from "../array/require-memory.ts";
import { throwIfAborted } from "../errors.ts";
import { checkIndex, extentOf, type PlaneIndex, planeOffset, refuseColour } from "./axes.ts";
import type { Image, ImageInfo, PixelData, PixelType, Stack } from "./image.ts";

/** A rectangle in pixels. */
export interface Region {
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface ImageFile extends ImageInfo {
  /** What the user calls the file. */
  path: string;
  /**
   * Counts of one plane (or of a region of it), float32 `[y, x]`. Reads only the strips or tiles that the region
   * touches. Throws `usage` (index or region out of range), `image.unfit` (colour), `file.corrupt`, `file.unsupported`.
   */
  readPlane(index: PlaneIndex, region?: Region): Promise<Float32Array<ArrayBuffer>>;
  close(): Promise<void>;
}

/** Zeros of a pixel type. */
export function allocatePixels(dtype: PixelType, length: number): PixelData {
  if (dtype === "uint8") return new Uint8Array(length);
  return dtype === "uint16" ? new Uint16Array(length) : new Float32Array(length);
}

/**
 * The z-stack of one channel and one time. Either may be left out where the image has one of them only.
 * Throws `usage`, `interrupted`, and what {@link ImageFile.readPlane} throws.
 */
export async function readStack(
  file: ImageFile,
  options: { channel?: number | undefined; time?: number | undefined; signal?: AbortSignal | undefined } = {},
): Promise<Stack> {
  refuseColour(file, file.path);
  const channel = checkIndex(file, "channel", options.channel, file.path);
  const time = checkIndex(file, "time", options.time, file.path);
  const depth = extentOf(file, "Z");
  const height = extentOf(file, "Y");
  const width = extentOf(file, "X");
  // The first plane is read before the stack is allocated: a header that promises too much fails there.
  const first = await file.readPlane({ channel, time, z: 0 });
  requireMemory({
    what: `${file.path}: a stack of ${depth} x ${height} x ${width} pixels`,
    bytes: 4 * depth * height * width,
    advice: "a crop of it, or fewer planes",
    option: "image",
  });
  const data = new Float32Array(depth * height * width);
  data.set(first);
  for (let z = 1; z < depth; z++) {
    throwIfAborted(options.signal);
    data.set(await file.readPlane({ channel, time, z }), z * height * width);
  }
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
  const { path: _path, readPlane: _readPlane, close: _close, ...info } = file;
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
