/**
 * The skeleton of a TIFF or BigTIFF file: its chain of directories and the values of their tags (TIFF 6.0, Adobe 1992;
 * BigTIFF, Aware Systems 2004). Every offset and count is checked against the file before it is followed.
 *
 * Why not geotiff's (3.0.5): its LZW decoder ends the process on some damaged strips, it applies the horizontal
 * predictor to big-endian samples unswapped (both tried), and planes of ImageJ's layout above 4 GB have no directories
 * at all. geotiff still decodes JPEG and zstd. Reconsider when tiles over HTTP or other colour spaces are needed.
 */
import { type ByteSource, checkRange, withReadAhead } from "../array/bytes.ts";
import { corrupt } from "./file-errors.ts";
import { fieldSize, tag } from "./tiff-tags.ts";

/**
 * The bytes of the entries. A hostile file can have millions of entries, and objects for them would take many times the
 * memory.
 */
export interface TiffDirectory {
  /** Offset of the entries in the file. */
  at: number;
  entries: Uint8Array;
}

export interface Entry {
  type: number;
  count: number;
  /** Offset of the values in the file; that of the entry itself if they fit. */
  offset: number;
}

export interface TiffStructure {
  path: string;
  /** Reads directories and values, and keeps the last piece that was read. */
  source: ByteSource;
  littleEndian: boolean;
  big: boolean;
  directories: TiffDirectory[];
}

/** Whether these first bytes of a file are those of a TIFF or BigTIFF. */
export function looksLikeTiff(bytes: Uint8Array): boolean {
  const [a, b, c, d] = bytes;
  const little = a === 0x49 && b === 0x49 && (c === 42 || c === 43) && d === 0;
  const large = a === 0x4d && b === 0x4d && c === 0 && (d === 42 || d === 43);
  return little || large;
}

/** Reads the header and follows the chain of directories. Throws `file.corrupt`. */
export async function readTiffStructure(file: ByteSource): Promise<TiffStructure> {
  const source = withReadAhead(file);
  const path = file.name;
  const header = viewOf(await source.read(0, 8));
  const littleEndian = header.getUint8(0) === 0x49;
  const big = header.getUint16(2, littleEndian) === 43;
  let next = header.getUint32(4, littleEndian);
  if (big) {
    if (header.getUint16(4, littleEndian) !== 8) throw corrupt(path, "the BigTIFF header does not have 8-byte offsets");
    next = readUint64(viewOf(await source.read(8, 8)), 0, littleEndian, path);
  }
  const directories: TiffDirectory[] = [];
  const seen = new Set<number>();
  let total = 0;
  while (next !== 0) {
    if (seen.has(next)) throw corrupt(path, "the chain of image directories is circular");
    seen.add(next);
    const found = await readDirectory(source, next, littleEndian, big);
    total += found.directory.entries.length;
    // Bounds time and memory by the size of the file: a few bytes can otherwise belong to thousands of directories.
    if (total > source.size) throw corrupt(path, "the image directories overlap");
    directories.push(found.directory);
    next = found.next;
  }
  if (directories.length === 0) throw corrupt(path, "the TIFF header points to no image");
  return { path, source, littleEndian, big, directories };
}

async function readDirectory(source: ByteSource, at: number, little: boolean, big: boolean) {
  const countSize = big ? 8 : 2;
  const entrySize = big ? 20 : 12;
  const head = viewOf(await source.read(at, countSize));
  const count = big ? readUint64(head, 0, little, source.name) : head.getUint16(0, little);
  // The specification has about 100 tags. A count beyond this limit is damaged.
  if (count === 0 || count > 4096) throw corrupt(source.name, `the image directory at byte ${at} has ${count} entries`);
  const start = at + countSize;
  const length = count * entrySize;
  const bytes = await source.read(start, length + (big ? 8 : 4));
  const view = viewOf(bytes);
  const next = big ? readUint64(view, length, little, source.name) : view.getUint32(length, little);
  // A copy, because the bytes may be a view of a larger piece, which would be kept in memory with it.
  return { directory: { at: start, entries: bytes.slice(0, length) }, next };
}

/** The first entry with that tag: its type, and where its values lie. */
export function findEntry(file: TiffStructure, { at, entries }: TiffDirectory, id: number): Entry | undefined {
  const { littleEndian: little, big, path } = file;
  const view = viewOf(entries);
  for (let p = 0; p < entries.length; p += big ? 20 : 12) {
    if (view.getUint16(p, little) !== id) continue;
    const type = view.getUint16(p + 2, little);
    const count = big ? readUint64(view, p + 4, little, path) : view.getUint32(p + 4, little);
    const valueAt = p + (big ? 12 : 8);
    const inline = (fieldSize[type] ?? 0) * count <= (big ? 8 : 4);
    if (inline) return { type, count, offset: at + valueAt };
    return {
      type,
      count,
      offset: big ? readUint64(view, valueAt, little, path) : view.getUint32(valueAt, little),
    };
  }
  return undefined;
}

