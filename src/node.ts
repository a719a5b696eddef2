/**
 * The whole of Parfocal in Node: what runs anywhere, the file system, and what this machine can do.
 * @module
 */

// Drawings and charts as PNG.
export { svgPng } from "./figures/svg-png.node.ts";

// Files: TIFF, ImageJ TIFF, OME-TIFF, PNG, folders of planes.
export { checkOutput, withOutputSet, writeFileAtomic } from "./image/atomic-file.node.ts";
export { fileStorage } from "./image/file-storage.node.ts";
export { openImage, readImage } from "./image/open-image.node.ts";
export { createImageWriter, writeImage } from "./image/write-image.node.ts";
export * from "./index.ts";
// Models in folders, applied to files.
export { loadModel, saveModel } from "./models/model-folder.node.ts";

// Executing graphs on this machine.
export { describeMachine, type Machine } from "./run/machine.node.ts";
export { type NativeOptions, openNativeRuntime } from "./run/native.node.ts";
export { listRuntimes, openRuntime, type RuntimeReport } from "./run/open.node.ts";
// Recipes in files, and data sets on disk.
export { openSimulationOnThreads } from "./simulate/open-simulation.node.ts";
// The whole story on simulated or real stacks.
export { type DemoOptions, type DemoResult, demo } from "./tasks/demo/demo.node.ts";
export { meanGain, meanGainOverBaseline } from "./tasks/demo/demo-report.node.ts";
export type { DistanceResult } from "./tasks/demo/refocus-unseen.node.ts";

// Leaving one objective, specimen, stack or slide out.
export {
  type GeneraliseOptions,
  type GeneraliseProgress,
  type GeneraliseResult,
  generalise,
} from "./tasks/generalise/leave-one-out.node.ts";
export type { LeaveOneOutRecipe } from "./tasks/generalise/leave-one-out-recipe.node.ts";
// The table of all tasks, and what they get of Node.
export { nodeContext } from "./tasks/node-context.node.ts";
// Judging models on a stack.
export { type StudyFilesOptions, type StudyFilesResult, studyFiles } from "./tasks/study-files.node.ts";
export {
  type Generalisation,
  refuseForSeveral,
  type StudySeveralResult,
  studySeveral,
} from "./tasks/study-several.node.ts";
export { type TaskEntry, type TaskName, taskNames, tasks as taskTable } from "./tasks/tasks.node.ts";
// Training in a folder: checkpoints, metrics, previews, the model.
export { readFeatureNetwork, type TrainRunOptions, type TrainRunResult, trainRun } from "./train/train-run.node.ts";
