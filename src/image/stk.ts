/**
 * MetaMorph STK: a TIFF with one directory and all planes one after the other. UIC2Tag has as many values as there are
 * planes, UIC1Tag the calibration (MetaMorph stack file format; source: tifffile).
 */
import { unsupported } from "./file-errors.ts";
import { type Calibration, joinCalibrations, type PlaneOrder, sequentialPages } from "./plane-order.ts";
import { fromPlanePositions } from "./plane-positions.ts";
import { findEntry, type TiffDirectory, type TiffStructure } from "./tiff-directory.ts";
import { fieldType, tag } from "./tiff-tags.ts";
import { micrometresPer, positive } from "./units.ts";

/** Keys of UIC1Tag. */
const key = { calibrated: 3, x: 4, y: 5, units: 6 };

/**
 * Planes with a distance in z form a z-stack, planes whose times differ a time series, and others a z-stack. Throws
 * `file.unsupported`, `file.corrupt`.
 */
export async function readStk(file: TiffStructure, directory: TiffDirectory): Promise<PlaneOrder> {
  const entry = findEntry(file, directory, tag.metaMorphStack);
  const planes = entry?.count ?? 0;
  if (!entry || planes < 1 || planes > 2 ** 20 || !file.littleEndian) {
    throw unsupported(
      file.path,
      "this MetaMorph STK file has an unknown layout",
      "open it in Fiji and save it as TIFF, or convert it with bfconvert (bfconvert INPUT OUTPUT.ome.tif)",
    );
  }
  const view = viewOf(await file.source.read(entry.offset, 24 * planes));
  const each = (read: (at: number) => number) => Array.from({ length: planes }, (_, i) => read(24 * i));
  const distances = each((at) => view.getUint32(at, true) / view.getUint32(at + 4, true));
  const times = each((at) => view.getUint32(at + 8, true) * 86_400_000 + view.getUint32(at + 12, true));
  const isStack = planes === 1 || distances.some((one) => one !== 0) || times.every((time) => time === times[0]);
  const sizes = { C: 1, Z: isStack ? planes : 1, T: isStack ? 1 : planes };
  const interval = (times[planes - 1] - times[0]) / 1000 / (planes - 1);
  const calibration = joinCalibrations(
    await pixelSizeOf(file, directory),
    isStack ? stepOf(distances) : interval > 0 ? { frameInterval: interval } : {},
    await severalWavelengths(file, directory, planes),
  );
  return { sizes, order: "CZT", pageOf: sequentialPages(sizes, "CZT"), calibration };
}

/** Equal distances in all planes are the z step. Distances that grow are heights. */
function stepOf(distances: readonly number[]): Calibration {
  const [, second] = distances;
  if (distances.length < 2 || !distances.every(Number.isFinite)) return {};
  if (second !== 0 && distances.slice(1).every((one) => one === second)) return { zStep: Math.abs(second) };
  return fromPlanePositions(distances, undefined);
}

async function pixelSizeOf(file: TiffStructure, directory: TiffDirectory): Promise<Calibration> {
  const entry = findEntry(file, directory, tag.metaMorphTags);
  if (entry?.type !== fieldType.long || entry.count > 4096) return {};
  const view = viewOf(await file.source.read(entry.offset, 8 * entry.count));
  const values = new Map<number, number>();
  for (let i = 0; i < entry.count; i++) values.set(view.getUint32(8 * i, true), view.getUint32(8 * i + 4, true));
  const ratio = async (id: number) => {
    const at = values.get(id);
    if (at === undefined) return undefined;
    const two = viewOf(await file.source.read(at, 8));
    return positive(two.getUint32(0, true) / two.getUint32(4, true));
  };
  const unitAt = values.get(key.units);
  if (values.get(key.calibrated) === 0 || unitAt === undefined) return {};
  const length = viewOf(await file.source.read(unitAt, 4)).getUint32(0, true);
  if (length > 1024) return {};
  const unit = micrometresPer(
    new TextDecoder("latin1").decode(await file.source.read(unitAt + 4, length)).replace(/\0.*$/s, ""),
  );
  const [x, y] = [await ratio(key.x), await ratio(key.y)];
  if (unit === undefined || x === undefined || y === undefined) return {};
  const scaled = (value: number) => Number((value * unit).toPrecision(12));
  return { pixelSize: { y: scaled(y), x: scaled(x) } };
}

/** Planes of several wavelengths in one list are not separated. */
async function severalWavelengths(file: TiffStructure, directory: TiffDirectory, planes: number): Promise<Calibration> {
  const entry = findEntry(file, directory, tag.metaMorphWavelengths);
  if (!entry || entry.count !== planes) return {};
  const view = viewOf(await file.source.read(entry.offset, 8 * planes));
  const found = new Set(
    Array.from({ length: planes }, (_, i) => view.getUint32(8 * i, true) / view.getUint32(8 * i + 4, true)),
  );
  if (found.size < 2) return {};
  return {
    warnings: [
      `The planes of this MetaMorph STK file have ${found.size} wavelengths, which are not separated: they are read as one list of planes. Split the channels in MetaMorph or Fiji first.`,
    ],
  };
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
