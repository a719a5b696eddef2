/**
 * Images: pixels with axes, pixel size and value range; files of images, and the storages that hold them.
 * @module
 */

export type { PlaneIndex } from "./axes.ts";
export { type CalibrationOverrides, overrideCalibration } from "./calibration.ts";
export type { OpenSibling } from "./companion-files.ts";
export type { CountLoss } from "./count-tally.ts";
export { encodeImage } from "./encode-image.ts";
export type { FolderOptions, FolderOrder, FolderPlane } from "./folder-order.ts";
export type {
  CalibrationQuantity,
  Image,
  ImageInfo,
  Implausible,
  Optics,
  PixelData,
  PixelType,
  Plane,
  Rescale,
  Stack,
} from "./image.ts";
export { planeOf } from "./image.ts";
export { type ImageFile, type Region, readAll, readStack } from "./image-file.ts";
export type { EncodeOptions, OutputFormat } from "./image-format.ts";
export type { ImageWriter, WriteOptions, Written } from "./image-writer.ts";
export { levelWarnings } from "./level-warnings.ts";
export { imageInMemory } from "./memory-image.ts";
export { type MemoryStorage, memoryStorage } from "./memory-storage.ts";
export type { NamedStack } from "./named-stack.ts";
export { openImageSource } from "./open-image.ts";
export {
  type OpenImageOptions,
  openImage as openStoredImage,
  readImage as readStoredImage,
} from "./open-stored-image.ts";
export { openPlanes, type PlaneOpener } from "./plane-folder.ts";
export { type Beside, implausibility, leaveOutImplausible, requirePlausible } from "./plausible-calibration.ts";
export { renameAxes } from "./rename-axes.ts";
export { imageOfStack } from "./stack-image.ts";
export {
  type OutputFile,
  type OutputOptions,
  type OutputSet,
  type Storage,
  type StoredEntry,
  withOutputs,
} from "./storage.ts";
export { storageOfFiles } from "./storage-of-files.ts";
export type { OpenOptions } from "./tiff-planes.ts";
export { createImageWriter as createStoredImageWriter, writeImage as writeStoredImage } from "./write-image.ts";
