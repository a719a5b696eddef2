/**
 * The whole of Parfocal in Node: what runs anywhere, the file system, and what this machine can do.
 * @module
 */

// What this machine can do: runtimes, worker threads, drawings as PNG.
export { svgPng } from "./figures/svg-png.node.ts";

// Files: TIFF, ImageJ TIFF, OME-TIFF, PNG, folders of planes, and models in folders.
export { checkOutput, withOutputSet, writeFileAtomic } from "./image/atomic-file.node.ts";
export { fileStorage } from "./image/file-storage.node.ts";
export { openImage, readImage } from "./image/open-image.node.ts";
export { createImageWriter, writeImage } from "./image/write-image.node.ts";
export * from "./index.ts";
export { loadModel, saveModel } from "./models/model-folder.node.ts";
export { describeMachine } from "./run/machine.node.ts";
export { type NativeOptions, openNativeRuntime } from "./run/native.node.ts";
export { listRuntimes, openRuntime } from "./run/open.node.ts";
export { openSimulationOnThreads } from "./simulate/open-simulation.node.ts";

// What tasks get of Node.
export { nodeContext } from "./tasks/node-context.node.ts";
