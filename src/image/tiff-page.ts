/** One page of a TIFF: how its samples are stored, and where its strips or tiles are. */
import { corrupt, unsupported } from "./file-errors.ts";
import type { PixelType } from "./image.ts";
import { maxExpansion } from "./tiff-compression.ts";
import { hasTag, readNumber, readNumbers, readRaw, type TiffDirectory, type TiffStructure } from "./tiff-directory.ts";
import { tag } from "./tiff-tags.ts";

export interface PageHeader {
  width: number;
  height: number;
  bits: number;
  format: "uint" | "int" | "float";
  /** Samples per pixel: 1 for grey, 3 or 4 for colour. */
  samples: number;
  compression: number;
  predictor: number;
}

/** Strips and tiles alike: rectangles of the page, stored one by one. */
export interface PageChunks {
  width: number;
  height: number;
  across: number;
  down: number;
  tiled: boolean;
  offsets: Float64Array;
  byteCounts: Float64Array;
  jpegTables?: Uint8Array;
}

/** Reads and checks the tags that describe the samples of a page. Throws `file.corrupt` and `file.unsupported`. */
export async function readPageHeader(file: TiffStructure, directory: TiffDirectory): Promise<PageHeader> {
  const { path } = file;
  const get = (id: number, fallback: number) => readNumber(file, directory, id, fallback);
  const width = await get(tag.imageWidth, 0);
  const height = await get(tag.imageLength, 0);
  if (!(width >= 1 && height >= 1) || width * height > Number.MAX_SAFE_INTEGER / 8) {
    throw corrupt(path, `a page of ${width} x ${height} pixels is impossible`);
  }
  const samples = await get(tag.samplesPerPixel, 1);
  if (samples < 1) throw corrupt(path, `a page with ${samples} samples per pixel is impossible`);
  const bits = await sameForAll(file, directory, tag.bitsPerSample, 1, samples);
  const formatCode = await sameForAll(file, directory, tag.sampleFormat, 1, samples);
  const format = formatCode === 3 ? "float" : formatCode === 2 ? "int" : "uint";
  // 4 is "undefined" in the specification, which readers treat as unsigned.
  if (![1, 2, 3, 4].includes(formatCode)) {
    throw unsupported(path, `samples of format ${formatCode} are not read`, "save it as 8-bit, 16-bit or 32-bit grey");
  }
  const fits = {
    uint: bits <= 16 || bits === 32 || bits === 64,
    int: [8, 16, 32, 64].includes(bits),
    float: [16, 32, 64].includes(bits),
  };
  if (bits < 1 || !fits[format]) {
    throw unsupported(path, `${bits}-bit ${format} samples are not read`, "save it as 8-bit, 16-bit or 32-bit grey");
  }
  if ((await get(tag.fillOrder, 1)) !== 1) {
    throw unsupported(
      path,
      "bits filled from the low end are not read",
      "save it again as 8-bit, for example with ImageJ",
    );
  }
  const predictor = await get(tag.predictor, 1);
  const predicted = { 1: true, 2: [8, 16, 32, 64].includes(bits), 3: format === "float" }[predictor] ?? false;
  if (!predicted) {
    throw unsupported(
      path,
      `${bits}-bit ${format} samples with predictor ${predictor} are not read`,
      "save it uncompressed",
    );
  }
  return { width, height, bits, format, samples, compression: await get(tag.compression, 1), predictor };
}

async function sameForAll(
  file: TiffStructure,
  directory: TiffDirectory,
  id: number,
  fallback: number,
  samples: number,
) {
  const values = await readNumbers(file, directory, id, samples);
  if (!values) return fallback;
  if (values.every((value) => value === values[0])) return values[0];
  throw unsupported(file.path, "the samples of a pixel differ in size or format", "save it as 8-bit or 16-bit grey");
}

/** The type that the samples of a page are read as: 32-bit and 64-bit integers, signed ones and floats are float32. */
export function pixelTypeOf({ format, bits }: PageHeader): PixelType {
  if (format !== "uint" || bits > 16) return "float32";
  return bits <= 8 ? "uint8" : "uint16";
}

