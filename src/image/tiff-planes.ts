/**
 * Finds the planes of a TIFF from the metadata of the program that wrote it: OME, ImageJ, tifffile, Zeiss LSM,
 * MetaMorph, Micro-Manager, or an unknown one.
 */
import { fromBoundingBox } from "./bounding-box.ts";
import type { OpenSibling } from "./companion-files.ts";
import { corrupt, unsupported } from "./file-errors.ts";
import { looksLikeImageJ, parseImageJ, type Resolution, sizeFrom } from "./imagej-description.ts";
import { readLsm } from "./lsm.ts";
import { looksLikeMetaSeries, readMetaSeries } from "./meta-series.ts";
import { readMicroManager } from "./micro-manager.ts";
import { lastName } from "./ome-plane-map.ts";
import { looksLikeOme, metadataFileOf, noSuchImage, parseOme, several } from "./ome-read.ts";
import { type Calibration, joinCalibrations, type PlaneOrder, sequentialPages } from "./plane-order.ts";
import { readShaped, type ShapedPlanes } from "./shaped-description.ts";
import { readStk } from "./stk.ts";
import {
  hasTag,
  readFraction,
  readNumber,
  readNumbers,
  readText,
  readTiffStructure,
  type TiffDirectory,
  type TiffStructure,
} from "./tiff-directory.ts";
import { type PageHeader, readPageHeader } from "./tiff-page.ts";
import { tag } from "./tiff-tags.ts";
import { micrometresPer } from "./units.ts";
import { parseXml } from "./xml.ts";

export interface OpenOptions {
  /** Which image of a file that holds several, from 0; by default the first. */
  image?: number | undefined;
  /** Opens other files of the folder: OME-TIFF data sets may have several files. */
  sibling?: OpenSibling | undefined;
}

export interface TiffPlanes {
  planes: PlaneOrder;
  /** Directories by page number. */
  pages: TiffDirectory[];
  /** The header of the first directory. */
  header: PageHeader;
  /** If one directory is followed by all planes: the source of their number. */
  contiguous?: string;
  /** Whether samples of a pixel are channels, regardless of the photometric interpretation. */
  samplesAreChannels?: boolean;
  /** The other files of a data set in several files. */
  files?: readonly string[];
  placeOf?: (position: { c: number; z: number; t: number }) => { file: number; page: number };
}

/** Limit for the descriptions of all pages together: each page of a damaged file may point to the same megabytes. */
const maxCharacters = 2 ** 25;

/** Throws `file.corrupt`, `file.unsupported`, `usage` (an image that does not exist). */
export async function readTiffPlanes(file: TiffStructure, options: OpenOptions): Promise<TiffPlanes> {
  const [first] = file.directories;
  refuseSlides(file);
  const description = await readText(file, first, tag.imageDescription);
  if (looksLikeOme(description)) return omePlanes(file, description, options);
  const found = await oneImage(file, first, description, options);
  if (options.image !== undefined && !found.planes.calibration.images && options.image !== 0) {
    throw noSuchImage(file.path, options.image, 1);
  }
  return found;
}

function refuseSlides(file: TiffStructure): void {
  const { path, directories } = file;
  if (!hasTag(file, directories[0], tag.hamamatsu)) return;
  throw unsupported(
    path,
    "this is a Hamamatsu NDPI slide, a pyramid of colour images, which is not read",
    "export the field that you need as TIFF, for example with QuPath or NDP.view, and split its channels",
  );
}

async function oneImage(
  file: TiffStructure,
  first: TiffDirectory,
  description: string,
  options: OpenOptions,
): Promise<TiffPlanes> {
  const { path } = file;
  const header = await readPageHeader(file, first);
  const resolution: Resolution = {
    x: await readNumber(file, first, tag.xResolution, undefined),
    y: await readNumber(file, first, tag.yResolution, undefined),
    unit: await readNumber(file, first, tag.resolutionUnit, 2),
    fractions: {
      x: await readFraction(file, first, tag.xResolution),
      y: await readFraction(file, first, tag.yResolution),
    },
  };
  if (hasTag(file, first, tag.metaMorphStack)) {
    const planes = await readStk(file, first);
    const says = planes.sizes.Z * planes.sizes.T > 1 ? { contiguous: "its MetaMorph UIC2 tag" } : {};
    return { planes, pages: [first], header, ...says };
  }
  if (looksLikeImageJ(description)) return imageJPlanes(file, header, description, resolution);
  const pages = await fullPages(file);
  if (hasTag(file, first, tag.zeissLsm)) {
    if (header.compression !== 1) {
      throw unsupported(
        path,
        "this compressed Zeiss LSM file states wrong lengths of its strips",
        "open it in Fiji and save it as TIFF",
      );
    }
    return { planes: await readLsm(file, pages), pages, header, samplesAreChannels: true };
  }
  const shaped = await shapedImages(file, pages, header, options.image);
  if (shaped) {
    const calibration = joinCalibrations(printSize(resolution), shaped.calibration);
    const one = pages.length === 1 && shaped.planes.pages > 1;
    return {
      planes: { ...shaped.planes, calibration },
      pages: shaped.pages,
      header: shaped.header,
      ...(one && { contiguous: "its description" }),
    };
  }
  return { planes: await listOfPlanes(file, pages, header, description, resolution), pages, header };
}

