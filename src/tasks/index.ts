/**
 * Tasks: everything that a user can ask for, with options and results as plain data.
 * @module
 */

export {
  type AutofocusFileOptions,
  type AutofocusFileResult,
  autofocusFile,
} from "./autofocus-file.ts";
export {
  type DeconvolveFileOptions,
  type DeconvolveFileResult,
  deconvolveFile,
} from "./deconvolve-file.ts";
export { type DemoOptions, type DemoResult, demo } from "./demo/demo.ts";
export { meanGain, meanGainOverBaseline } from "./demo/demo-report.ts";
export type { DistanceResult } from "./demo/refocus-unseen.ts";
export {
  type FocusHologramFileOptions,
  type FocusHologramFileResult,
  focusHologramFile,
} from "./focus-hologram-file.ts";
export { type FuseFileOptions, type FuseFileResult, fuseFile } from "./fuse-file.ts";
export {
  type GeneraliseOptions,
  type GeneraliseProgress,
  type GeneraliseResult,
  generalise,
} from "./generalise/leave-one-out.ts";
export type { GeneralisationModel, JudgedGain } from "./generalise/leave-one-out-page.ts";
export {
  type Gain,
  type GeneralisationSummary,
  generalisationThresholds,
  type JudgedData,
  leaveOneOut,
  leaveOneOutKinds,
  type PlannedModel,
  summariseGains,
} from "./generalise/leave-one-out-plan.ts";
export type { LeaveOneOutRecipe } from "./generalise/leave-one-out-recipe.ts";
export type { LeaveOneOutStacks } from "./generalise/leave-one-out-stacks.ts";
export {
  type MeasureBeadsFileOptions,
  type MeasureBeadsFileResult,
  measureBeadsFile,
  type PsfFileOptions,
  type PsfFileResult,
  writePsf,
} from "./psf-files.ts";
export {
  type ReconstructFileOptions,
  type ReconstructFileResult,
  type ReconstructMethod,
  reconstructFile,
  reconstructMethods,
} from "./reconstruct-file.ts";
export {
  type FoundSurfaceFigures,
  type RefocusFileOptions,
  type RefocusFileResult,
  refocusFile,
} from "./refocus-file.ts";
export { runTask, type TaskCaller } from "./run-task.ts";
export type { DataSet, ManifestField } from "./save-data-set.ts";
export type { FieldFiles } from "./save-field.ts";
export {
  type SectionFileOptions,
  type SectionFileResult,
  sectionFile,
} from "./section-file.ts";
export {
  type SectionByModelOptions,
  type SectionByModelResult,
  sectionFileByModel,
} from "./section-file-by-model.ts";
export {
  type SimulatedRecipe,
  type SimulateRecipeOptions,
  simulateRecipe,
} from "./simulate-recipe.ts";
export { type StudyFilesOptions, type StudyFilesResult, studyFiles } from "./study-files.ts";
export { type Generalisation, refuseForSeveral, type StudySeveralResult, studySeveral } from "./study-several.ts";
export type { OptionMeta, Task, TaskContext, TaskOptions, TaskPlatform, TaskProgress } from "./task.ts";
export { type TaskEntry, type TaskName, type TaskOf, taskNames, tasks as taskTable } from "./tasks.ts";