/** The type of the samples in the file, if they are read as another type. */
export function storedTypeOf(page: PageHeader): { storedType?: string } {
  const { format, bits } = page;
  const stored = `${format}${bits}`;
  return stored === pixelTypeOf(page) || (format === "uint" && bits <= 16) ? {} : { storedType: stored };
}

/** Bytes of one uncompressed row of `width` grey pixels; rows begin on whole bytes. */
export function rowBytes(page: PageHeader, width: number): number {
  return Math.ceil((width * page.bits) / 8);
}

/**
 * Reads the offsets of the strips or tiles of a page, and checks that they lie inside the file and can hold the page,
 * so that nothing is allocated because of a damaged header. Throws `file.corrupt`.
 */
export async function readPageChunks(
  file: TiffStructure,
  directory: TiffDirectory,
  page: PageHeader,
): Promise<PageChunks> {
  const { path } = file;
  const tiled = hasTag(file, directory, tag.tileOffsets) || !hasTag(file, directory, tag.stripOffsets);
  const width = tiled ? await readNumber(file, directory, tag.tileWidth, 0) : page.width;
  const rows = await readNumber(file, directory, tiled ? tag.tileLength : tag.rowsPerStrip, tiled ? 0 : page.height);
  const height = tiled ? rows : Math.min(rows, page.height);
  if (!(width >= 1 && height >= 1))
    throw corrupt(path, `strips or tiles of ${width} x ${height} pixels are impossible`);
  const across = Math.ceil(page.width / width);
  const down = Math.ceil(page.height / height);
  const count = across * down;
  const offsets = await readNumbers(file, directory, tiled ? tag.tileOffsets : tag.stripOffsets, count);
  if (!offsets || offsets.length < across * down) {
    throw corrupt(path, `a page of ${across * down} strips or tiles lists ${offsets?.length ?? 0} of them`);
  }
  let byteCounts = await readNumbers(file, directory, tiled ? tag.tileByteCounts : tag.stripByteCounts, count);
  if (!byteCounts && page.compression === 1) {
    byteCounts = offsets.map((_, i) => chunkBytes(page, { width, height, tiled }, Math.floor(i / across)));
  }
  if (!byteCounts || byteCounts.length < across * down) {
    throw corrupt(path, `a page of ${across * down} strips or tiles lists the lengths of ${byteCounts?.length ?? 0}`);
  }
  const chunks: PageChunks = { width, height, across, down, tiled, offsets, byteCounts };
  checkChunks(file, page, chunks);
  const jpegTables = await readRaw(file, directory, tag.jpegTables);
  return jpegTables ? { ...chunks, jpegTables: new Uint8Array(jpegTables) } : chunks;
}

/** Uncompressed bytes of a chunk in row `down` of chunks: the last strip ends with the page, a tile is always whole. */
export function chunkBytes(
  page: PageHeader,
  chunks: Pick<PageChunks, "width" | "height" | "tiled">,
  down: number,
): number {
  const rows = chunks.tiled ? chunks.height : Math.min(chunks.height, page.height - down * chunks.height);
  return rows * rowBytes(page, chunks.width);
}

function checkChunks(file: TiffStructure, page: PageHeader, chunks: PageChunks): void {
  const { path, source } = file;
  const ratio = maxExpansion(page.compression, path);
  let total = 0;
  for (let i = 0; i < chunks.across * chunks.down; i++) {
    const offset = chunks.offsets[i];
    const length = chunks.byteCounts[i];
    if (offset === 0 || length === 0) throw corrupt(path, `strip or tile ${i} was never written`);
    if (offset + length > source.size) {
      throw corrupt(
        path,
        `strip or tile ${i} ends at byte ${offset + length}, but the file ends at byte ${source.size}`,
      );
    }
    // For colour this is one sample per pixel, which suffices to detect a damaged header.
    const needed = chunkBytes(page, chunks, Math.floor(i / chunks.across));
    if (length * ratio < needed)
      throw corrupt(path, `strip or tile ${i} has ${length} bytes and cannot hold ${needed}`);
    total += length;
  }
  if (total > source.size) throw corrupt(path, "the strips or tiles of a page overlap");
}
