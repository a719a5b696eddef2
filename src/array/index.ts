/**
 * Numbers without units: random numbers from a seed, registration, sources of bytes.
 * @module
 */

export { type ByteSource, blobSource, memorySource } from "./bytes.ts";
export type { RealFft2 } from "./fft.ts";
export type { FftArray } from "./fft-arrays.ts";
export type { FloatArray, Grid } from "./grid.ts";
export { jsonText } from "./json-text.ts";
export { Random, type RandomState } from "./random.ts";
export {
  type Drift,
  measureChannelShift,
  measureDrift,
  measureShift,
  type Planes,
  type Shift,
} from "./registration.ts";
export type { Interpolation } from "./resample.ts";
export { signed } from "./signed.ts";
export type { FactorKind, SpectralFactor } from "./spectral-factor.ts";
export { type Samples, StreamingHistogram } from "./statistics.ts";
