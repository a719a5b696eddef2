/** Images as the bytes of a file, in memory (for downloads in a browser) or as a plan for writing piece by piece. */
import { encode } from "fast-png";
import { bytesAsText } from "../array/bytes-as-text.ts";
import { extentOf, planeOffset } from "./axes.ts";
import { bytesOf, toCounts } from "./counts.ts";
import type { Image, ImageInfo, PixelData } from "./image.ts";
import {
  cannotHold,
  checkFormat,
  type EncodeOptions,
  formatOf,
  type OutputFormat,
  pixelBytes,
} from "./image-format.ts";
import { writeImageJ } from "./imagej-description.ts";
import { writeOme } from "./ome-write.ts";
import { rescaleKeyword } from "./png-read.ts";
import { layoutTiff, type TiffLayout } from "./tiff-layout.ts";

/** Rows of an OME-TIFF are in strips of about this many bytes, which viewers read one by one. */
const stripBytes = 2 ** 18;

/** The layout of a TIFF output. Throws `usage` or `image.unfit` for an image that the format cannot hold. */
export function planTiff(
  path: string,
  info: ImageInfo,
  format: Exclude<OutputFormat, "png">,
  displayRange: readonly [number, number] | undefined,
): TiffLayout {
  checkFormat(info, format, path);
  const maxClassicBytes = 2 ** 32 - 1;
  if (format === "imagej") {
    const layout = layoutTiff(info, writeImageJ(info, displayRange ?? info.displayRange), false, extentOf(info, "Y"));
    if (layout.size <= maxClassicBytes) return layout;
    // Above 4 GB ImageJ itself writes one directory with all planes behind it, of which other programs see only the
    // first.
    const size = bytesAsText(layout.size);
    throw cannotHold(
      path,
      format,
      `an ImageJ TIFF holds at most 4 GB and this image needs ${size}; give \`format\` ome-tiff`,
    );
  }
  const rows = Math.max(1, Math.floor(stripBytes / (extentOf(info, "X") * pixelBytes(info))));
  const description = writeOme(info, path.slice(Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1));
  const layout = layoutTiff(info, description, false, rows);
  return layout.size <= maxClassicBytes ? layout : layoutTiff(info, description, true, rows);
}

/** The bytes of a PNG of one plane of 8-bit or 16-bit counts. */
export function encodePng(info: ImageInfo, counts: PixelData): Uint8Array {
  const data =
    counts instanceof Float32Array ? toCounts(counts, info.dtype, { what: "PNG", width: extentOf(info, "X") }) : counts;
  const width = extentOf(info, "X");
  const height = extentOf(info, "Y");
  return encode({
    width,
    height,
    data: data as Uint8Array | Uint16Array,
    depth: info.dtype === "uint8" ? 8 : 16,
    channels: 1,
    ...(info.rescale && { text: { [rescaleKeyword]: `offset=${info.rescale.offset} scale=${info.rescale.scale}` } }),
  });
}

/**
 * The whole file in memory. Values are written as counts of the image's `dtype`: rounded and clipped to its range.
 * @param name of the file; its ending gives the format unless `options.format` says otherwise
 * @throws usage, image.unfit for an image that the format cannot hold; image.unfit for NaN where counts are whole numbers
 */
export function encodeImage(name: string, image: Image, options: EncodeOptions = {}): Uint8Array {
  const format = options.format ?? formatOf(name);
  if (format === "png") {
    checkFormat(image, format, name);
    return encodePng(image, image.data);
  }
  const layout = planTiff(name, image, format, options.displayRange);
  const data = countsOf(image, name);
  const file = new Uint8Array(layout.size);
  file.set(layout.head);
  file.set(layout.tail, layout.tailStart);
  const pixels = extentOf(image, "Y") * extentOf(image, "X");
  for (const position of positionsOf(image)) {
    const from = planeOffset(image, position);
    file.set(bytesOf(data.subarray(from, from + pixels)), layout.offsetOf(position));
  }
  return file;
}

/** The data of an image in its own pixel type; not copied where it has that type. */
function countsOf(image: Image, name: string): PixelData {
  const { data, dtype } = image;
  const values = data instanceof Float32Array ? data : undefined;
  if (values === undefined && data.BYTES_PER_ELEMENT === pixelBytes(image)) return data;
  return toCounts(values ?? Float32Array.from(data), dtype, { what: name, width: extentOf(image, "X") });
}

/** Every plane of an image, in the order in which files hold them. */
export function* positionsOf(info: ImageInfo): Generator<{ c: number; z: number; t: number }> {
  for (let t = 0; t < extentOf(info, "T"); t++) {
    for (let z = 0; z < extentOf(info, "Z"); z++) {
      for (let c = 0; c < extentOf(info, "C"); c++) yield { c, z, t };
    }
  }
}
