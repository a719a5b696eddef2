/**
 * The layout of a TIFF output: header, first directory, all planes without gaps in the order C, Z, T, then the other
 * directories. Nothing is compressed, so that planes and rows can be written in any order. There are no gaps, because
 * ImageJ uses only the first directory of its stacks.
 */
import { fractionNear } from "../array/decimal.ts";
import { extentOf, type PlanePosition } from "./axes.ts";
import type { ImageInfo } from "./image.ts";
import { pixelBytes } from "./image-format.ts";
import { hostIsLittle } from "./samples.ts";
import { fieldSize, fieldType, tag } from "./tiff-tags.ts";

export interface TiffLayout {
  /** Bytes of the whole file. */
  size: number;
  /** Written at 0. */
  head: Uint8Array<ArrayBuffer>;
  /** Written at `tailStart`. */
  tail: Uint8Array<ArrayBuffer>;
  tailStart: number;
  rowBytes: number;
  /** Byte of the first row of a plane. */
  offsetOf(position: PlanePosition): number;
}

interface Field {
  id: number;
  type: number;
  values: readonly number[] | Uint8Array;
}

/**
 * @param big BigTIFF, for more than 4 GB
 * @param rowsPerStrip maximum number of rows in a strip
 */
export function layoutTiff(info: ImageInfo, description: string, big: boolean, rowsPerStrip: number): TiffLayout {
  const width = extentOf(info, "X");
  const height = extentOf(info, "Y");
  const channels = extentOf(info, "C");
  const depth = extentOf(info, "Z");
  const planes = channels * depth * extentOf(info, "T");
  const rowBytes = width * pixelBytes(info);
  const planeBytes = rowBytes * height;
  const first = big ? 16 : 8;
  const text = new TextEncoder().encode(`${description}\0`);
  const fieldsOf = (plane: number, start: number) =>
    pageFields(info, plane === 0 ? text : undefined, start + plane * planeBytes, big, rowsPerStrip);
  const firstBytes = encodeDirectory(fieldsOf(0, 0), first, 0, big).length;
  const dataStart = Math.ceil((first + firstBytes) / 16) * 16;
  const end = dataStart + planes * planeBytes;
  const tailStart = planes > 1 ? Math.ceil(end / 16) * 16 : end;
  const pageBytes = planes > 1 ? encodeDirectory(fieldsOf(1, dataStart), 0, 0, big).length : 0;
  const tail = new Uint8Array(pageBytes * (planes - 1));
  for (let plane = 1; plane < planes; plane++) {
    const at = tailStart + (plane - 1) * pageBytes;
    const next = plane + 1 < planes ? at + pageBytes : 0;
    tail.set(encodeDirectory(fieldsOf(plane, dataStart), at, next, big), at - tailStart);
  }
  const head = new Uint8Array(dataStart);
  head.set(encodeHeader(first, big));
  head.set(encodeDirectory(fieldsOf(0, dataStart), first, planes > 1 ? tailStart : 0, big), first);
  return {
    size: tailStart + tail.length,
    head,
    tail,
    tailStart,
    rowBytes,
    offsetOf: ({ c, z, t }) => dataStart + (c + channels * (z + depth * t)) * planeBytes,
  };
}

