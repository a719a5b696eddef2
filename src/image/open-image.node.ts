/** Images of this machine's file system: {@link opening.openImage} and {@link opening.readImage} there. */
import { fileStorage } from "./file-storage.node.ts";
import type { Image } from "./image.ts";
import type { ImageFile } from "./image-file.ts";
import * as opening from "./open-stored-image.ts";

/** Opens an image file or a folder of planes; see {@link opening.openImage}. */
export const openImage = (path: string, options?: opening.OpenImageOptions): Promise<ImageFile> =>
  opening.openImage(fileStorage, path, options);

/** The whole of an image in memory; see {@link opening.readImage}. */
export const readImage = (path: string, options?: opening.OpenImageOptions): Promise<Image> =>
  opening.readImage(fileStorage, path, options);
