/**
 * Everything that runs anywhere: in a browser, a worker, or Node. Files and the native runtime are in "parfocal/node".
 *
 * Arrays are numbers; images are arrays with meaning; optics blurs them; graphs describe networks; run executes graphs;
 * models are graphs with weights; metrics score; study judges models; train teaches; tasks are what a user asks for.
 */

// What may go wrong.

export { type ErrorCode, type ErrorFields, ParfocalError } from "./errors.ts";
export { readYaml } from "./read-yaml.ts";
export { version } from "./version.ts";

// Images: pixels, axes, and what they mean in micrometres and counts.

export { type ByteSource, blobSource, memorySource } from "./array/bytes.ts";
export { jsonText } from "./array/json-text.ts";
export { type CalibrationOverrides, overrideCalibration } from "./image/calibration.ts";
export { encodeImage } from "./image/encode-image.ts";
export type { FolderOptions, FolderOrder, FolderPlane } from "./image/folder-order.ts";
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
} from "./image/image.ts";
export { planeOf } from "./image/image.ts";
export { type ImageFile, type Region, readAll, readStack } from "./image/image-file.ts";
export type { EncodeOptions, OutputFormat } from "./image/image-format.ts";
export { levelWarnings } from "./image/level-warnings.ts";
export { openImageSource } from "./image/open-image.ts";
export { openPlanes, type PlaneOpener } from "./image/plane-folder.ts";
export { implausibility, leaveOutImplausible, requirePlausible } from "./image/plausible-calibration.ts";
export { renameAxes } from "./image/rename-axes.ts";
export { imageOfStack } from "./image/stack-image.ts";
export type { OpenOptions } from "./image/tiff-planes.ts";

// Optics: how a microscope blurs, and stacks whose truth is known.

export { Random } from "./array/random.ts";
export { type CameraOptions, cameraOptions } from "./optics/camera/camera-options.ts";
export { misregister, shiftWrapping, tiltFocus } from "./optics/camera/move-planes.ts";
export { createSensor, expectedCounts, exposeSensor, type Sensor } from "./optics/camera/sensor.ts";
export { type StagePosition, stagePositions, tiltHeight } from "./optics/camera/stage.ts";
export {
  type MisregistrationOptions,
  misregistrationOptions,
  type StageOptions,
  stageOptions,
} from "./optics/camera/stage-options.ts";
export { propagate } from "./optics/imaging/angular-spectrum.ts";
export { type BlurOptions, blur } from "./optics/imaging/blur.ts";
export type { CoherentLight } from "./optics/imaging/coherent-light.ts";
export {
  amplitudeOf,
  type ComplexField,
  divideFields,
  fieldOf,
  intensityOf,
  phaseOf,
} from "./optics/imaging/complex-field.ts";
export { imageWithSpeckle } from "./optics/imaging/hilo.ts";
export { type HologramOptions, type Holograms, hologramOptions, imageHolograms } from "./optics/imaging/hologram.ts";
export { createImager, type Imager, imageVolume } from "./optics/imaging/image-volume.ts";
export type { Edges } from "./optics/imaging/pad-field.ts";
export { createSpeckle, type Speckle } from "./optics/imaging/speckle.ts";
export {
  createGridMicroscope,
  type GridExposures,
  type GridMicroscope,
  type GridPattern,
} from "./optics/imaging/structured-illumination.ts";
export type { SuperposePool } from "./optics/imaging/superpose-pool.ts";
export { openSuperposePoolWeb } from "./optics/imaging/superpose-pool-web.ts";
export { imageTransmitted, type TransmittedOptions, transmittedOptions } from "./optics/imaging/transmitted.ts";
export { stackPhantom } from "./optics/phantom/from-stack.ts";
export type { Phantom, Specimen, SpecimenObject } from "./optics/phantom/phantom.ts";
export { type PhantomKind, phantomKinds, phantoms } from "./optics/phantom/phantoms.ts";
export type { Volume, VolumeGrid } from "./optics/phantom/volume.ts";
export { calibrationDoubts } from "./optics/psf/calibration-doubts.ts";
export { type FitPsfOptions, fitPsf } from "./optics/psf/fit-psf.ts";
export {
  type MeasureBeadsOptions,
  type MeasuredBead,
  type MeasuredBeads,
  measureBeads,
} from "./optics/psf/measure-beads.ts";
export { type PsfOpticsInput, psfKinds, psfModelOf, psfOptions } from "./optics/psf/optics-options.ts";
export { type Psf, type PsfOptions, widefieldPsf } from "./optics/psf/psf.ts";
export type { PsfFit } from "./optics/psf/psf-fit.ts";
export type { PsfModel } from "./optics/psf/psf-model.ts";
export { type PsfStackOptions, psfStack } from "./optics/psf/psf-stack.ts";
export type { Pupil } from "./optics/psf/pupil.ts";
export { type Sampling, samplingWarnings } from "./optics/psf/sampling-warnings.ts";

