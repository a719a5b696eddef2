/**
 * Light: point spread functions, synthetic specimens, imaging modes, and cameras.
 * @module
 */

export { type CameraOptions, cameraOptions } from "./camera/camera-options.ts";
export { misregister, shiftWrapping, tiltFocus } from "./camera/move-planes.ts";
export { createSensor, expectedCounts, exposeSensor, type Sensor } from "./camera/sensor.ts";
export { type StagePosition, stagePositions, tiltHeight } from "./camera/stage.ts";
export {
  type MisregistrationOptions,
  misregistrationOptions,
  type StageOptions,
  stageOptions,
} from "./camera/stage-options.ts";
export { propagate } from "./imaging/angular-spectrum.ts";
export { type BlurOptions, blur } from "./imaging/blur.ts";
export type { CoherentLight } from "./imaging/coherent-light.ts";
export {
  amplitudeOf,
  type ComplexField,
  divideFields,
  fieldOf,
  intensityOf,
  phaseOf,
} from "./imaging/complex-field.ts";
export { imageWithSpeckle } from "./imaging/hilo.ts";
export { type HologramOptions, type Holograms, hologramOptions, imageHolograms } from "./imaging/hologram.ts";
export { createImager, type FieldGrid, type Imager, imageVolume, type PointSpread } from "./imaging/image-volume.ts";
export type { ImagingControl } from "./imaging/pace.ts";
export type { Edges } from "./imaging/pad-field.ts";
export { createSpeckle, type Speckle } from "./imaging/speckle.ts";
export {
  createGridMicroscope,
  type GridExposures,
  type GridMicroscope,
  type GridPattern,
} from "./imaging/structured-illumination.ts";
export type { SliceSpectra } from "./imaging/superpose.ts";
export type { SuperposePool } from "./imaging/superpose-pool.ts";
export { imageTransmitted, type TransmittedOptions, transmittedOptions } from "./imaging/transmitted.ts";
export { stackPhantom } from "./phantom/from-stack.ts";
export type { Phantom, Specimen, SpecimenObject } from "./phantom/phantom.ts";
export { type PhantomKind, phantomKinds, phantoms } from "./phantom/phantoms.ts";
export type { Volume, VolumeGrid } from "./phantom/volume.ts";
export { calibrationDoubts } from "./psf/calibration-doubts.ts";
export type { FoundBead, FoundBeads } from "./psf/find-beads.ts";
export { type FitPsfOptions, fitPsf } from "./psf/fit-psf.ts";
export {
  type MeasureBeadsOptions,
  type MeasuredBead,
  type MeasuredBeads,
  measureBeads,
  type RejectedBeads,
} from "./psf/measure-beads.ts";
export { type PsfOpticsInput, psfKinds, psfModelOf, psfOptions } from "./psf/optics-options.ts";
export type { Otf, OtfBank } from "./psf/otf.ts";
export { type Psf, type PsfOptions, widefieldPsf } from "./psf/psf.ts";
export type { FittedValue, PsfFit } from "./psf/psf-fit.ts";
export type { PsfModel } from "./psf/psf-model.ts";
export { type PsfStackOptions, psfStack } from "./psf/psf-stack.ts";
export type { Pupil } from "./psf/pupil.ts";
export { type Sampling, samplingWarnings } from "./psf/sampling-warnings.ts";