function imageJPlanes(
  file: TiffStructure,
  header: PageHeader,
  description: string,
  resolution: Resolution,
): TiffPlanes {
  const { path, directories } = file;
  const planes = parseImageJ(description, resolution, path);
  if (directories.length !== 1 && directories.length < planes.images) {
    throw corrupt(
      path,
      `its ImageJ description states ${planes.images} planes, but the file has ${directories.length}`,
    );
  }
  const unit = micrometresPer(/^unit=(.{1,40})$/m.exec(description)?.[1]);
  const { pixelSize, zStep } = planes.calibration;
  const known = pixelSize && (zStep !== undefined || planes.sizes.Z === 1);
  const box = known ? {} : fromBoundingBox(description, { ...header, depth: planes.sizes.Z }, unit);
  const calibration = joinCalibrations(printSize(resolution), box, planes.calibration);
  const one = directories.length === 1 && planes.images > 1;
  return {
    planes: { ...planes, calibration },
    pages: directories,
    header,
    ...(one && { contiguous: "its ImageJ description" }),
  };
}

/** The pages without those that are marked as a smaller version of another: thumbnails, levels of a pyramid. */
async function fullPages(file: TiffStructure): Promise<TiffDirectory[]> {
  const pages: TiffDirectory[] = [];
  for (const directory of file.directories) {
    const kind = await readNumber(file, directory, tag.newSubfileType, 0);
    if (pages.length === 0 || kind % 2 === 0) pages.push(directory);
  }
  return pages;
}

/**
 * Pages without a description are read as a z-stack. Their calibration comes from the tags of the program that wrote
 * them.
 */
async function listOfPlanes(
  file: TiffStructure,
  pages: readonly TiffDirectory[],
  header: PageHeader,
  description: string,
  resolution: Resolution,
): Promise<PlaneOrder> {
  const sizes = { C: 1, Z: pages.length, T: 1 };
  const [first] = pages;
  const parts = [printSize(resolution), fromBoundingBox(description, { ...header, depth: sizes.Z }, undefined)];
  if (looksLikeMetaSeries(description)) {
    const texts = [description];
    for (let n = 1, read = description.length; n < pages.length && read < maxCharacters; n++) {
      const text = await readText(file, pages[n], tag.imageDescription);
      texts.push(text);
      read += text.length;
    }
    parts.push(readMetaSeries(texts));
  }
  parts.push(await readMicroManager(file, pages));
  const unread = [
    ["Olympus FluoView", hasTag(file, first, tag.fluoView)],
    [
      "ScanImage",
      /^(?:scanimage|frameNumbers = |state\.configPath)/i.test(description) ||
        /^SI\./.test(await readText(file, first, tag.software)),
    ],
    ["Olympus cellSens or Soft Imaging", hasTag(file, first, tag.olympusSis)],
  ] as const;
  const writer = unread.find(([, found]) => found)?.[0];
  if (writer !== undefined && pages.length > 1) {
    parts.push({
      warnings: [
        `This file was written by ${writer}, and its metadata on channels, times and calibration are not read: its ${pages.length} pages are read as one z-stack. Convert it with bfconvert (bfconvert INPUT OUTPUT.ome.tif) if it has several channels or times.`,
      ],
    });
  }
  return { sizes, order: "CZT", pageOf: sequentialPages(sizes, "CZT"), calibration: joinCalibrations(...parts) };
}

interface Shaped {
  planes: Omit<PlaneOrder, "calibration"> & { pages: number };
  pages: TiffDirectory[];
  header: PageHeader;
  calibration: Calibration;
}

/** Images that tifffile wrote one after the other, each described on its first page; undefined if the first is not. */
async function shapedImages(
  file: TiffStructure,
  pages: readonly TiffDirectory[],
  header: PageHeader,
  which: number | undefined,
): Promise<Shaped | undefined> {
  const found: { shaped: ShapedPlanes; start: number; count: number; header: PageHeader }[] = [];
  for (let at = 0, read = 0; at < pages.length && read < maxCharacters; ) {
    const own = at === 0 ? header : await readPageHeader(file, pages[at]);
    const text = await readText(file, pages[at], tag.imageDescription);
    read += text.length;
    const shaped = readShaped(text, own);
    const count = shaped ? shaped.sizes.C * shaped.sizes.Z * shaped.sizes.T : 0;
    const fits = count > 0 && (at + count <= pages.length || pages.length === 1);
    if (!shaped || !fits) break;
    found.push({ shaped, start: at, count, header: own });
    at += count;
  }
  if (found.length === 0) return undefined;
  const end = found[found.length - 1].start + found[found.length - 1].count;
  // The following page has no description, so all pages are read as one list.
  if (end < pages.length) return undefined;
  if (which !== undefined && !(which >= 0 && which < found.length)) throw noSuchImage(file.path, which, found.length);
  const index = which ?? 0;
  const { shaped, start, count, header: own } = found[index];
  const names = found.map(({ header: { width, height }, count: n }) => `${n} x ${height} x ${width}`);
  const calibration = joinCalibrations(
    shaped.warnings.length > 0 ? { warnings: shaped.warnings } : {},
    found.length > 1 ? { images: names, image: index, ...several(names, index, which) } : {},
  );
  const { sizes, order, pageOf } = shaped;
  return {
    planes: { sizes, order, pageOf, pages: count },
    pages: pages.slice(start, start + count),
    header: own,
    calibration,
  };
}

