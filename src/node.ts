/** The whole of Parfocal in Node: what runs anywhere, files, and what this machine can do. */

export * from "./index.ts";

// Files: TIFF, ImageJ TIFF, OME-TIFF, PNG, folders of planes.

export { checkOutput, withOutputSet, writeFileAtomic } from "./image/atomic-file.node.ts";
export { fileStorage } from "./image/file-storage.node.ts";
export type { ImageWriter, WriteOptions, Written } from "./image/image-writer.ts";
export { openImage, readImage } from "./image/open-image.node.ts";
export type { OpenImageOptions } from "./image/open-stored-image.ts";
export { createImageWriter, writeImage } from "./image/write-image.node.ts";

// Classical methods on files.

export {
  type DeconvolveFileOptions,
  type DeconvolveFileResult,
  deconvolveFile,
} from "./tasks/deconvolve-file.ts";
export { type FuseFileOptions, type FuseFileResult, fuseFile } from "./tasks/fuse-file.ts";
export {
  type ReconstructFileOptions,
  type ReconstructFileResult,
  type ReconstructMethod,
  reconstructFile,
  reconstructMethods,
} from "./tasks/reconstruct-file.ts";
export {
  type SectionFileOptions,
  type SectionFileResult,
  sectionFile,
} from "./tasks/section-file.ts";

// Drawings and charts as PNG.

export { svgPng } from "./figures/svg-png.node.ts";

// Recipes in files, and data sets on disk.

export { openSimulationOnThreads } from "./simulate/open-simulation.node.ts";
export { findRecipe, recipesAmong } from "./simulate/recipe-file.ts";
export type { DataSet, ManifestField } from "./tasks/save-data-set.ts";
export type { FieldFiles } from "./tasks/save-field.ts";
export {
  type SimulatedRecipe,
  type SimulateRecipeOptions,
  simulateRecipe,
} from "./tasks/simulate-recipe.ts";

// Executing graphs on this machine.

export { describeMachine } from "./run/machine.node.ts";
export type { Machine, RuntimeReport } from "./run/machine.ts";
export { openNativeRuntime } from "./run/native.node.ts";
export { listRuntimes, openRuntime } from "./run/open.node.ts";

// Models in folders, applied to files.

export { loadModel, saveModel } from "./models/model-folder.node.ts";
export {
  type AutofocusFileOptions,
  type AutofocusFileResult,
  autofocusFile,
} from "./tasks/autofocus-file.ts";
export { type RefocusFileOptions, type RefocusFileResult, refocusFile } from "./tasks/refocus-file.ts";
export {
  type SectionByModelOptions,
  type SectionByModelResult,
  sectionFileByModel,
} from "./tasks/section-file-by-model.ts";

// Training in a folder: checkpoints, metrics, previews, the model.

export { readConfigFile } from "./train/config-file.ts";
export { type ReadSamplesOptions, readSamples } from "./train/data/read-samples.ts";
export {
  openRecipeTraining,
  type RecipeTraining,
  type RecipeTrainingOptions,
} from "./train/data/recipe-training.ts";
export { readFeatureNetwork, type TrainRunOptions, type TrainRunResult, trainRun } from "./train/train-run.ts";

// PSFs in files: computed, and measured from beads.

export {
  type MeasureBeadsFileOptions,
  type MeasureBeadsFileResult,
  measureBeadsFile,
  type PsfFileOptions,
  type PsfFileResult,
  writePsf,
} from "./tasks/psf-files.ts";

// Holograms by a model.

export {
  type FocusHologramFileOptions,
  type FocusHologramFileResult,
  focusHologramFile,
} from "./tasks/focus-hologram-file.ts";

// Judging models on a stack.

export { type StudyFilesOptions, type StudyFilesResult, studyFiles } from "./tasks/study-files.ts";
export {
  type Generalisation,
  refuseForSeveral,
  type StudySeveralResult,
  studySeveral,
} from "./tasks/study-several.ts";

// Leaving one objective, specimen, stack or slide out.

export {
  type GeneraliseOptions,
  type GeneraliseProgress,
  type GeneraliseResult,
  generalise,
} from "./tasks/generalise/leave-one-out.ts";
export type { LeaveOneOutRecipe } from "./tasks/generalise/leave-one-out-recipe.ts";

// The whole story on simulated or real stacks.

export { type DemoOptions, type DemoResult, demo } from "./tasks/demo/demo.ts";
export { meanGain, meanGainOverBaseline } from "./tasks/demo/demo-report.ts";

// The table of all tasks, and what they get of Node.

export { nodeContext } from "./tasks/node-context.node.ts";
export { type TaskEntry, type TaskName, taskNames, tasks as taskTable } from "./tasks/tasks.ts";
