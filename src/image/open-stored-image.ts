/** Images of a storage: files, and folders of planes. */
import { ParfocalError } from "../errors.ts";
import type { FolderOptions } from "./folder-order.ts";
import type { Image } from "./image.ts";
import { type ImageFile, readAll } from "./image-file.ts";
import { openImageSource } from "./open-image.ts";
import { isPlaneName, openPlanes } from "./plane-folder.ts";
import { parseAxes, renameAxes } from "./rename-axes.ts";
import type { Storage } from "./storage.ts";

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
export async function openImage(storage: Storage, path: string, options: OpenImageOptions = {}): Promise<ImageFile> {
  const { pattern, image } = options;
  const axes = options.axes === undefined ? undefined : parseAxes(options.axes);
  if ((await storage.kindOf(path)) === "folder") {
    const folder = await openFolder(storage, path, { pattern, axes });
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
  const source = await storage.open(path);
  // Files of one data set are in the same folder.
  const sibling = (name: string) => storage.open(storage.join(storage.dirname(path), name)).catch(() => undefined);
  const file = await openImageSource(source, { image, sibling });
  if (axes === undefined) return file;
  try {
    return renameAxes(file, axes);
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function openFolder(storage: Storage, path: string, options: FolderOptions): Promise<ImageFile> {
  const entries = (await storage.list(path)).filter(({ name }) => !name.startsWith("."));
  const planes = entries.filter((entry) => entry.kind === "file" && isPlaneName(entry.name)).map(({ name }) => name);
  if (planes.length === 0) {
    const files = entries.filter((entry) => entry.kind === "file");
    const kinds = [...new Set(files.map(({ name }) => endingOf(name)).filter((kind) => kind !== ""))].join(", ");
    const folders = entries.filter((entry) => entry.kind === "folder").map(({ name }) => name);
    const holds = [kinds, folders.length > 0 ? `the folders ${namesOf(folders)}` : ""].filter((text) => text !== "");
    throw new ParfocalError(
      "file.missing",
      `${storage.basename(path)} is a folder without TIFF or PNG planes${holds.length > 0 ? ` (it has ${holds.join(" and ")})` : ""}; save its planes as TIFF or PNG, or give another path.`,
      { path },
    );
  }
  return openPlanes(
    path,
    planes.map((name) => ({ name, open: async () => openImageSource(await storage.open(storage.join(path, name))) })),
    options,
  );
}

const endingOf = (name: string): string => /.(\.[^.]*)$/.exec(name)?.[1] ?? "";

function namesOf(folders: readonly string[]): string {
  return `${folders.slice(0, 4).join(", ")}${folders.length > 4 ? ", ..." : ""}`;
}

/** The whole of an image in memory. Throws as {@link openImage}, and `image.unfit` for colour. */
export async function readImage(storage: Storage, path: string, options: OpenImageOptions = {}): Promise<Image> {
  const file = await openImage(storage, path, options);
  try {
    return await readAll(file);
  } finally {
    await file.close();
  }
}
