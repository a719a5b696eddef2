/** Decompression of TIFF strips and tiles. */
import { ParfocalError } from "../errors.ts";
import { corrupt, unsupported } from "./file-errors.ts";
import { inflate } from "./inflate.ts";
import { checkJpeg } from "./jpeg-check.ts";
import { decodeLzw } from "./tiff-lzw.ts";
import { compressionNames } from "./tiff-tags.ts";

/**
 * The maximum number of bytes that one compressed byte can expand to: deflate 1032 (zlib's manual), PackBits 64,
 * LZW 2560 (3838 bytes for a code of 12 bits), zstd's run-length blocks 2^17 in 4 bytes, JPEG 64 pixels in 2
 * bits. A header that states more is damaged, and this is found before memory is allocated. Throws `file.unsupported`
 * for a compression that is not read.
 */
export function maxExpansion(compression: number, path: string): number {
  const ratios: Record<number, number> = { 1: 1, 5: 2560, 7: 256, 8: 1032, 32946: 1032, 32773: 64, 50000: 32768 };
  const ratio = ratios[compression];
  if (ratio !== undefined) return ratio;
  const name = compressionNames[compression] ?? `number ${compression}`;
  throw unsupported(
    path,
    `the compression ${name} is not read`,
    "save it uncompressed or with deflate, for example with ImageJ",
  );
}

/** What a decoder needs to know about the strip or tile. */
export interface ChunkShape {
  /** Number of bytes that must result. */
  needed: number;
  /** Number of bytes if the last strip of a page is padded to the height of the others. */
  whole: number;
  width: number;
  height: number;
  jpegTables?: Uint8Array | undefined;
  /** Decompresses zlib data; by default the platform's own stream does. */
  inflate?: typeof inflate | undefined;
}

/**
 * The first `needed` bytes of a strip or tile, uncompressed. May return the input itself. Throws `file.corrupt` if
 * there are fewer, or a checksum is wrong.
 */
export async function decompress(
  compression: number,
  input: Uint8Array,
  shape: ChunkShape,
  path: string,
): Promise<Uint8Array> {
  const { needed } = shape;
  let output: Uint8Array;
  try {
    output = await decode(compression, input, shape, path);
  } catch (error) {
    if (error instanceof ParfocalError) throw error;
    throw corrupt(path, `a strip or tile does not decompress (${compressionNames[compression]})`, error);
  }
  if (output.length < needed) {
    throw corrupt(path, `a strip or tile has ${output.length} bytes, expected ${needed}`);
  }
  return output.subarray(0, needed);
}

async function decode(compression: number, input: Uint8Array, shape: ChunkShape, path: string): Promise<Uint8Array> {
  switch (compression) {
    case 1:
      return input;
    case 5:
      return decodeLzw(input, shape.needed);
    case 8:
    case 32946:
      return (shape.inflate ?? inflate)([input], shape.needed);
    case 32773:
      return decodePackBits(input, shape.needed);
    case 7:
      return decodeJpeg(input, shape);
    default:
      return decodeZstd(input, shape, path);
  }
}

/**
 * TIFF 6.0, section 9: after a byte n >= 0, n + 1 literal bytes follow; after n < 0, one byte that is repeated 1 - n
 * times.
 */
function decodePackBits(input: Uint8Array, limit: number): Uint8Array {
  const output = new Uint8Array(limit);
  let written = 0;
  let at = 0;
  while (at + 1 < input.length && written < limit) {
    const n = (input[at++] << 24) >> 24;
    if (n >= 0) {
      const part = input.subarray(at, at + Math.min(n + 1, limit - written));
      output.set(part, written);
      written += part.length;
      at += n + 1;
    } else if (n !== -128) {
      const end = Math.min(written + 1 - n, limit);
      output.fill(input[at++], written, end);
      written = end;
    }
  }
  return output.subarray(0, written);
}

/** A frame and its strip must both fit into the decoder's memory of 2 GB. */
const maxZstdBytes = 2 ** 30;

/**
 * Zstandard (RFC 8878), decoded into the known size, because libtiff's frames do not state theirs and a damaged one may
 * state any. Checksums are compared if frames have them (tifffile and libtiff write none).
 *
 * Why zstddec (the reference implementation as WebAssembly, which comes with geotiff) and not fzstd 0.1.1: that one
 * ignores checksums, silently writes beyond the given size, and takes 5 times as long (8.4 MB: 0.4 s, not 0.08 s). It
 * is not used through geotiff 3.0.5, which interprets the decoder's error code as a length and returns memory of other
 * strips.
 */
async function decodeZstd(input: Uint8Array, { whole }: ChunkShape, path: string): Promise<Uint8Array> {
  if (input.length + whole > maxZstdBytes) {
    throw unsupported(path, `a strip or tile of ${whole} bytes is too large for the zstd decoder`, "save it in tiles");
  }
  const { ZSTDDecoder } = await import("zstddec");
  const decoder = new ZSTDDecoder();
  await decoder.init();
  // The output is empty if a frame is damaged, truncated, or larger than `whole`.
  const output = decoder.decode(input, whole);
  if (output.length === 0) throw new RangeError("a damaged zstd frame");
  return output;
}

/** Grey JPEG (TIFF technical note 2). */
async function decodeJpeg(input: Uint8Array, { width, height, jpegTables }: ChunkShape): Promise<Uint8Array> {
  if (jpegTables) checkJpeg(jpegTables, undefined);
  checkJpeg(input, { width, height });
  // Loaded only when it is needed, because few files are compressed like this and it would slow down every start.
  const { getDecoder } = await import("geotiff");
  const parameters = { tileWidth: 0, tileHeight: 0, predictor: 1, bitsPerSample: 8, planarConfiguration: 1 };
  const decoder = await getDecoder(7, { ...parameters, ...(jpegTables && { JPEGTables: jpegTables }) });
  return new Uint8Array(await decoder.decode(new Uint8Array(input).buffer));
}
