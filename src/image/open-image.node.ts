/** Images from the file system: files, and folders of planes. */
import { readdir, stat } from "node:fs/promises";
import { basename, dirname, extname, join } from "node:path";
import { ParfocalError } from "../errors.ts";
import { fileSource, missing } from "./file-source.node.ts";
import type { Image } from "./image.ts";
import { type ImageFile, readAll } from "./image-file.ts";
import { openImageSource } from "./open-image.ts";
import { isPlaneName, openPlanes } from "./plane-folder.ts";

/**
 * Opens a TIFF (plain, BigTIFF, ImageJ, OME), a PNG, or a folder with one such file for each plane.
 * @param options.image which image of a file that holds several, from 0
 * Throws `file.missing`, `file.corrupt`, `file.unsupported`, `image.unfit`, `usage` (an image that is not there).
 */
export async function openImage(path: string, options: { image?: number | undefined } = {}): Promise<ImageFile> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    throw missing(path, error);
  });
  if (!found.isDirectory()) {
    // Files of one data set lie beside each other.
    const sibling = (name: string) => fileSource(join(dirname(path), name)).catch(() => undefined);
    return openImageSource(await fileSource(path), { image: options.image, sibling });
  }
  const names = (await readdir(path)).filter((name) => !name.startsWith("."));
  const planes = names.filter(isPlaneName);
  if (planes.length === 0) {
    const kinds = [...new Set(names.map((name) => extname(name)).filter((kind) => kind !== ""))].join(", ");
    throw new ParfocalError(
      "file.missing",
      `${basename(path)} is a folder without TIFF or PNG planes${kinds ? ` (it has ${kinds})` : ""}; save its planes as TIFF or PNG, or give another path.`,
      { path },
    );
  }
  return openPlanes(
    path,
    planes.map((name) => ({ name, open: async () => openImageSource(await fileSource(join(path, name))) })),
  );
}

/** The whole of an image in memory. Throws as {@link openImage}, and `image.unfit` for colour. */
export async function readImage(path: string, options: { image?: number | undefined } = {}): Promise<Image> {
  const file = await openImage(path, options);
  try {
    return await readAll(file);
  } finally {
    await file.close();
  }
}