async function omePlanes(file: TiffStructure, text: string, { image, sibling }: OpenOptions): Promise<TiffPlanes> {
  const { path, directories } = file;
  const description = await withMetadataFile(text, sibling, path);
  const [first] = directories;
  const apart = (await readNumber(file, first, tag.planarConfiguration, 1)) === 2;
  const samples = (await readPageHeader(file, first)).samples;
  const planes = parseOme(description, directories.length, samples, path, image);
  const place = planes.placeOf({ c: 0, z: 0, t: 0 });
  const header = await readPageHeader(file, directories[place.file === 0 ? place.page : 0]);
  if (planes.width !== header.width || planes.height !== header.height) {
    throw corrupt(
      path,
      `its OME-XML states ${planes.width} x ${planes.height} pixels, but its pages have ${header.width} x ${header.height}`,
    );
  }
  const stack = Array.from({ length: planes.sizes.Z }, (_, z) => planes.placeOf({ c: 0, z, t: 0 }));
  const own = stack.filter(({ file: number }) => number === 0).map(({ page }) => directories[page]);
  const manager = own.length === planes.sizes.Z ? await readMicroManager(file, own) : {};
  const { pixelSize, zStep } = planes.calibration;
  // Micro-Manager writes OME-XML for other programs. Its own metadata supply what is missing there.
  const missing: Calibration = {
    ...(!pixelSize && manager.pixelSize && { pixelSize: manager.pixelSize }),
    ...(zStep === undefined && manager.zStep !== undefined && { zStep: manager.zStep }),
  };
  return {
    planes: { ...planes, calibration: joinCalibrations(planes.calibration, missing) },
    pages: directories,
    header,
    samplesAreChannels: apart && samples > 1,
    files: planes.files,
    placeOf: planes.placeOf,
  };
}

/** The OME-XML of the companion file with the metadata of a set, if the file's own OME-XML only refers to it. */
async function withMetadataFile(text: string, sibling: OpenSibling | undefined, path: string): Promise<string> {
  if (!text.includes("BinaryOnly") || !sibling) return text;
  let name: string | undefined;
  try {
    name = metadataFileOf(parseXml(text));
  } catch {
    return text;
  }
  const source = name === undefined ? undefined : await sibling(lastName(name));
  if (!source) return text;
  try {
    const start = await source.read(0, Math.min(4, source.size));
    const isTiff = start[0] === start[1] && (start[0] === 0x49 || start[0] === 0x4d);
    if (!isTiff && source.size > 2 ** 27) throw corrupt(path, `its metadata file ${name} is too large`);
    const structure = isTiff ? await readTiffStructure(source) : undefined;
    return structure
      ? await readText(structure, structure.directories[0], tag.imageDescription)
      : new TextDecoder().decode(await source.read(0, source.size));
  } finally {
    await source.close?.();
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

/** Warnings about grey levels that are not counts of light: a palette, or white at zero. */
export async function levelWarnings(file: TiffStructure, page: TiffDirectory, header: PageHeader): Promise<string[]> {
  const photometric = await readNumber(file, page, tag.photometric, 1);
  if (photometric === 0 && header.samples === 1) {
    return [
      "In this file 0 is white (photometric interpretation 0). Counts are read as they are stored, as in ImageJ, so bright pixels have low counts; invert it first (ImageJ: Edit > Invert) if that matters.",
    ];
  }
  if (photometric !== 3) return [];
  const colours = await readNumbers(file, page, tag.colorMap, 3 * 65536).catch(() => undefined);
  const size = colours ? Math.floor(colours.length / 3) : 0;
  const isGrey = Array.from({ length: size }, (_, i) => i).every(
    (i) =>
      colours?.[i] === colours?.[size + i] &&
      colours?.[i] === colours?.[2 * size + i] &&
      (i === 0 || (colours?.[i] ?? 0) >= (colours?.[i - 1] ?? 0)),
  );
  if (size > 0 && isGrey) return [];
  return [
    "The file has a colour palette, which is ignored: its numbers are read as intensities, as ImageJ does with a lookup table. If the palette is not a scale of intensities, save the file as grey first.",
  ];
}
