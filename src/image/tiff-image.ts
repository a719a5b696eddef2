/** TIFF files of all dialects as images. */
import type { ByteSource } from "../array/bytes.ts";
import { type PlanePosition, refuseColour, resolvePlane } from "./axes.ts";
import { openCompanions } from "./companion-files.ts";
import { corrupt } from "./file-errors.ts";
import type { ImageInfo } from "./image.ts";
import type { ImageFile } from "./image-file.ts";
import { axesOf, joinCalibrations } from "./plane-order.ts";
import { checkRegion } from "./region.ts";
import { maxExpansion } from "./tiff-compression.ts";
import { readNumber, readTiffStructure, type TiffStructure } from "./tiff-directory.ts";
import { type PageHeader, pixelTypeOf, rowBytes, storedTypeOf } from "./tiff-page.ts";
import { type ChunksOf, contiguousChunks, pageChunks } from "./tiff-pages.ts";
import { levelWarnings, type OpenOptions, readTiffPlanes, type TiffPlanes } from "./tiff-planes.ts";
import { ChunkCache, readRegion } from "./tiff-region.ts";
import { tag } from "./tiff-tags.ts";

/** Photometric interpretations of colour: RGB, separated inks, YCbCr, CIELab and its variants. */
const colours = [2, 5, 6, 8, 9, 10];

/**
 * Opens a TIFF. Throws `file.corrupt`, `file.unsupported`, `usage` (no such image); pixels are read later, on demand.
 */
export async function openTiff(source: ByteSource, options: OpenOptions = {}): Promise<ImageFile> {
  const file = await readTiffStructure(source);
  const found = await readTiffPlanes(file, options);
  const apart = await samplesApart(file, found);
  const header: PageHeader = { ...found.header, samples: found.header.samples / apart };
  const { order, sizes, calibration } = found.planes;
  const all = { C: sizes.C * apart, Z: sizes.Z, T: sizes.T };
  const levels = await levelWarnings(file, found.pages[0], header);
  const info: ImageInfo = {
    ...axesOf({ sizes: all, order }, header),
    dtype: pixelTypeOf(header),
    ...joinCalibrations(calibration, levels.length > 0 ? { warnings: levels } : {}),
    ...storedTypeOf(header),
  };
  const chunksOf = await ownChunks(file, found, header, apart, all.C * all.Z * all.T);
  const companions = await openCompanions(found.files ?? [""], options.sibling, readTiffStructure, file.path);
  const cache = new ChunkCache();
  const seen = header.bits > 24 && info.storedType ? { min: Infinity, max: -Infinity } : undefined;
  const placeOf = ({ c, z, t }: PlanePosition) => {
    const position = { c: Math.floor(c / apart), z, t };
    const place = found.placeOf?.(position) ?? { file: 0, page: found.planes.pageOf(position) };
    return { ...place, sample: c % apart };
  };
  return {
    ...info,
    path: source.name,
    ...(seen && { seen }),
    async readPlane(index, region, room) {
      refuseColour(info, source.name);
      const { file: number, page, sample } = placeOf(resolvePlane(info, index, source.name));
      const area = checkRegion(info, region, source.name);
      const read = async (from: TiffStructure, pixels: ByteSource, chunks: ChunksOf) => {
        const { littleEndian } = from;
        const key = (number * 2 ** 24 + page) * apart + sample;
        const whole = { source: pixels, littleEndian, header, chunks: await chunks(page, sample), cache, key };
        const values = await readRegion(whole, area, room);
        if (seen) widen(seen, values);
        return values;
      };
      if (number === 0) return read(file, source, chunksOf);
      return companions.use(number, (other) =>
        read(other, other.source, pageChunks(other, header, other.directories, apart)),
      );
    },
    async close() {
      await companions.close();
      await source.close?.();
    },
  };
}

function widen(seen: { min: number; max: number }, values: Float32Array): void {
  for (const value of values) {
    if (value < seen.min) seen.min = value;
    if (value > seen.max) seen.max = value;
  }
}

/** The number of samples of a pixel that are channels and stored separately; 1 for grey and for colour. */
async function samplesApart(file: TiffStructure, { header, pages, samplesAreChannels }: TiffPlanes): Promise<number> {
  if (header.samples === 1 || (await readNumber(file, pages[0], tag.planarConfiguration, 1)) !== 2) return 1;
  const photometric = await readNumber(file, pages[0], tag.photometric, 1);
  return samplesAreChannels || !colours.includes(photometric) ? header.samples : 1;
}

/** Checks the first and the last page now, the others when they are read. */
async function ownChunks(
  file: TiffStructure,
  { pages, contiguous, placeOf, planes }: TiffPlanes,
  header: PageHeader,
  apart: number,
  count: number,
): Promise<ChunksOf> {
  if (contiguous !== undefined) return contiguousChunks(file, header, pages[0], count, contiguous);
  const chunksOf = pageChunks(file, header, pages, apart);
  const { C, Z, T } = planes.sizes;
  const last = { c: C - 1, z: Z - 1, t: T - 1 };
  for (const position of [{ c: 0, z: 0, t: 0 }, last]) {
    const { file: number, page } = placeOf?.(position) ?? { file: 0, page: planes.pageOf(position) };
    if (number === 0) await chunksOf(page, 0);
  }
  const pagesHere = Math.min(count, pages.length);
  const bytes = rowBytes(header, header.width) * header.height;
  // Pages may share their strips: thousands of planes, each as large as the whole file.
  if (pagesHere * bytes > file.source.size * maxExpansion(header.compression, file.path)) {
    throw corrupt(file.path, `its ${file.source.size} bytes cannot hold ${pagesHere} planes of ${bytes} bytes`);
  }
  return chunksOf;
}
