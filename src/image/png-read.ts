/**
 * PNG (ISO/IEC 15948) with 1 to 16 bits of grey. Colour is recognised, not read. Dots per metre of a PNG are a printing
 * size and are ignored.
 */
import type { ByteSource } from "../array/bytes.ts";
import { refuseColour, resolvePlane } from "./axes.ts";
import { crc32 } from "./crc32.ts";
import { corrupt, unsupported } from "./file-errors.ts";
import type { ImageInfo } from "./image.ts";
import type { ImageFile } from "./image-file.ts";
import { inflate } from "./inflate.ts";
import { checkRegion } from "./region.ts";
import { decodeSamples } from "./samples.ts";

const signature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

export function looksLikePng(bytes: Uint8Array): boolean {
  return signature.every((byte, i) => bytes[i] === byte);
}

interface PngHeader {
  width: number;
  height: number;
  bits: number;
  /** Samples per pixel: 1 grey, 2 grey and alpha (dropped), 3 and 4 colour. A palette counts as colour. */
  samples: number;
  palette: boolean;
}

const samplesOfColour: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

/** Opens a PNG: reads its header only. Throws `file.corrupt` or `file.unsupported`. */
export async function openPng(source: ByteSource): Promise<ImageFile> {
  const header = await readHeader(source);
  const { width, height, bits, samples, palette } = header;
  const colour = palette || samples > 2;
  const info: ImageInfo = {
    axes: colour ? "SYX" : "YX",
    shape: colour ? [Math.max(samples, 3), height, width] : [height, width],
    dtype: bits <= 8 ? "uint8" : "uint16",
    ...(await readRescale(source)),
  };
  let rows: Promise<Uint8Array> | undefined;
  return {
    ...info,
    path: source.name,
    async readPlane(index, region) {
      refuseColour(info, source.name);
      resolvePlane(info, index, source.name);
      const area = checkRegion(info, region, source.name);
      // Each row depends on the one before, so the whole picture is decompressed once and kept as bytes.
      rows ??= readRows(source, header);
      const stride = Math.ceil((width * samples * bits) / 8);
      const band = (await rows).subarray(area.y * stride, (area.y + area.height) * stride);
      const all = decodeSamples(band, { bits, format: "uint", predictor: 1 }, width * samples, area.height, false);
      return cut(all, width * samples, samples, area);
    },
    close: async () => source.close?.(),
  };
}

function cut(
  all: Float32Array<ArrayBuffer>,
  stride: number,
  samples: number,
  area: { x: number; width: number; height: number },
) {
  if (stride === area.width) return all;
  const out = new Float32Array(area.width * area.height);
  for (let y = 0; y < area.height; y++) {
    const from = y * stride + area.x * samples;
    for (let x = 0; x < area.width; x++) out[y * area.width + x] = all[from + x * samples];
  }
  return out;
}

async function readHeader(source: ByteSource): Promise<PngHeader> {
  const path = source.name;
  const bytes = await source.read(0, 33);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (
    view.getUint32(8) !== 13 ||
    view.getUint32(12) !== chunkType("IHDR") ||
    crc32([bytes.subarray(12, 29)]) !== view.getUint32(29)
  ) {
    throw corrupt(path, "the PNG header is damaged");
  }
  const [width, height, bits, colour] = [view.getUint32(16), view.getUint32(20), bytes[24], bytes[25]];
  const samples = samplesOfColour[colour];
  if (!(width >= 1 && height >= 1) || samples === undefined || ![1, 2, 4, 8, 16].includes(bits)) {
    throw corrupt(path, `the PNG header states ${width} x ${height} pixels of type ${colour} with ${bits} bits`);
  }
  if (bytes[28] !== 0) throw unsupported(path, "interlaced PNG is not read", "save it without interlacing");
  return { width, height, bits, samples, palette: colour === 3 };
}

