/**
 * Metadata that Micro-Manager writes beside or instead of OME-XML: JSON in tag 51123 of each page, and a summary before
 * the pages (Micro-Manager file formats, 2.0). Positions of the stage are in um.
 */

import { type Calibration, joinCalibrations } from "./plane-order.ts";
import { fromPlanePositions } from "./plane-positions.ts";
import { findEntry, hasTag, readRaw, type TiffDirectory, type TiffStructure } from "./tiff-directory.ts";
import { tag } from "./tiff-tags.ts";
import { positive } from "./units.ts";

/** The number in the header before the length of the summary. */
const summaryMark = 2355492;
/** Limit for the JSON of all pages together. */
const maxBytes = 2 ** 25;

/**
 * @param pages of the planes of one channel and time, from the first plane on
 * @returns an empty object if Micro-Manager did not write the file or states nothing
 */
export async function readMicroManager(file: TiffStructure, pages: readonly TiffDirectory[]): Promise<Calibration> {
  if (!hasTag(file, pages[0], tag.microManager)) return {};
  const first = await metadataOf(file, pages[0]);
  const summary = await summaryOf(file);
  const size = [first.get("PixelSizeUm"), summary.get("PixelSize_um")].map(numberOf).find((one) => one !== undefined);
  const step = numberOf(summary.get("z-step_um"));
  const heights: number[] = [];
  const bytesIn = (page: TiffDirectory): number => findEntry(file, page, tag.microManager)?.count ?? 0;
  const fits = pages.length > 1 && pages.reduce((sum, page) => sum + bytesIn(page), 0) < maxBytes;
  for (const page of fits ? pages : []) {
    const said = (await metadataOf(file, page)).get("ZPositionUm");
    heights.push(typeof said === "number" || typeof said === "string" ? Number(said) : Number.NaN);
  }
  const stack: Calibration = step === undefined || pages.length < 2 ? {} : { zStep: step };
  return joinCalibrations(
    size === undefined ? {} : { pixelSize: { y: size, x: size } },
    stack,
    fromPlanePositions(heights, stack.zStep),
  );
}

function numberOf(value: unknown): number | undefined {
  return typeof value === "number" || typeof value === "string" ? positive(value) : undefined;
}

async function metadataOf(file: TiffStructure, page: TiffDirectory): Promise<ReadonlyMap<string, unknown>> {
  const bytes = await readRaw(file, page, tag.microManager);
  return bytes ? parse(bytes) : new Map();
}

async function summaryOf(file: TiffStructure): Promise<ReadonlyMap<string, unknown>> {
  if (file.big || file.source.size < 40) return new Map();
  const head = await file.source.read(32, 8);
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const length = view.getUint32(4, file.littleEndian);
  if (view.getUint32(0, file.littleEndian) !== summaryMark || 40 + length > file.source.size) return new Map();
  return parse(await file.source.read(40, length));
}

/** The entries of a JSON object; none if the text is something else. */
function parse(bytes: Uint8Array): ReadonlyMap<string, unknown> {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes).replace(/\0.*$/s, ""));
    return new Map(value !== null && typeof value === "object" ? Object.entries(value) : []);
  } catch {
    return new Map();
  }
}
