/** TIFF files of all dialects (plain, BigTIFF, ImageJ, OME) as images. */
import type { ByteSource } from "../array/bytes.ts";
import { refuseColour, resolvePlane } from "./axes.ts";
import { corrupt, unsupported } from "./file-errors.ts";
import type { ImageInfo } from "./image.ts";
import type { ImageFile } from "./image-file.ts";
import { looksLikeImageJ, parseImageJ, type Resolution, sizeFrom } from "./imagej-description.ts";
import { looksLikeOme, parseOme } from "./ome-read.ts";
import { axesOf, type Calibration, type PlaneOrder, sequentialPages } from "./plane-order.ts";
import { checkRegion } from "./region.ts";
import { maxExpansion } from "./tiff-compression.ts";
import {
  hasTag,
  readFraction,
  readNumber,
  readText,
  readTiffStructure,
  type TiffDirectory,
  type TiffStructure,
} from "./tiff-directory.ts";
import {
  type PageChunks,
  type PageHeader,
  pixelTypeOf,
  readPageChunks,
  readPageHeader,
  rowBytes,
  storedTypeOf,
} from "./tiff-page.ts";
import { ChunkCache, readRegion } from "./tiff-region.ts";
import { tag } from "./tiff-tags.ts";

/** Opens a TIFF. Throws `file.corrupt` or `file.unsupported`; pixels are read later, on demand. */
export async function openTiff(source: ByteSource): Promise<ImageFile> {
  const file = await readTiffStructure(source);
  await refuseVendorLayouts(file);
  const first = file.directories[0];
  const header = await readPageHeader(file, first);
  const description = await readText(file, first, tag.imageDescription);
  const { planes, pages } = await interpret(file, header, description);
  const count = planes.sizes.C * planes.sizes.Z * planes.sizes.T;
  const chunksOf = await pageReader(file, header, pages, count);
  const info: ImageInfo = {
    ...axesOf(planes, header),
    dtype: pixelTypeOf(header),
    ...planes.calibration,
    ...storedTypeOf(header),
  };
  const cache = new ChunkCache();
  const seen = header.bits > 24 && info.storedType ? { min: Infinity, max: -Infinity } : undefined;
  return {
    ...info,
    path: source.name,
    ...(seen && { seen }),
    async readPlane(index, region, room) {
      refuseColour(info, source.name);
      const page = planes.pageOf(resolvePlane(info, index, source.name));
      const area = checkRegion(info, region, source.name);
      const chunks = await chunksOf(page);
      const whole = { source, littleEndian: file.littleEndian, header, chunks, cache, key: page };
      const values = await readRegion(whole, area, room);
      if (seen) widen(seen, values);
      return values;
    },
    close: async () => source.close?.(),
  };
}

function widen(seen: { min: number; max: number }, values: Float32Array): void {
  for (const value of values) {
    if (value < seen.min) seen.min = value;
    if (value > seen.max) seen.max = value;
  }
}

async function refuseVendorLayouts(file: TiffStructure): Promise<void> {
  const [first] = file.directories;
  const vendor = hasTag(file, first, tag.zeissLsm)
    ? "a Zeiss LSM file"
    : hasTag(file, first, tag.metaMorphStack)
      ? "a MetaMorph STK file"
      : "";
  if (vendor === "") return;
  throw unsupported(
    file.path,
    `${vendor} is not read`,
    "open it in Fiji and save it as TIFF, or convert it with bfconvert",
  );
}

/** What the description makes of the pages. */
async function interpret(
  file: TiffStructure,
  header: PageHeader,
  description: string,
): Promise<{ planes: PlaneOrder; pages: TiffDirectory[] }> {
  const { path, directories } = file;
  if (looksLikeOme(description)) {
    const planes = parseOme(description, directories.length, header.samples, path);
    if (planes.width !== header.width || planes.height !== header.height) {
      throw corrupt(
        path,
        `its OME-XML says ${planes.width} x ${planes.height} pixels, its pages have ${header.width} x ${header.height}`,
      );
    }
    return { planes, pages: directories };
  }
  const resolution: Resolution = {
    x: await readNumber(file, directories[0], tag.xResolution, undefined),
    y: await readNumber(file, directories[0], tag.yResolution, undefined),
    unit: await readNumber(file, directories[0], tag.resolutionUnit, 2),
    fractions: {
      x: await readFraction(file, directories[0], tag.xResolution),
      y: await readFraction(file, directories[0], tag.yResolution),
    },
  };
  if (looksLikeImageJ(description)) {
    const planes = parseImageJ(description, resolution, path);
    if (directories.length !== 1 && directories.length < planes.images) {
      throw corrupt(
        path,
        `its ImageJ description promises ${planes.images} planes, but the file has ${directories.length}`,
      );
    }
    return {
      planes: { ...planes, calibration: { ...printSize(resolution), ...planes.calibration } },
      pages: directories,
    };
  }
  const pages: TiffDirectory[] = [];
  for (const directory of directories) {
    // Bit 0: a smaller version of another page (a thumbnail, a level of a pyramid).
    const kind = await readNumber(file, directory, tag.newSubfileType, 0);
    if (pages.length === 0 || kind % 2 === 0) pages.push(directory);
  }
  return { planes: plainPlanes(description, pages.length, printSize(resolution)), pages };
}