// Recipes: simulated data sets whose truth is known.

export type { Recipe, RecipeInput } from "./simulate/recipe.ts";
export { changeRecipe, type RecipeFlags, recipeFlags } from "./simulate/recipe-flags.ts";
export { recipeFromYaml, recipeToYaml } from "./simulate/recipe-yaml.ts";
export { resolveRecipe } from "./simulate/resolve-recipe.ts";
export { recipeVariants, shippedRecipe, shippedRecipes } from "./simulate/shipped-recipes.ts";
export { type SimulateFieldOptions, simulateField } from "./simulate/simulate-field.ts";
export {
  createSimulator,
  type SimulatedField,
  type SimulatedImage,
  type Simulator,
  type SimulatorOptions,
} from "./simulate/simulator.ts";

// Networks as ONNX graphs, and executing them.

export { gradients } from "./graph/gradients.ts";
export { Graph, type Tensor, type Value } from "./graph/graph.ts";
export { readOnnx } from "./graph/onnx/read.ts";
export { writeOnnx } from "./graph/onnx/write.ts";
export { openReferenceRuntime } from "./run/reference.ts";
export type { Device, Program, Runtime, Session, Tensors } from "./run/runtime.ts";
export { openWebRuntime } from "./run/web.ts";

// Models: what a network is, what it was trained on, and applying it to images of any size.

export { type FocusSample, type FocusSurface, focusSurface } from "./models/apply/auto-surface.ts";
export { type AutofocusInput, type DefocusMap, defocusMap } from "./models/apply/autofocus-apply.ts";
export { type DefocusEstimate, leastContent } from "./models/apply/defocus-estimate.ts";
export {
  type DirectionOfImage,
  type DirectionOfImageOptions,
  directionInWords,
  directionOfImage,
} from "./models/apply/direction-of-image.ts";
export { type FindSurfaceOptions, type FoundSurface, findSurface } from "./models/apply/find-surface.ts";
export { type FocusHologramOptions, focusField, focusHologram } from "./models/apply/hologram-apply.ts";
export type { ReadRegion } from "./models/apply/mirrored-region.ts";
export { type Normalisation, normalisationOf } from "./models/apply/normalisation.ts";
export { type RefocusInput, type RefocusOptions, refocus } from "./models/apply/refocus.ts";
export { openRefocusable, type RefocusableImage, type RefocusSource } from "./models/apply/refocus-image.ts";
export { type SectionChannel, type SectionInput, type SectionModel, section } from "./models/apply/section.ts";
export { surfaceOf, tiltedSurface } from "./models/apply/surface.ts";
export {
  type AnyRefocusModel,
  type HologramModel,
  type Model,
  type ModelInfo,
  modelFor,
  modelInfo,
  type RefocusModel,
} from "./models/model-info.ts";

// Judging: what an image is, how sharp it is, and how near an output comes to its truth.

