/** The whole of Parfocal in Node: what runs anywhere, files, and what this machine can do. */

export { checkOutput, writeFileAtomic } from "./image/atomic-file.node.ts";
// Files: TIFF, ImageJ TIFF, OME-TIFF, PNG, folders of planes.
export { openImage, readImage } from "./image/open-image.node.ts";
export { createImageWriter, type ImageWriter, type WriteOptions, writeImage } from "./image/write-image.node.ts";
export * from "./index.ts";
export { type BeadFiles, beadFiles, checkBeadFiles, saveBeads } from "./optics/save-beads.node.ts";