/**
 * Pages without a description are a z-stack, unless tifffile's own JSON ({"shape": [2, 5, 64, 64], "axes": "CZYX"})
 * says otherwise.
 */
function plainPlanes(description: string, pages: number, calibration: Calibration): PlaneOrder {
  const sizes = { C: 1, Z: 1, T: 1 };
  const plain = {
    sizes: { ...sizes, Z: pages },
    order: "CZT",
    pageOf: sequentialPages({ ...sizes, Z: pages }, "CZT"),
    calibration,
  };
  if (!description.startsWith("{")) return plain;
  try {
    const { axes, shape } = JSON.parse(description) as { axes?: unknown; shape?: unknown };
    if (typeof axes !== "string" || !Array.isArray(shape) || !/^[CZT]{0,3}YX$/.test(axes)) return plain;
    const outer = [...axes.slice(0, -2)].reverse();
    for (const [i, axis] of outer.entries()) sizes[axis as "C"] = Number(shape[outer.length - 1 - i]);
    const whole = Object.values(sizes).every((extent) => Number.isInteger(extent) && extent > 0);
    if (!whole || new Set(outer).size !== outer.length || sizes.C * sizes.Z * sizes.T !== pages) return plain;
    const order = [...new Set([...outer, "C", "Z", "T"])].join("");
    return { sizes, order, pageOf: sequentialPages(sizes, order), calibration };
  } catch {
    return plain;
  }
}

/**
 * Pixel size from a resolution in inches or centimetres. Most such values are a default for printing (72 to 1200 dots
 * per inch); only pixels below 20 um can have been measured by a microscope.
 */
function printSize(resolution: Resolution): Calibration {
  const unit = { 2: 25400, 3: 10000 }[resolution.unit];
  const pixelSize = unit === undefined ? undefined : sizeFrom(resolution, unit, unit);
  return pixelSize && pixelSize.x < 20 && pixelSize.y < 20 ? { pixelSize } : {};
}

/** Gives the strips or tiles of a page; checks the first and the last page now, the others when they are read. */
async function pageReader(
  file: TiffStructure,
  header: PageHeader,
  pages: TiffDirectory[],
  count: number,
): Promise<(page: number) => Promise<PageChunks>> {
  const first = await readPageChunks(file, pages[0], header);
  if (pages.length === 1 && count > 1) return contiguousPages(file, header, first, count);
  const chunksOf = async (page: number) => {
    if (page === 0) return first;
    const own = await readPageHeader(file, pages[page]);
    for (const key of Object.keys(header) as (keyof PageHeader)[]) {
      if (own[key] === header[key] || key === "compression" || key === "predictor") continue;
      throw unsupported(
        file.path,
        `page ${page} differs from the first in ${key} (${own[key]}, not ${header[key]})`,
        "save the pages that belong together as a file of their own",
      );
    }
    if (own.compression !== header.compression || own.predictor !== header.predictor) {
      throw unsupported(
        file.path,
        `page ${page} is compressed in another way than the first`,
        "save it again uncompressed",
      );
    }
    return readPageChunks(file, pages[page], header);
  };
  if (pages.length > 1) await chunksOf(pages.length - 1);
  const planes = Math.min(count, pages.length);
  const bytes = rowBytes(header, header.width) * header.height;
  // Pages that share their strips: thousands of planes, each as large as the whole file.
  if (planes * bytes > file.source.size * maxExpansion(header.compression, file.path)) {
    throw corrupt(file.path, `its ${file.source.size} bytes cannot hold ${planes} planes of ${bytes} bytes`);
  }
  return chunksOf;
}

/**
 * ImageJ's own layout, above 4 GB the only one: one directory, and the planes follow each other without a gap from its first strip on.
 */
function contiguousPages(
  file: TiffStructure,
  header: PageHeader,
  first: PageChunks,
  count: number,
): (page: number) => Promise<PageChunks> {
  const bytes = rowBytes(header, header.width) * header.height * header.samples;
  const start = first.offsets[0];
  const plain = header.compression === 1 && header.predictor === 1 && !first.tiled;
  if (!plain || start + bytes * count > file.source.size) {
    throw corrupt(
      file.path,
      `its ImageJ description promises ${count} planes of ${bytes} bytes, but the file has one page and ${file.source.size} bytes`,
    );
  }
  return async (page) => ({
    width: header.width,
    height: header.height,
    across: 1,
    down: 1,
    tiled: false,
    offsets: Float64Array.of(start + page * bytes),
    byteCounts: Float64Array.of(bytes),
  });
}
