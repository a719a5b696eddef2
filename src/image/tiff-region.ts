/** Pixels of a rectangle of a TIFF page, from the strips or tiles that it touches. */
import { type ByteSource, readInto } from "../array/bytes.ts";
import { concurrently } from "../array/concurrently.ts";
import { ParfocalError } from "../errors.ts";
import { corrupt } from "./file-errors.ts";
import type { Region } from "./image-file.ts";
import { decodeInPlace, decodeSamples, roomForSamples } from "./samples.ts";
import { decompress } from "./tiff-compression.ts";
import { chunkBytes, type PageChunks, type PageHeader, rowBytes } from "./tiff-page.ts";

/** The source of the pixels of a page. */
export interface PageSource {
  source: ByteSource;
  littleEndian: boolean;
  header: PageHeader;
  chunks: PageChunks;
  /** Keeps decoded strips and tiles for neighbouring regions; `key` identifies the page. */
  cache: ChunkCache;
  key: number;
}

/** Drops the least recently used strips and tiles if there are more than `limit` pixels. */
export class ChunkCache {
  private readonly kept = new Map<string, Float32Array>();
  private pixels = 0;
  private readonly limit: number;

  constructor(limit = 2 ** 22) {
    this.limit = limit;
  }

  get(key: string): Float32Array | undefined {
    const found = this.kept.get(key);
    if (found) {
      this.kept.delete(key);
      this.kept.set(key, found);
    }
    return found;
  }

  set(key: string, chunk: Float32Array): void {
    this.pixels += chunk.length - (this.kept.get(key)?.length ?? 0);
    this.kept.set(key, chunk);
    for (const [old, { length }] of this.kept) {
      if (this.pixels <= this.limit || old === key) break;
      this.kept.delete(old);
      this.pixels -= length;
    }
  }
}

/** Contiguous data are read in pieces of about this many bytes, before and after decompression. */
const pieceBytes = 2 ** 22;
/** Number of pieces in progress: one is read while another is decoded. */
const atOnce = 2;

/**
 * float32 `[region.height, region.width]`. Throws `file.corrupt`, and `usage` if `out` has another size.
 * @param out where to put the pixels; allocated if it is left out
 */
export async function readRegion(
  page: PageSource,
  region: Region,
  out: Float32Array<ArrayBuffer> = new Float32Array(region.width * region.height),
): Promise<Float32Array<ArrayBuffer>> {
  const { header, chunks } = page;
  const expected = region.width * region.height;
  if (out.length !== expected) {
    const got = out.length;
    const what = `${page.source.name}: the array for ${region.width} x ${region.height} pixels has ${got} elements; give ${expected}.`;
    throw new ParfocalError("usage", what, { got, expected: `${expected} numbers` });
  }
  const plain = header.compression === 1 && header.predictor === 1;
  if (plain && chunks.width === region.width && roomForSamples(out, header)) {
    await concurrently(bandsOf(page, region), atOnce, (band) => readBand(page, band, region, out));
  } else if (plain) {
    await concurrently(placesOf(page, region), atOnce, (place) => copyRows(page, place, region, out));
  } else {
    await concurrently(piecesOf(page, region), atOnce, (piece) => copyDecoded(page, piece, region, out));
  }
  return out;
}

/** A strip or tile: its row and column, and its number in the lists of the page. */
interface Place {
  down: number;
  across: number;
  i: number;
}

/** The strips or tiles that a region touches. */
function* placesOf({ chunks }: PageSource, region: Region): Generator<Place> {
  const lastDown = Math.floor((region.y + region.height - 1) / chunks.height);
  const lastAcross = Math.floor((region.x + region.width - 1) / chunks.width);
  for (let down = Math.floor(region.y / chunks.height); down <= lastDown; down++) {
    for (let across = Math.floor(region.x / chunks.width); across <= lastAcross; across++) {
      yield { down, across, i: down * chunks.across + across };
    }
  }
}

/** Whole rows that follow each other in the file. */
interface Band {
  /** The first row, in the page, and how many. */
  y: number;
  rows: number;
  offset: number;
}

/** The rows of a region as wide as the strips, uncompressed: strips without a gap between them are read together. */
function* bandsOf({ header, chunks }: PageSource, region: Region): Generator<Band> {
  const stride = rowBytes(header, chunks.width);
  const maxRows = Math.max(1, Math.floor(pieceBytes / stride));
  const end = region.y + region.height;
  let band: Band | undefined;
  for (let y = region.y; y < end; ) {
    const down = Math.floor(y / chunks.height);
    const first = y - down * chunks.height;
    const rows = Math.min(chunks.height - first, end - y);
    const offset = chunks.offsets[down] + first * stride;
    if (band && band.offset + band.rows * stride === offset && band.rows + rows <= maxRows) {
      band.rows += rows;
      y += rows;
      continue;
    }
    if (band) yield band;
    band = { y, rows: Math.min(rows, maxRows), offset };
    y += band.rows;
  }
  if (band) yield band;
}

/** The bytes are read into the end of the array in which they become numbers. */
async function readBand(page: PageSource, { y, rows, offset }: Band, region: Region, out: Float32Array<ArrayBuffer>) {
  const { width } = region;
  const numbers = out.subarray((y - region.y) * width, (y - region.y + rows) * width);
  await readInto(page.source, offset, roomForSamples(numbers, page.header) as Uint8Array);
  decodeInPlace(numbers, page.header, width, rows, page.littleEndian);
}

