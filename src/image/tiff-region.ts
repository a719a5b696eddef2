/** Pixels of a rectangle of a TIFF page, from the strips or tiles that it touches. */
import type { ByteSource } from "../array/bytes.ts";
import { corrupt } from "./file-errors.ts";
import type { Region } from "./image-file.ts";
import { decodeSamples } from "./samples.ts";
import { decompress } from "./tiff-compression.ts";
import { chunkBytes, type PageChunks, type PageHeader, rowBytes } from "./tiff-page.ts";

/** Where the pixels of a page come from. */
export interface PageSource {
  source: ByteSource;
  littleEndian: boolean;
  header: PageHeader;
  chunks: PageChunks;
  /** Keeps decoded strips and tiles for neighbouring regions; `key` tells this page from others. */
  cache: ChunkCache;
  key: number;
}

/** The least recently used strips and tiles are forgotten once there are more than `limit` pixels of them. */
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

/** Uncompressed strips are read in bands of about this many bytes. */
const bandBytes = 2 ** 22;

/** float32 `[region.height, region.width]`. Throws `file.corrupt`. */
export async function readRegion(page: PageSource, region: Region): Promise<Float32Array<ArrayBuffer>> {
  const { header, chunks } = page;
  const out = new Float32Array(region.width * region.height);
  const lastDown = Math.floor((region.y + region.height - 1) / chunks.height);
  const lastAcross = Math.floor((region.x + region.width - 1) / chunks.width);
  for (let down = Math.floor(region.y / chunks.height); down <= lastDown; down++) {
    for (let across = Math.floor(region.x / chunks.width); across <= lastAcross; across++) {
      if (header.compression === 1 && header.predictor === 1) await copyRows(page, down, across, region, out);
      else await copyDecoded(page, down, across, region, out);
    }
  }
  return out;
}

/** Rows of an uncompressed strip or tile that the region needs, and no others. */
async function copyRows(
  page: PageSource,
  down: number,
  across: number,
  region: Region,
  out: Float32Array,
): Promise<void> {
  const { header, chunks, source } = page;
  const i = down * chunks.across + across;
  const stride = rowBytes(header, chunks.width);
  const top = Math.max(region.y, down * chunks.height);
  const bottom = Math.min(region.y + region.height, (down + 1) * chunks.height, header.height);
  const band = Math.max(1, Math.floor(bandBytes / stride));
  for (let y = top; y < bottom; y += band) {
    const rows = Math.min(band, bottom - y);
    const first = y - down * chunks.height;
    const bytes = await source.read(chunks.offsets[i] + first * stride, rows * stride);
    const { x, width, part } = neededColumns(bytes, header, chunks.width, across * chunks.width, region);
    const block = decodeSamples(part, header, width, rows, page.littleEndian);
    paste(block, width, { x, y, height: rows }, region, out);
  }
}

/** Of rows of samples of whole bytes, the columns that the region needs: decoding a narrow tile of a wide image is then cheap. */
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

async function copyDecoded(page: PageSource, down: number, across: number, region: Region, out: Float32Array) {
  const { header, chunks, source, cache } = page;
  const i = down * chunks.across + across;
  const needed = chunkBytes(header, chunks, down);
  const rows = needed / rowBytes(header, chunks.width);
  const key = `${page.key}/${i}`;
  let block = cache.get(key);
  if (!block) {
    const input = await source.read(chunks.offsets[i], chunks.byteCounts[i]);
    const { width, height, jpegTables } = chunks;
    const shape = { needed, whole: height * rowBytes(header, width), width, height, jpegTables };
    const bytes = await decompress(header.compression, input, shape, source.name);
    try {
      block = decodeSamples(bytes, header, chunks.width, rows, page.littleEndian);
    } catch (error) {
      throw corrupt(source.name, `strip or tile ${i} cannot be decoded (${(error as Error).message})`, error);
    }
    cache.set(key, block);
  }
  paste(block, chunks.width, { x: across * chunks.width, y: down * chunks.height, height: rows }, region, out);
}

/** Copies what a block at `place` and the region have in common. */
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
