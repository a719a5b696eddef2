/**
 * Training models: methods, configurations, the training loop, and what it saves.
 * @module
 */

export type { AdamOptions } from "./adam.ts";
export type { CommonConfig } from "./common-config.ts";
export { type ConfigInput, defaultMethod, methodOf, resolveConfig } from "./config.ts";
export { readConfigFile } from "./config-file.ts";
export { configKeys } from "./config-keys.ts";
export type { FieldSource } from "./data/field-pool.ts";
export { type ReadSamplesOptions, readSamples } from "./data/read-samples.ts";
export {
  openRecipeTraining,
  type RecipeTraining,
  type RecipeTrainingOptions,
} from "./data/recipe-training.ts";
export type { TrainedData } from "./data/trained-data.ts";
export { findLearningRate, type LearningRateSearch } from "./find-learning-rate.ts";
export type { Judgement } from "./judgement.ts";
export type { JudgementMeans, JudgementRow } from "./judgement-row.ts";
export type { Learner, TrainingStep, ValidationReport, Validator } from "./learner.ts";
export { type MemoryTrainingStore, memoryTrainingStore } from "./memory-training-store.ts";
export { type MethodName, methodNames, trainingMethods } from "./methods/methods.ts";
export { createLearner } from "./model-pixels.ts";
export type { ModelVerdict } from "./model-verdict.ts";
export {
  type LoopOptions,
  type TrainingOptions,
  type TrainingProgress,
  type TrainingResult,
  trainLearner,
  trainModel,
} from "./train.ts";
export { readFeatureNetwork, type TrainRunOptions, type TrainRunResult, trainRun } from "./train-run.ts";
export type { MethodConfig, TrainingInput, TrainingMethod } from "./training-method.ts";
export type { MetricsRow, TrainingStore } from "./training-store.ts";