/** Reads only the rows of an uncompressed strip or tile that the region needs. */
async function copyRows(page: PageSource, { down, across, i }: Place, region: Region, out: Float32Array) {
  const { header, chunks, source } = page;
  const stride = rowBytes(header, chunks.width);
  const top = Math.max(region.y, down * chunks.height);
  const bottom = Math.min(region.y + region.height, (down + 1) * chunks.height, header.height);
  const band = Math.max(1, Math.floor(pieceBytes / stride));
  for (let y = top; y < bottom; y += band) {
    const rows = Math.min(band, bottom - y);
    const first = y - down * chunks.height;
    const bytes = await source.read(chunks.offsets[i] + first * stride, rows * stride);
    const { x, width, part } = neededColumns(bytes, header, chunks.width, across * chunks.width, region);
    const block = decodeSamples(part, header, width, rows, page.littleEndian);
    paste(block, width, { x, y, height: rows }, region, out);
  }
}

/**
 * Cuts the columns that the region needs out of rows of whole bytes, so that decoding a narrow tile of a wide image is
 * cheap.
 */
function neededColumns(bytes: Uint8Array, header: PageHeader, width: number, x: number, region: Region) {
  const left = Math.max(region.x, x);
  const right = Math.min(region.x + region.width, x + width);
  if (header.bits % 8 !== 0 || right - left === width) return { x, width, part: bytes };
  const size = header.bits / 8;
  const stride = width * size;
  const length = (right - left) * size;
  const part = new Uint8Array((bytes.length / stride) * length);
  for (let to = 0, from = (left - x) * size; to < part.length; to += length, from += stride) {
    part.set(bytes.subarray(from, from + length), to);
  }
  return { x: left, width: right - left, part };
}

/** Compressed strips or tiles that follow each other in the file with at most a few bytes between them. */
interface Piece {
  places: Place[];
  offset: number;
  /** Bytes in the file, and after decompression. */
  length: number;
  decoded: number;
}

/** Gaps of up to this many bytes are read as well, because strips may be aligned to words. */
const gapBytes = 64;

function* piecesOf(page: PageSource, region: Region): Generator<Piece> {
  const { header, chunks } = page;
  let piece: Piece | undefined;
  for (const place of placesOf(page, region)) {
    const [offset, length] = [chunks.offsets[place.i], chunks.byteCounts[place.i]];
    const decoded = chunkBytes(header, chunks, place.down);
    const gap = piece ? offset - (piece.offset + piece.length) : -1;
    const fits = piece && piece.decoded + decoded <= pieceBytes && offset + length - piece.offset <= pieceBytes;
    if (piece && gap >= 0 && gap <= gapBytes && fits) {
      piece.places.push(place);
      piece.length += gap + length;
      piece.decoded += decoded;
    } else {
      if (piece) yield piece;
      piece = { places: [place], offset, length, decoded };
    }
  }
  if (piece) yield piece;
}

/** Reads a piece when the first of its strips is not in the cache, and decompresses all of them at once. */
async function copyDecoded(page: PageSource, piece: Piece, region: Region, out: Float32Array<ArrayBuffer>) {
  const { chunks, source } = page;
  let bytes: Promise<Uint8Array> | undefined;
  await concurrently(piece.places, piece.places.length, async (place) => {
    const input = async () => {
      bytes ??= source.read(piece.offset, piece.length);
      const start = chunks.offsets[place.i] - piece.offset;
      return (await bytes).subarray(start, start + chunks.byteCounts[place.i]);
    };
    await copyChunk(page, place, input, region, out);
  });
}

async function copyChunk(
  page: PageSource,
  { down, across, i }: Place,
  input: () => Promise<Uint8Array>,
  region: Region,
  out: Float32Array<ArrayBuffer>,
) {
  const { header, chunks, source, cache } = page;
  const { width } = chunks;
  const needed = chunkBytes(header, chunks, down);
  const rows = needed / rowBytes(header, width);
  const [x, y] = [across * width, down * chunks.height];
  // Complete rows of the region are decoded into their final place and not cached, because they are not needed again
  // soon.
  const inside = width === region.width && y >= region.y && y + rows <= region.y + region.height;
  const at = (y - region.y) * width;
  const key = `${page.key}/${i}`;
  let block = cache.get(key);
  if (!block) {
    const { height, jpegTables } = chunks;
    const whole = height * rowBytes(header, width);
    const shape = { needed, whole, width, height, jpegTables, inflate: source.inflate };
    const bytes = await decompress(header.compression, await input(), shape, source.name);
    const target = inside ? out.subarray(at, at + rows * width) : undefined;
    try {
      block = decodeSamples(bytes, header, width, rows, page.littleEndian, target);
    } catch (error) {
      throw corrupt(source.name, `strip or tile ${i} cannot be decoded (${(error as Error).message})`, error);
    }
    if (inside) return;
    cache.set(key, block);
  }
  paste(block, width, { x, y, height: rows }, region, out);
}

/** Copies the intersection of a block at `place` and the region. */
function paste(
  block: Float32Array,
  width: number,
  place: { x: number; y: number; height: number },
  region: Region,
  out: Float32Array,
): void {
  const left = Math.max(region.x, place.x);
  const right = Math.min(region.x + region.width, place.x + width);
  const top = Math.max(region.y, place.y);
  const bottom = Math.min(region.y + region.height, place.y + place.height);
  for (let y = top; y < bottom; y++) {
    const from = (y - place.y) * width - place.x;
    out.set(block.subarray(from + left, from + right), (y - region.y) * region.width + left - region.x);
  }
}
