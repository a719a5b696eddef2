/**
 * Trained models: their description, reading and writing them, and applying them to images of any size.
 * @module
 */

export { applyTiles, type TiledField, type TileOptions } from "./apply/apply-tiles.ts";
export { type FocusSample, type FocusSurface, focusSurface } from "./apply/auto-surface.ts";
export { type AutofocusInput, type DefocusMap, defocusMap } from "./apply/autofocus-apply.ts";
export { type DefocusEstimate, leastContent } from "./apply/defocus-estimate.ts";
export {
  type DirectionOfImage,
  type DirectionOfImageOptions,
  directionInWords,
  directionOfImage,
} from "./apply/direction-of-image.ts";
export { type FindSurfaceOptions, type FoundSurface, findSurface } from "./apply/find-surface.ts";
export { type FocusHologramOptions, focusField, focusHologram } from "./apply/hologram-apply.ts";
export type { ReadRegion } from "./apply/mirrored-region.ts";
export { type Normalisation, normalisationOf } from "./apply/normalisation.ts";
export type { PlacedPlane } from "./apply/placed-planes.ts";
export { type RefocusInput, type RefocusOptions, refocus } from "./apply/refocus.ts";
export { openRefocusable, type RefocusableImage, type RefocusSource } from "./apply/refocus-image.ts";
export {
  type SectionChannel,
  type SectionInfo,
  type SectionInput,
  type SectionModel,
  section,
} from "./apply/section.ts";
export { surfaceOf, tiltedSurface } from "./apply/surface.ts";
export { loadModel as loadStoredModel, saveModel as saveStoredModel } from "./model-folder.ts";
export {
  type AnyRefocusModel,
  type DeepZInfo,
  type HologramModel,
  type Model,
  type ModelInfo,
  modelFor,
  modelInfo,
  type RefocusModel,
} from "./model-info.ts";
export { modelOfFiles } from "./model-of-files.ts";
export { type Task as ModelTask, tasks as modelTasks } from "./networks/common-info.ts";
export type { Initial, ParameterSpec } from "./networks/parameters.ts";