function pageFields(
  info: ImageInfo,
  text: Uint8Array | undefined,
  at: number,
  big: boolean,
  rowsPerStrip: number,
): Field[] {
  const width = extentOf(info, "X");
  const height = extentOf(info, "Y");
  const rowBytes = width * pixelBytes(info);
  const rows = Math.min(rowsPerStrip, height);
  const strips = Math.ceil(height / rows);
  const offsets = Array.from({ length: strips }, (_, i) => at + i * rows * rowBytes);
  const counts = offsets.map((_, i) => Math.min(rows, height - i * rows) * rowBytes);
  const offsetType = big ? fieldType.long8 : fieldType.long;
  const { pixelSize } = info;
  return [
    { id: tag.newSubfileType, type: fieldType.long, values: [0] },
    { id: tag.imageWidth, type: fieldType.long, values: [width] },
    { id: tag.imageLength, type: fieldType.long, values: [height] },
    { id: tag.bitsPerSample, type: fieldType.short, values: [8 * pixelBytes(info)] },
    { id: tag.compression, type: fieldType.short, values: [1] },
    { id: tag.photometric, type: fieldType.short, values: [1] },
    ...(text ? [{ id: tag.imageDescription, type: fieldType.ascii, values: text }] : []),
    { id: tag.stripOffsets, type: offsetType, values: offsets },
    { id: tag.samplesPerPixel, type: fieldType.short, values: [1] },
    { id: tag.rowsPerStrip, type: fieldType.long, values: [rows] },
    { id: tag.stripByteCounts, type: offsetType, values: counts },
    ...(pixelSize
      ? [
          { id: tag.xResolution, type: fieldType.rational, values: resolutionOf(pixelSize.x) },
          { id: tag.yResolution, type: fieldType.rational, values: resolutionOf(pixelSize.y) },
          // The unit is in the description.
          { id: tag.resolutionUnit, type: fieldType.short, values: [1] },
        ]
      : []),
    { id: tag.sampleFormat, type: fieldType.short, values: [info.dtype === "float32" ? 3 : 1] },
  ];
}

/**
 * Pixels per um as a fraction that gives the same pixel size when read; below 2^31 for readers with signed integers.
 */
function resolutionOf(pixelSize: number): [number, number] {
  const [numerator, denominator] = fractionNear(pixelSize, 2 ** 31 - 1);
  return [Math.max(1, denominator), Math.max(1, numerator)];
}

function encodeHeader(first: number, big: boolean): Uint8Array {
  const view = new DataView(new ArrayBuffer(big ? 16 : 8));
  view.setUint16(0, hostIsLittle ? 0x4949 : 0x4d4d);
  view.setUint16(2, big ? 43 : 42, hostIsLittle);
  if (big) {
    view.setUint16(4, 8, hostIsLittle);
    view.setBigUint64(8, BigInt(first), hostIsLittle);
  } else {
    view.setUint32(4, first, hostIsLittle);
  }
  return new Uint8Array(view.buffer);
}

/** A directory at byte `at`, followed by the values that do not fit into its entries. */
function encodeDirectory(fields: readonly Field[], at: number, next: number, big: boolean): Uint8Array {
  const word = big ? 8 : 4;
  const entry = big ? 20 : 12;
  const lengthOf = ({ type, values }: Field) =>
    (fieldSize[type] * values.length) / (type === fieldType.rational ? 2 : 1);
  const fixed = (big ? 8 : 2) + fields.length * entry + word;
  const aligned = (length: number) => Math.ceil(length / 8) * 8;
  const extra = fields
    .map(lengthOf)
    .filter((length) => length > word)
    .reduce((sum, length) => sum + aligned(length), 0);
  const view = new DataView(new ArrayBuffer(aligned(fixed) + extra));
  const setWord = (p: number, value: number) =>
    big ? view.setBigUint64(p, BigInt(value), hostIsLittle) : view.setUint32(p, value, hostIsLittle);
  if (big) setWord(0, fields.length);
  else view.setUint16(0, fields.length, hostIsLittle);
  let free = aligned(fixed);
  for (const [i, field] of fields.entries()) {
    const p = (big ? 8 : 2) + i * entry;
    const length = lengthOf(field);
    view.setUint16(p, field.id, hostIsLittle);
    view.setUint16(p + 2, field.type, hostIsLittle);
    setWord(p + 4, length / fieldSize[field.type]);
    let valueAt = p + 4 + word;
    if (length > word) {
      setWord(valueAt, at + free);
      valueAt = free;
      free += aligned(length);
    }
    putValues(view, valueAt, field);
  }
  setWord(fixed - word, next);
  return new Uint8Array(view.buffer);
}

function putValues(view: DataView, at: number, { type, values }: Field): void {
  const size = type === fieldType.rational ? 4 : fieldSize[type];
  for (let i = 0; i < values.length; i++) {
    const p = at + i * size;
    if (size === 1) view.setUint8(p, values[i]);
    else if (size === 2) view.setUint16(p, values[i], hostIsLittle);
    else if (size === 4) view.setUint32(p, values[i], hostIsLittle);
    else view.setBigUint64(p, BigInt(values[i]), hostIsLittle);
  }
}
