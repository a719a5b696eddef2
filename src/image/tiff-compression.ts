/** Decompression of TIFF strips and tiles. */
import { corrupt, unsupported } from "./file-errors.ts";
import { inflate } from "./inflate.ts";
import { decodeLzw } from "./tiff-lzw.ts";
import { compressionNames } from "./tiff-tags.ts";

/**
 * How many bytes one byte of a compression can stand for at most: deflate 1032 (zlib's manual), PackBits 64,
 * LZW 2560 (3838 bytes for a code of 12 bits), zstd's run-length blocks 2^17 in 4 bytes, JPEG 64 pixels in 2
 * bits. A header that promises more is damaged, which is found before memory is asked for. Throws `file.unsupported`
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

/** What a decoder needs to know of the strip or tile. */
export interface ChunkShape {
  /** Bytes that must come out. */
  needed: number;
  width: number;
  height: number;
  jpegTables?: Uint8Array | undefined;
  /** Decompresses zlib data; the platform's own stream where it is left out. */
  inflate?: typeof inflate | undefined;
}

/**
 * The first `needed` bytes of a strip or tile, uncompressed. May return the input itself. Throws `file.corrupt` when fewer come out,
 * or a checksum is wrong.
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
    output = await decode(compression, input, shape);
  } catch (error) {
    throw corrupt(path, `a strip or tile does not decompress (${compressionNames[compression]})`, error);
  }
  if (output.length < needed) {
    throw corrupt(path, `a strip or tile has ${output.length} bytes, expected ${needed}`);
  }
  return output.subarray(0, needed);
}

async function decode(compression: number, input: Uint8Array, shape: ChunkShape): Promise<Uint8Array> {
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
      return decodeZstd(input, shape.needed);
  }
}

/** TIFF 6.0, section 9: a byte n >= 0 says that n + 1 bytes follow as they are, n < 0 that one follows 1 - n times. */
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

/** Zstandard (RFC 8878). The content size of the frame's header is looked at first: the decoder allocates it. */
async function decodeZstd(input: Uint8Array, limit: number): Promise<Uint8Array> {
  const view = new DataView(input.buffer, input.byteOffset, input.byteLength);
  if (view.getUint32(0, true) !== 0xfd2fb528) throw new RangeError("not a zstd frame");
  const descriptor = view.getUint8(4);
  const single = (descriptor & 0x20) !== 0;
  const sizeAt = 5 + (single ? 0 : 1) + [0, 1, 2, 4][descriptor & 3];
  const sizes = [
    () => (single ? view.getUint8(sizeAt) : Number.NaN),
    () => view.getUint16(sizeAt, true) + 256,
    () => view.getUint32(sizeAt, true),
    () => Number(view.getBigUint64(sizeAt, true)),
  ];
  const size = sizes[descriptor >> 6]();
  // A strip padded to its full height may hold a little more than is needed, never many times as much.
  if (!(size >= limit && size <= 64 * limit + 65536)) throw new RangeError(`a zstd frame of ${size} bytes`);
  return runDecoder(50000, input, {});
}

/** Baseline grey JPEG (TIFF technical note 2). Size and end of the picture are checked, since the decoder does not. */
async function decodeJpeg(input: Uint8Array, { width, height, jpegTables }: ChunkShape): Promise<Uint8Array> {
  let at = 2;
  while (at + 9 < input.length && !(input[at + 1] >= 0xc0 && input[at + 1] <= 0xc2))
    at += 2 + input[at + 2] * 256 + input[at + 3];
  const frame = input.subarray(at, at + 10);
  const rows = frame[5] * 256 + frame[6];
  const columns = frame[7] * 256 + frame[8];
  if (frame[4] !== 8 || columns !== width || rows < 1 || rows > height || frame[9] !== 1) {
    throw new RangeError("the JPEG picture does not fit its strip or tile");
  }
  let end = input.length;
  while (end > 2 && input[end - 1] === 0) end--;
  if (input[end - 2] !== 0xff || input[end - 1] !== 0xd9) throw new RangeError("the JPEG picture ends early");
  return runDecoder(7, input, jpegTables ? { JPEGTables: jpegTables } : {});
}

async function runDecoder(
  compression: number,
  input: Uint8Array,
  more: { JPEGTables?: Uint8Array },
): Promise<Uint8Array> {
  const parameters = { tileWidth: 0, tileHeight: 0, predictor: 1, bitsPerSample: 8, planarConfiguration: 1, ...more };
  // Loaded when it is needed: few files are compressed like this, and every start would pay for it.
  const { getDecoder } = await import("geotiff");
  const decoder = await getDecoder(compression, parameters);
  return new Uint8Array(await decoder.decode(new Uint8Array(input).buffer));
}
