/**
 * Scores of images, with and without ground truth.
 * @module
 */

export { type AgainstBaseline, againstBaseline, type BaselineGain } from "./against-baseline.ts";
export type { Alignment, ChannelShift } from "./alignment.ts";
export { type NoiseModel, noiseModelOf, thinStack } from "./data-thinning.ts";
export { type Detail, detail, detailAgainst } from "./detail.ts";
export type { Exposure } from "./exposure.ts";
export { type FieldError, fieldError } from "./field-error.ts";
export {
  fourierRingCorrelation,
  frcResolution,
  type RingCorrelation,
  type RingResolution,
  type RingThreshold,
  singleImageCorrelation,
  singleImageResolution,
} from "./fourier-ring-correlation.ts";
export { type GivenOptions, type GivenStack, givenStacks } from "./given-stacks.ts";
export type { HallucinationRoc, RocPoint } from "./hallucination-roc.ts";
export { type HallucinationInput, type HallucinationMap, hallucinationMap } from "./hallucinations.ts";
export { type Focus, type Inspection, type InspectOptions, inspectImage } from "./inspect.ts";
export type { IntensityFit } from "./intensity-fit.ts";
export type { MeasuringPlace } from "./line-structures.ts";
export {
  meanScores,
  meanSquaredError,
  nrmse,
  pearson,
  psnr,
  type Scores,
  score,
  signalRange,
  typeRange,
} from "./metrics.ts";
export { msSsim } from "./ms-ssim.ts";
export { noiseFreePsnr, noiseOf } from "./noise-free-psnr.ts";
export type { Picture } from "./picture.ts";
export {
  type OutputAndInput,
  type QualityControl,
  type QualityControlPlanes,
  qualityControl,
} from "./quality-control.ts";
export {
  type BaselineScores,
  type BestScore,
  bestRecorded,
  interpolate,
  type RecordedBaseline,
  type RecordedCandidate,
  type RecordedPlane as BaselinePlane,
  recordedCandidates,
} from "./recorded-baseline.ts";
export { type PowerSpectrum, powerSpectrum, type SpectralCutoff, spectralCutoff } from "./spectral-cutoff.ts";
export type { Spot } from "./spots.ts";
export { SSIM_DESCRIPTION, ssim } from "./ssim.ts";
export type { StackFaults } from "./stack-faults.ts";
export {
  type EdgeFit,
  edgeWidth,
  type Spread,
  structureWidths,
  type WidthFit,
  type WidthOptions,
} from "./structure-width.ts";
export { measurePairShift, type PairShift, registerTarget } from "./unregistered.ts";
