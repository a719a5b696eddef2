/** Images from the file system: files, and folders of planes. */
import { readdir, stat } from "node:fs/promises";
import { basename, dirname, extname, join } from "node:path";
import { ParfocalError } from "../errors.ts";
import { fileSource, missing } from "./file-source.node.ts";
import type { FolderOptions } from "./folder-order.ts";
import type { Image } from "./image.ts";
import { type ImageFile, readAll } from "./image-file.ts";
import { openImageSource } from "./open-image.ts";
import { isPlaneName, openPlanes } from "./plane-folder.ts";
import { parseAxes, renameAxes } from "./rename-axes.ts";

/** Options that state the axes of an image. */
export interface OpenImageOptions extends FolderOptions {
  /**
   * File names of a folder with {z}, {c}, {t} and {*} in place of what varies: "img_z{z}_c{c}.tif". Only files that
   * match are read.
   */
  pattern?: string | undefined;
  /** The axes of a file, or of the numbers in the names of a folder, in their order: "ZYX" if frames are planes. */
  axes?: string | undefined;
  /** Which image of a file that holds several, from 0. */
  image?: number | undefined;
}

/**
 * Opens a TIFF (plain, BigTIFF, ImageJ, OME), a PNG, or a folder with one such file for each plane.
 * Throws `file.missing`, `file.corrupt`, `file.unsupported`, `image.unfit`, `usage`.
 */
export async function openImage(path: string, options: OpenImageOptions = {}): Promise<ImageFile> {
  const { pattern, image } = options;
  const axes = options.axes === undefined ? undefined : parseAxes(options.axes);
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    throw missing(path, error);
  });
  if (found.isDirectory()) {
    const folder = await openFolder(path, { pattern, axes });
    // Without a pattern, `axes` was used for the numbers in the names already.
    return pattern === undefined || axes === undefined ? folder : renameAxes(folder, axes);
  }
  if (pattern !== undefined) {
    throw new ParfocalError(
      "usage",
      `${path} is a file, and \`pattern ${pattern}\` chooses the files of a folder; give the folder, or leave the pattern out.`,
      { option: "pattern", got: pattern, expected: "a folder" },
    );
  }
  // Files of one data set are in the same folder.
  const sibling = (name: string) => fileSource(join(dirname(path), name)).catch(() => undefined);
  const file = await openImageSource(await fileSource(path), { image, sibling });
  if (axes === undefined) return file;
  try {
    return renameAxes(file, axes);
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function openFolder(path: string, options: FolderOptions): Promise<ImageFile> {
  const entries = (await readdir(path, { withFileTypes: true })).filter(({ name }) => !name.startsWith("."));
  const planes = entries.filter((entry) => !entry.isDirectory() && isPlaneName(entry.name)).map(({ name }) => name);
  if (planes.length === 0) {
    const files = entries.filter((entry) => !entry.isDirectory());
    const kinds = [...new Set(files.map(({ name }) => extname(name)).filter((kind) => kind !== ""))].join(", ");
    const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
    const holds = [kinds, folders.length > 0 ? `the folders ${namesOf(folders)}` : ""].filter((text) => text !== "");
    throw new ParfocalError(
      "file.missing",
      `${basename(path)} is a folder without TIFF or PNG planes${holds.length > 0 ? ` (it has ${holds.join(" and ")})` : ""}; save its planes as TIFF or PNG, or give another path.`,
      { path },
    );
  }
  return openPlanes(
    path,
    planes.map((name) => ({ name, open: async () => openImageSource(await fileSource(join(path, name))) })),
    options,
  );
}

function namesOf(folders: readonly string[]): string {
  return `${folders.slice(0, 4).join(", ")}${folders.length > 4 ? ", ..." : ""}`;
}

/** The whole of an image in memory. Throws as {@link openImage}, and `image.unfit` for colour. */
export async function readImage(path: string, options: OpenImageOptions = {}): Promise<Image> {
  const file = await openImage(path, options);
  try {
    return await readAll(file);
  } finally {
    await file.close();
  }
}