/** Whether a directory has a tag. */
export function hasTag(file: TiffStructure, directory: TiffDirectory, id: number): boolean {
  return findEntry(file, directory, id) !== undefined;
}

/**
 * The first `maxValues` values of a tag as numbers (rationals divided), or undefined if the directory does not have it.
 * Throws `file.corrupt` for a tag without values, of text, or with values outside the file.
 */
export async function readNumbers(
  file: TiffStructure,
  directory: TiffDirectory,
  id: number,
  maxValues: number,
): Promise<Float64Array | undefined> {
  const entry = findEntry(file, directory, id);
  if (!entry) return undefined;
  const { type, count, offset } = entry;
  const size = fieldSize[type];
  // Widths, offsets and lengths are whole numbers. A fraction results from a damaged type.
  const fraction = [5, 10, 11, 12].includes(type) && id !== tag.xResolution && id !== tag.yResolution;
  if (size === undefined || type === 2 || fraction) throw corrupt(file.path, `tag ${id} has the field type ${type}`);
  if (count === 0) throw corrupt(file.path, `tag ${id} has no value`);
  checkRange(file.source, offset, count * size);
  const kept = Math.min(count, maxValues);
  const view = viewOf(await file.source.read(offset, kept * size));
  const values = new Float64Array(kept);
  for (let i = 0; i < kept; i++) values[i] = readValue(view, i * size, type, file.littleEndian, file.path);
  return values;
}

/** The first value of a tag, or `fallback` when the directory does not have it. */
export async function readNumber<T>(
  file: TiffStructure,
  directory: TiffDirectory,
  id: number,
  fallback: T,
): Promise<number | T> {
  const values = await readNumbers(file, directory, id, 1);
  return values === undefined ? fallback : values[0];
}

/** Numerator and denominator of the first value of a tag that is a fraction, or undefined. */
export async function readFraction(
  file: TiffStructure,
  directory: TiffDirectory,
  id: number,
): Promise<[number, number] | undefined> {
  const entry = findEntry(file, directory, id);
  if (entry?.type !== 5 || entry.count === 0) return undefined;
  const view = viewOf(await file.source.read(entry.offset, 8));
  return [view.getUint32(0, file.littleEndian), view.getUint32(4, file.littleEndian)];
}

/** The bytes of a tag as they are, or undefined. */
export async function readRaw(
  file: TiffStructure,
  directory: TiffDirectory,
  id: number,
): Promise<Uint8Array | undefined> {
  const entry = findEntry(file, directory, id);
  if (!entry) return undefined;
  return file.source.read(entry.offset, entry.count * (fieldSize[entry.type] ?? 1));
}

/** A text tag up to its first NUL: UTF-8, or Latin-1 where it is not valid UTF-8. Empty when absent. */
export async function readText(file: TiffStructure, directory: TiffDirectory, id: number): Promise<string> {
  const bytes = await readRaw(file, directory, id);
  if (!bytes) return "";
  const end = bytes.indexOf(0);
  const text = end < 0 ? bytes : bytes.subarray(0, end);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(text);
  } catch {
    return new TextDecoder("latin1").decode(text);
  }
}

function readValue(view: DataView, at: number, type: number, little: boolean, path: string): number {
  switch (type) {
    case 1:
    case 7:
      return view.getUint8(at);
    case 6:
      return view.getInt8(at);
    case 3:
      return view.getUint16(at, little);
    case 8:
      return view.getInt16(at, little);
    case 4:
    case 13:
      return view.getUint32(at, little);
    case 9:
      return view.getInt32(at, little);
    case 5:
      return view.getUint32(at, little) / view.getUint32(at + 4, little);
    case 10:
      return view.getInt32(at, little) / view.getInt32(at + 4, little);
    case 11:
      return view.getFloat32(at, little);
    case 12:
      return view.getFloat64(at, little);
    default:
      return readUint64(view, at, little, path);
  }
}

function readUint64(view: DataView, at: number, little: boolean, path: string): number {
  const value = Number(view.getBigUint64(at, little));
  if (Number.isSafeInteger(value)) return value;
  throw corrupt(path, `a 64-bit offset or count of ${value} is impossible`);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