export { type Drift, measureChannelShift, measureDrift, measureShift, type Shift } from "./array/registration.ts";
export { signed } from "./array/signed.ts";
export { coneSlope } from "./classical/cone-slope.ts";
export { type Deconvolved, deconvolve } from "./classical/deconvolution/deconvolve.ts";
export {
  type DeconvolveOptions,
  deconvolveOptions,
  resolveDeconvolveOptions,
} from "./classical/deconvolution/deconvolve-options.ts";
export { type MeasuredPsf, measuredPsf, type PsfTarget } from "./classical/deconvolution/measured-psf.ts";
export { opticalPsf } from "./classical/deconvolution/optical-psf.ts";
export { type PhotonTransfer, photonTransfer } from "./classical/deconvolution/photon-transfer.ts";
export type { PsfVolume } from "./classical/deconvolution/volume.ts";
export { bestPlane, FOCUS_MEASURES, type FocusMeasure, focusCurve, focusOf } from "./classical/focus/focus.ts";
export { type FocusEstimate, type FocusMap, type FocusMapOptions, focusMap } from "./classical/focus/focus-map.ts";
export { focusMapOfFile } from "./classical/focus/focus-map-file.ts";
export { hasFocus } from "./classical/focus/locate-focus.ts";
export { type Fused, type FuseOptions, fuse } from "./classical/fusion/fuse.ts";
export { type PlaneSource, stackSource } from "./classical/fusion/plane-source.ts";
export {
  type ExposureAxis,
  exposureAxes,
  type PageOrder,
  pageOrders,
} from "./classical/sectioning/exposure-source.ts";
export { type HiloOptions, type HiloSection, type HiloStack, sectionFromSpeckle } from "./classical/sectioning/hilo.ts";
export {
  type SectionMethod,
  type SectionOptions,
  sectionMethods,
  sectionOptions,
} from "./classical/sectioning/section-options.ts";
export { type HiloOptics, speckleWeight } from "./classical/sectioning/speckle-weight.ts";
export {
  type GridSection,
  type GridSectionOptions,
  type GridStack,
  sectionFromGrid,
} from "./classical/sectioning/structured-illumination.ts";
export { contactSheet, type SheetOptions, type SheetRow } from "./figures/contact-sheet.ts";
export { type DefocusPicture, defocusSheet } from "./figures/defocus-sheet.ts";
export { openSvgPng, type SvgPng, type SvgPngParts } from "./figures/svg-png.ts";
export { type AgainstBaseline, againstBaseline, type BaselineGain } from "./metrics/against-baseline.ts";
export { type NoiseModel, noiseModelOf, thinStack } from "./metrics/data-thinning.ts";
export { type Detail, detail, detailAgainst } from "./metrics/detail.ts";
export { type FieldError, fieldError } from "./metrics/field-error.ts";
export {
  fourierRingCorrelation,
  frcResolution,
  type RingCorrelation,
  type RingResolution,
  type RingThreshold,
  singleImageCorrelation,
  singleImageResolution,
} from "./metrics/fourier-ring-correlation.ts";
export { type GivenOptions, type GivenStack, givenStacks } from "./metrics/given-stacks.ts";
export { type HallucinationInput, type HallucinationMap, hallucinationMap } from "./metrics/hallucinations.ts";
export { type Inspection, type InspectOptions, inspectImage } from "./metrics/inspect.ts";
export { type Scores, score, signalRange, typeRange } from "./metrics/metrics.ts";
export { msSsim } from "./metrics/ms-ssim.ts";
export { noiseFreePsnr, noiseOf } from "./metrics/noise-free-psnr.ts";
export { type QualityControl, type QualityControlPlanes, qualityControl } from "./metrics/quality-control.ts";
export {
  bestRecorded,
  interpolate,
  type RecordedBaseline,
  type RecordedCandidate,
  type RecordedPlane as BaselinePlane,
  recordedCandidates,
} from "./metrics/recorded-baseline.ts";
export { type SpectralCutoff, spectralCutoff } from "./metrics/spectral-cutoff.ts";
export { SSIM_DESCRIPTION, ssim } from "./metrics/ssim.ts";
export {
  type EdgeFit,
  edgeWidth,
  structureWidths,
  type WidthFit,
  type WidthOptions,
} from "./metrics/structure-width.ts";
export {
  type CompareOptions,
  type Comparison,
  compareStacks,
  type DataRange,
  type PlaneScores,
} from "./study/compare-stacks.ts";
export { comparisonSheet } from "./study/comparison-sheet.ts";
export { readComparable } from "./study/read-comparable.ts";

// A study: what models make of a stack, with verdicts.

