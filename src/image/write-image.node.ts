/** Images to files of this machine: {@link createImageWriter} and {@link writeImage} on the file system. */
import { fileStorage } from "./file-storage.node.ts";
import type { Image, ImageInfo } from "./image.ts";
import type { ImageWriter, WriteOptions, Written } from "./image-writer.ts";
import * as writing from "./write-image.ts";

/** Begins an image file; see {@link writing.createImageWriter | createStoredImageWriter}. */
export const createImageWriter = (path: string, info: ImageInfo, options?: WriteOptions): Promise<ImageWriter> =>
  writing.createImageWriter(fileStorage, path, info, options);

/** Writes an image that is in memory; see {@link writing.writeImage | writeStoredImage}. */
export const writeImage = (path: string, image: Image, options?: WriteOptions): Promise<Written> =>
  writing.writeImage(fileStorage, path, image, options);
