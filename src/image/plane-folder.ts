/** A folder with one file for each plane, read as one image: the names say which file is which plane. */
import { ParfocalError } from "../errors.ts";
import { refuseColour, resolvePlane } from "./axes.ts";
import { unsupported } from "./file-errors.ts";
import { type FolderOptions, type FolderOrder, orderFolder } from "./folder-order.ts";
import type { ImageInfo } from "./image.ts";
import type { ImageFile } from "./image-file.ts";
import { requirePairable } from "./pairable.ts";

/** A file of the folder, opened only while it is needed. */
export interface PlaneOpener {
  name: string;
  open(): Promise<ImageFile>;
}

/** Whether a file name is that of a plane: TIFF or PNG, not hidden. */
export function isPlaneName(name: string): boolean {
  return /^[^.].*\.(tiff?|png)$/i.test(name);
}

/**
 * @param path the path of the folder as the user gave it
 * @param openers its planes in any order
 * @throws file.missing (no planes), usage (an order that would be a guess, several positions), image.unfit (planes that
 * differ, are duplicated or missing), file.unsupported (files with several planes)
 */
export async function openPlanes(
  path: string,
  openers: readonly PlaneOpener[],
  options: FolderOptions = {},
): Promise<ImageFile> {
  if (openers.length === 0) {
    throw new ParfocalError("file.missing", `${path} holds no planes; put one TIFF or PNG file for each plane there.`, {
      path,
    });
  }
  const byName = new Map(openers.map((opener) => [opener.name, opener]));
  const order = orderFolder([...byName.keys()], path, options);
  const planes = order.planes.map(({ file }) => byName.get(file) as PlaneOpener);
  let first: ImageInfo | undefined;
  const wavelengths: (number | undefined)[] = [];
  for (const [i, plane] of planes.entries()) {
    const file = await plane.open();
    await file.close();
    refuseColour(file, file.path);
    if (file.axes !== "YX") {
      throw unsupported(
        path,
        `${plane.name} holds several planes (axes ${file.axes}, ${file.shape.join(" x ")})`,
        "give that file itself, or a folder with one file for each plane",
      );
    }
    first ??= file;
    if (order.planes[i].time === 0 && order.planes[i].z === 0) wavelengths.push(file.optics?.wavelength);
    const placed = ({ shape: [height, width], pixelSize }: ImageInfo) => ({ depth: 1, height, width, pixelSize });
    if (file.dtype !== first.dtype || file.shape.some((extent, k) => extent !== first?.shape[k])) {
      throw new ParfocalError(
        "image.unfit",
        `${path}: all planes must be alike, but ${plane.name} has ${file.shape[1]} x ${file.shape[0]} pixels (${file.dtype}) and ${planes[0].name} has ${first.shape[1]} x ${first.shape[0]} (${first.dtype}); remove the files that differ.`,
        { path, detail: `${plane.name} differs` },
      );
    }
    requirePairable([planes[0].name, placed(first)], [plane.name, placed(file)]);
  }
  const info = infoOf(order, first as ImageInfo, wavelengths);
  return { ...info, path, folder: order, ...readerOf(path, planes, order, info) };
}

/** @param wavelengths um, from the first file of each channel */
function infoOf(order: FolderOrder, first: ImageInfo, wavelengths: readonly (number | undefined)[]): ImageInfo {
  const { sizes, channelNames, zStep } = order;
  const kept = (["T", "C", "Z"] as const).filter((axis) => sizes[axis] > 1);
  const { wavelength: _ofOne, ...shared } = first.optics ?? {};
  const optics = sizes.C > 1 ? shared : { ...first.optics };
  return {
    axes: `${kept.join("")}YX`,
    shape: [...kept.map((axis) => sizes[axis]), ...first.shape],
    dtype: first.dtype,
    ...(first.pixelSize && { pixelSize: first.pixelSize }),
    ...(first.storedType && { storedType: first.storedType }),
    ...(zStep !== undefined && { zStep }),
    ...(channelNames && { channelNames }),
    ...(sizes.C > 1 && wavelengths.some((one) => one !== undefined) && { emissionWavelengths: wavelengths }),
    ...(Object.keys(optics).length > 0 && { optics }),
    ...(first.implausible && { implausible: first.implausible }),
  };
}

function readerOf(
  path: string,
  planes: readonly PlaneOpener[],
  { sizes }: FolderOrder,
  info: ImageInfo,
): Pick<ImageFile, "readPlane" | "close" | "seen"> {
  const seen = { min: Infinity, max: -Infinity };
  // The last plane stays open, because neighbouring regions of it are read one after the other. Reads wait for each
  // other, so that no plane is closed while it is read.
  let last: { at: number; file: ImageFile } | undefined;
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = turn.then(work);
    turn = result.catch(() => undefined);
    return result;
  };
  const letGo = async () => {
    const file = last?.file;
    last = undefined;
    await file?.close();
  };
  return {
    seen,
    readPlane: (index, region) =>
      inTurn(async () => {
        const { t, c, z } = resolvePlane(info, index, path);
        const at = (t * sizes.C + c) * sizes.Z + z;
        if (last?.at !== at) {
          await letGo();
          last = { at, file: await planes[at].open() };
        }
        const values = await last.file.readPlane({}, region);
        if (last.file.seen) {
          seen.min = Math.min(seen.min, last.file.seen.min);
          seen.max = Math.max(seen.max, last.file.seen.max);
        }
        return values;
      }),
    close: () => inTurn(letGo),
  };
}