export type { Candidate, PlaneRequest } from "./study/candidate.ts";
export { classicalCandidates } from "./study/classical-candidate.ts";
export type { DistanceBin, DistanceTable } from "./study/distance-table.ts";
export type { Figure } from "./study/figure.ts";
export { studyFigures } from "./study/figures.ts";
export type { Headline } from "./study/headline.ts";
export { modelCandidate } from "./study/model-candidate.ts";
export { openStudiedStack, type StudiedStack, type StudiedStackOptions } from "./study/studied-stack.ts";
export { type CandidateStudy, type StudyOptions, study } from "./study/study.ts";
export type { Verdict } from "./study/verdict.ts";

// How far a model holds: leaving one objective, specimen, stack or slide out.

export type { GeneralisationModel, JudgedGain } from "./tasks/generalise/leave-one-out-page.ts";
export {
  type Gain,
  type GeneralisationSummary,
  generalisationThresholds,
  type JudgedData,
  leaveOneOut,
  leaveOneOutKinds,
  type PlannedModel,
  summariseGains,
} from "./tasks/generalise/leave-one-out-plan.ts";
export type { LeaveOneOutStacks } from "./tasks/generalise/leave-one-out-stacks.ts";

// Coherent light: amplitude and phase from holograms and from planes at different focus.

export { flattenPhase } from "./classical/refocusing/flatten-phase.ts";
export {
  type FieldFocus,
  type FieldFocusOptions,
  focusOfField,
  type SpecimenContrast,
  specimenContrasts,
} from "./classical/refocusing/focus-of-field.ts";
export {
  focusOfHologram,
  type HologramFocus,
  type HologramFocusOptions,
} from "./classical/refocusing/focus-of-hologram.ts";
export { type Carrier, type DemodulateOptions, demodulate, findCarrier } from "./classical/refocusing/off-axis.ts";
export {
  type Reconstruction,
  type ReconstructOptions,
  reconstructHologram,
} from "./classical/refocusing/reconstruct-hologram.ts";
export type { RecordedPlane } from "./classical/refocusing/recorded-planes.ts";
export { type RecoveredField, type RecoverOptions, recoverField } from "./classical/refocusing/recover-field.ts";
export {
  type TransportedPhase,
  type TransportOptions,
  transportOfIntensity,
} from "./classical/refocusing/transport-of-intensity.ts";
export { unwrapPhase } from "./classical/refocusing/unwrap-phase.ts";

// Training: from stacks to a model.

export type { NamedStack } from "./image/named-stack.ts";
export { measurePairShift, type PairShift, registerTarget } from "./metrics/unregistered.ts";
export { type Task as ModelTask, tasks } from "./models/networks/common-info.ts";
export { type ConfigInput, defaultMethod, methodOf, resolveConfig } from "./train/config.ts";
export { configKeys } from "./train/config-keys.ts";
export { findLearningRate, type LearningRateSearch } from "./train/find-learning-rate.ts";
export type { Judgement } from "./train/judgement.ts";
export type { JudgementRow } from "./train/judgement-row.ts";
export type { ValidationReport } from "./train/learner.ts";
export { type MethodName, methodNames, trainingMethods } from "./train/methods/methods.ts";
export type { ModelVerdict } from "./train/model-verdict.ts";
export { type TrainingOptions, type TrainingProgress, type TrainingResult, trainModel } from "./train/train.ts";
export type { MethodConfig } from "./train/training-method.ts";
export type { TrainingStore } from "./train/training-store.ts";

// Tasks: everything that a user can ask for, on any storage. The table of all of them is in "parfocal/node".

export { type MemoryStorage, memoryStorage } from "./image/memory-storage.ts";
export type { OutputFile, OutputOptions, OutputSet, Storage, StoredEntry } from "./image/storage.ts";
export type { RuntimeOptions } from "./run/open-options.ts";
export {
  type OpenSimulation,
  type OpenSimulationOptions,
  openSimulation,
  type Simulation,
} from "./simulate/open-simulation.ts";
export { runTask } from "./tasks/run-task.ts";
export type { OptionMeta, Task, TaskContext, TaskOptions, TaskProgress } from "./tasks/task.ts";
export type { Warning } from "./warning.ts";
