/**
 * Zeiss LSM: a TIFF in which every second page is a thumbnail, channels are stored as separate samples, and a structure
 * of its own describes the axes (CZ_LSMInfo; sources: the LSM 510 file format description and tifffile).
 */
import { corrupt, unsupported } from "./file-errors.ts";
import { type PlaneOrder, sequentialPages } from "./plane-order.ts";
import { readRaw, type TiffDirectory, type TiffStructure } from "./tiff-directory.ts";
import { tag } from "./tiff-tags.ts";
import { positive } from "./units.ts";

const advice = "open it in Fiji and save it as TIFF, or convert it with bfconvert (bfconvert INPUT OUTPUT.ome.tif)";

/** First number of the structure, of versions 1.3 and 1.5 to 6. */
const marks = [0x0300494c, 0x0400494c];

/**
 * Scans whose planes are x-y: a stack, a time series of planes, a time series of stacks. Number 1, for example, is an
 * x-z scan.
 */
const planeScans = [0, 3, 6];

/**
 * Describes the pages without thumbnails. Channels are samples of a page and are not counted here.
 * @throws file.unsupported for scans that are not x-y planes, for several positions or tiles, and above 4 GB
 */
export async function readLsm(file: TiffStructure, pages: readonly TiffDirectory[]): Promise<PlaneOrder> {
  const { path } = file;
  const bytes = await readRaw(file, pages[0], tag.zeissLsm);
  if (!bytes || bytes.length < 120) throw corrupt(path, "its LSM structure is too short");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const whole = (at: number) => (at + 4 <= bytes.length ? view.getInt32(at, true) : 0);
  const number = (at: number) => view.getFloat64(at, true);
  if (!marks.includes(view.getUint32(0, true))) throw corrupt(path, "its LSM structure has an unknown first number");
  const scan = view.getUint16(88, true);
  if (!planeScans.includes(scan)) {
    throw unsupported(
      path,
      `this Zeiss LSM file is a scan of type ${scan} (a line, x-z or point scan), which is not read`,
      advice,
    );
  }
  const [positions, tiles] = [whole(264), whole(268)];
  if (positions > 1 || tiles > 1) {
    throw unsupported(
      path,
      `this Zeiss LSM file has ${Math.max(positions, tiles)} positions or tiles, which are not read`,
      advice,
    );
  }
  // Offsets of strips are 32-bit numbers that start again from 0 at 4 GB.
  if (file.source.size >= 2 ** 32) throw unsupported(path, "Zeiss LSM files above 4 GB are not read", advice);
  const sizes = { C: 1, Z: whole(16), T: whole(24) };
  if (!(sizes.Z >= 1 && sizes.T >= 1 && sizes.Z * sizes.T <= pages.length)) {
    throw corrupt(
      path,
      `its LSM structure states ${sizes.Z} planes at ${sizes.T} times, but the file has ${pages.length}`,
    );
  }
  const [x, y, z, interval] = [40, 48, 56, 112].map((at) => positive(number(at)));
  const micrometres = (metres: number) => Number((metres * 1e6).toPrecision(12));
  return {
    sizes,
    order: "CZT",
    pageOf: sequentialPages(sizes, "CZT"),
    calibration: {
      ...(x !== undefined && y !== undefined && { pixelSize: { y: micrometres(y), x: micrometres(x) } }),
      ...(z !== undefined && sizes.Z > 1 && { zStep: micrometres(z) }),
      ...(interval !== undefined && sizes.T > 1 && { frameInterval: interval }),
    },
  };
}
