/** Opens an image of any kind that is read here; works in browsers, Node and workers. */
import type { ByteSource } from "../array/bytes.ts";
import { ParfocalError } from "../errors.ts";
import { corrupt } from "./file-errors.ts";
import { kindBytes, unknownFile } from "./file-kinds.ts";
import type { ImageFile } from "./image-file.ts";
import { noSuchImage } from "./ome-read.ts";
import { leaveOutImplausible } from "./plausible-calibration.ts";
import { looksLikePng, openPng } from "./png-read.ts";
import { looksLikeTiff } from "./tiff-directory.ts";
import { openTiff } from "./tiff-image.ts";
import type { OpenOptions } from "./tiff-planes.ts";

/**
 * The first bytes decide which reader is used, and its error is the one that the user sees. Calibration that no
 * microscope has is treated as unknown. Throws `file.missing` (empty), `file.corrupt`, `file.unsupported`, `usage` (an
 * image that the file does not have).
 */
export async function openImageSource(source: ByteSource, options: OpenOptions = {}): Promise<ImageFile> {
  const path = source.name;
  try {
    if (source.size === 0) {
      throw new ParfocalError("file.missing", `${path} is empty (0 bytes); fetch or export it again.`, { path });
    }
    const start = await source.read(0, Math.min(kindBytes, source.size));
    if (looksLikeTiff(start)) return leaveOutImplausible(await openTiff(source, options));
    if (looksLikePng(start)) {
      if (options.image) throw noSuchImage(path, options.image, 1);
      return leaveOutImplausible(await openPng(source));
    }
    throw unknownFile(path, start);
  } catch (error) {
    await source.close?.();
    throw error instanceof ParfocalError
      ? error
      : corrupt(path, `it cannot be read (${(error as Error).message})`, error);
  }
}
