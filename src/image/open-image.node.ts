/** Images of this machine's file system: `openImage` and `readImage` there. */
import { fileStorage } from "./file-storage.node.ts";
import type { Image } from "./image.ts";
import type { ImageFile } from "./image-file.ts";
import * as opening from "./open-stored-image.ts";

/** Opens an image file or a folder of planes; see {@link opening.openImage | openStoredImage}. */
export const openImage = (path: string, options?: opening.OpenImageOptions): Promise<ImageFile> =>
  opening.openImage(fileStorage, path, options);

/** The whole of an image in memory; see {@link opening.readImage | readStoredImage}. */
export const readImage = (path: string, options?: opening.OpenImageOptions): Promise<Image> =>
  opening.readImage(fileStorage, path, options);
