/**
 * Methods without training: focus measures, fusion, deconvolution, optical sectioning, and phase retrieval.
 * @module
 */

export { coneSlope } from "./cone-slope.ts";
export { type Deconvolved, deconvolve } from "./deconvolution/deconvolve.ts";
export {
  type DeconvolveOptions,
  deconvolveOptions,
  resolveDeconvolveOptions,
} from "./deconvolution/deconvolve-options.ts";
export { type MeasuredPsf, measuredPsf, type PsfTarget } from "./deconvolution/measured-psf.ts";
export { opticalPsf } from "./deconvolution/optical-psf.ts";
export { type PhotonTransfer, photonTransfer } from "./deconvolution/photon-transfer.ts";
export type { PsfVolume } from "./deconvolution/volume.ts";
export type { BestPlane } from "./focus/best-plane.ts";
export { type ChosenMeasure, chooseMeasure } from "./focus/choose-measure.ts";
export { bestPlane, FOCUS_MEASURES, type FocusMeasure, focusCurve, focusOf } from "./focus/focus.ts";
export type { FocusFeatures } from "./focus/focus-confidence.ts";
export { type FocusEstimate, type FocusMap, type FocusMapOptions, focusMap } from "./focus/focus-map.ts";
export { type FocusMapFileOptions, focusMapOfFile } from "./focus/focus-map-file.ts";
export type { Light } from "./focus/light.ts";
export { hasFocus, type LocatedFocus } from "./focus/locate-focus.ts";
export { type Fused, type FuseOptions, fuse } from "./fusion/fuse.ts";
export { type PlaneSource, type Rows, stackSource } from "./fusion/plane-source.ts";
export { flattenPhase } from "./refocusing/flatten-phase.ts";
export {
  type FieldFocus,
  type FieldFocusOptions,
  focusOfField,
  type SpecimenContrast,
  specimenContrasts,
} from "./refocusing/focus-of-field.ts";
export {
  focusOfHologram,
  type HologramFocus,
  type HologramFocusOptions,
} from "./refocusing/focus-of-hologram.ts";
export { type Carrier, type DemodulateOptions, demodulate, findCarrier } from "./refocusing/off-axis.ts";
export {
  type Reconstruction,
  type ReconstructOptions,
  reconstructHologram,
} from "./refocusing/reconstruct-hologram.ts";
export type { RecordedPlane } from "./refocusing/recorded-planes.ts";
export { type RecoveredField, type RecoverOptions, recoverField } from "./refocusing/recover-field.ts";
export {
  type TransportedPhase,
  type TransportOptions,
  transportOfIntensity,
} from "./refocusing/transport-of-intensity.ts";
export { unwrapPhase } from "./refocusing/unwrap-phase.ts";
export {
  type ExposureAxis,
  exposureAxes,
  type PageOrder,
  pageOrders,
} from "./sectioning/exposure-source.ts";
export type { GridFrequency } from "./sectioning/grid-phases.ts";
export { type HiloOptions, type HiloSection, type HiloStack, sectionFromSpeckle } from "./sectioning/hilo.ts";
export {
  type SectionMethod,
  type SectionOptions,
  sectionMethods,
  sectionOptions,
} from "./sectioning/section-options.ts";
export { type HiloOptics, speckleWeight } from "./sectioning/speckle-weight.ts";
export {
  type GridSection,
  type GridSectionOptions,
  type GridStack,
  sectionFromGrid,
} from "./sectioning/structured-illumination.ts";
