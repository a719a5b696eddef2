/** A folder with one file for each plane, read as a z-stack in natural order of the names. */
import { ParfocalError } from "../errors.ts";
import { refuseColour, resolvePlane } from "./axes.ts";
import { unsupported } from "./file-errors.ts";
import type { ImageInfo } from "./image.ts";
import type { ImageFile } from "./image-file.ts";
import { compareNatural } from "./natural-order.ts";
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
 * @param path what the user calls the folder
 * @param openers its planes in any order
 * @throws file.missing (no planes), image.unfit (planes that differ, or files with several planes)
 */
export async function openPlanes(path: string, openers: readonly PlaneOpener[]): Promise<ImageFile> {
  const planes = [...openers].sort((a, b) => compareNatural(a.name, b.name));
  if (planes.length === 0) {
    throw new ParfocalError("file.missing", `${path} holds no planes; put one TIFF or PNG file for each plane there.`, {
      path,
    });
  }
  let first: ImageInfo | undefined;
  for (const plane of planes) {
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
    const placed = ({ shape: [height, width], pixelSize }: ImageInfo) => ({ depth: 1, height, width, pixelSize });
    if (file.dtype !== first.dtype || file.shape.some((extent, i) => extent !== first?.shape[i])) {
      throw new ParfocalError(
        "image.unfit",
        `${path}: all planes must be alike, but ${plane.name} has ${file.shape[1]} x ${file.shape[0]} pixels (${file.dtype}) and ${planes[0].name} has ${first.shape[1]} x ${first.shape[0]} (${first.dtype}); take the odd files out.`,
        { path, detail: `${plane.name} differs` },
      );
    }
    requirePairable([planes[0].name, placed(first)], [plane.name, placed(file)]);
  }
  return stackOf(path, planes, first as ImageInfo);
}

function stackOf(path: string, planes: readonly PlaneOpener[], first: ImageInfo): ImageFile {
  const info: ImageInfo = {
    axes: planes.length > 1 ? "ZYX" : "YX",
    shape: [...(planes.length > 1 ? [planes.length] : []), ...first.shape],
    dtype: first.dtype,
    ...(first.pixelSize && { pixelSize: first.pixelSize }),
    ...(first.optics && { optics: first.optics }),
    ...(first.implausible && { implausible: first.implausible }),
  };
  // The last plane stays open: neighbouring regions of it are asked for one after the other. Reads wait for each other,
  // so that no plane is closed while it is read.
  let last: { z: number; file: ImageFile } | undefined;
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
    ...info,
    path,
    readPlane: (index, region) =>
      inTurn(async () => {
        const { z } = resolvePlane(info, index, path);
        if (last?.z !== z) {
          await letGo();
          last = { z, file: await planes[z].open() };
        }
        return last.file.readPlane({}, region);
      }),
    close: () => inTurn(letGo),
  };
}