/** The meaning of counts that Parfocal wrote, in the text chunk at the end. */
async function readRescale(source: ByteSource): Promise<Pick<ImageInfo, "rescale">> {
  const length = Math.min(source.size, 512);
  const end = String.fromCharCode(...(await source.read(source.size - length, length)));
  const [, offset, scale] = rescaleChunk.exec(end)?.map(Number) ?? [];
  return Number.isFinite(offset) && scale > 0 && Number.isFinite(scale) ? { rescale: { offset, scale } } : {};
}

/** The keyword of the text chunk with the meaning of the counts: "offset=3.5 scale=0.25". */
export const rescaleKeyword = "parfocal rescale";
const rescaleChunk = new RegExp(`tEXt${rescaleKeyword}\\0offset=([-+.\\de]+) scale=([-+.\\de]+)`);

/** Every chunk's checksum is compared; then the rows are decompressed and their filters undone. */
async function readRows(source: ByteSource, header: PngHeader): Promise<Uint8Array> {
  const path = source.name;
  const bytes = await source.read(0, source.size);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // One buffer for all chunks, because a list of millions of parts takes many times their bytes.
  const parts = new Uint8Array(bytes.length);
  let compressed = 0;
  for (let at = 8, type = 0; type !== chunkType("IEND"); ) {
    if (at + 12 > bytes.length) throw corrupt(path, "the PNG ends before its last chunk");
    const length = view.getUint32(at);
    type = view.getUint32(at + 4);
    if (at + 12 + length > bytes.length) throw corrupt(path, `a PNG chunk at byte ${at} goes beyond the end`);
    const body = bytes.subarray(at + 4, at + 8 + length);
    if (crc32([body]) !== view.getUint32(at + 8 + length))
      throw corrupt(path, `the checksum of the PNG chunk at byte ${at} is wrong`);
    if (type === chunkType("IDAT")) {
      parts.set(body.subarray(4), compressed);
      compressed += length;
    }
    at += 12 + length;
  }
  const stride = Math.ceil((header.width * header.samples * header.bits) / 8);
  const needed = (stride + 1) * header.height;
  // Deflate expands one byte to at most 1032 bytes.
  if (needed > compressed * 1032 + 1032) throw corrupt(path, `${compressed} compressed bytes cannot hold ${needed}`);
  let raw: Uint8Array;
  try {
    raw = await (source.inflate ?? inflate)([parts.subarray(0, compressed)], needed);
  } catch (error) {
    throw corrupt(path, "the PNG data do not decompress", error);
  }
  if (raw.length < needed) throw corrupt(path, `the PNG has ${raw.length} bytes of pixels, expected ${needed}`);
  return undoFilters(raw, stride, header, path);
}

/** Filters 0 to 4: none, left, up, average, Paeth (section 9 of the standard). Packs the rows together in place. */
function undoFilters(raw: Uint8Array, stride: number, header: PngHeader, path: string): Uint8Array {
  const step = Math.max(1, (header.samples * header.bits) / 8);
  for (let y = 0; y < header.height; y++) {
    const filter = raw[y * (stride + 1)];
    if (filter > 4) throw corrupt(path, `row ${y} of the PNG has the filter ${filter}`);
    const row = y * stride;
    raw.copyWithin(row, y * (stride + 1) + 1, (y + 1) * (stride + 1));
    for (let i = 0; i < stride; i++) {
      const left = i >= step ? raw[row + i - step] : 0;
      const up = y > 0 ? raw[row + i - stride] : 0;
      const corner = y > 0 && i >= step ? raw[row + i - stride - step] : 0;
      if (filter === 1) raw[row + i] += left;
      else if (filter === 2) raw[row + i] += up;
      else if (filter === 3) raw[row + i] += (left + up) >> 1;
      else if (filter === 4) raw[row + i] += paeth(left, up, corner);
    }
  }
  return raw.subarray(0, stride * header.height);
}

function paeth(left: number, up: number, corner: number): number {
  const guess = left + up - corner;
  const [a, b, c] = [Math.abs(guess - left), Math.abs(guess - up), Math.abs(guess - corner)];
  if (a <= b && a <= c) return left;
  return b <= c ? up : corner;
}

function chunkType(name: string): number {
  return [...name].reduce((sum, letter) => sum * 256 + letter.charCodeAt(0), 0);
}
