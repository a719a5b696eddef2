/** Three-dimensional discrete Fourier transforms of real volumes. Sizes, convention and precision as in fft.ts. */
import { runThrough } from "./breathe.ts";
import { createColumns, createRealFft2 } from "./fft.ts";
import { checkLength, type FftArray } from "./fft-arrays.ts";
import type { FactorKind, SpectralFactor } from "./spectral-factor.ts";

/** A transform of real volumes: only the half spectrum that determines the other half is kept. */
export interface RealFft3 {
  readonly depth: number;
  readonly height: number;
  readonly width: number;
  /** Columns of the half spectrum: width / 2 + 1 (1 where the width is 1). */
  readonly spectrumWidth: number;
  /**
   * `volume` `[depth, height, width]` to `real`, `imag` `[depth, height, spectrumWidth]`. The volume is left as it is.
   */
  forward(volume: FftArray, real: FftArray, imag: FftArray): void;
  /** The same, as work that yields between planes: see breathe.ts. So do those below. */
  forwardSteps(volume: FftArray, real: FftArray, imag: FftArray): Generator<void>;
  /** Half spectrum to volume, dividing by depth x height x width. **Overwrites `real` and `imag`.** */
  inverse(real: FftArray, imag: FftArray, volume: FftArray): void;
  inverseSteps(real: FftArray, imag: FftArray, volume: FftArray): Generator<void>;
  /**
   * Forward, each frequency times that of the factor `[depth, height, spectrumWidth]`, and back: a convolution that
   * wraps. `real` and `imag` are room for a spectrum; `volume` and `output` may be the same array.
   */
  filter(
    volume: FftArray,
    factor: SpectralFactor,
    kind: FactorKind,
    output: FftArray,
    room: { real: FftArray; imag: FftArray },
  ): void;
  filterSteps(
    volume: FftArray,
    factor: SpectralFactor,
    kind: FactorKind,
    output: FftArray,
    room: { real: FftArray; imag: FftArray },
  ): Generator<void>;
}

/**
 * Prepares a real 3-D transform: make it once, use it for every volume of that size.
 * @throws `usage` for a size that {@link createRealFft2} refuses
 */
export function createRealFft3(depth: number, height: number, width: number): RealFft3 {
  const planes = createRealFft2(height, width);
  const along = createColumns(depth);
  const area = height * width;
  const half = height * planes.spectrumWidth;
  const check = (volume: FftArray, real: FftArray, imag: FftArray) => {
    checkLength("volume", volume, depth * area);
    checkLength("real", real, depth * half);
    checkLength("imag", imag, depth * half);
  };
  const part = (array: FftArray, z: number, size: number) => array.subarray(z * size, (z + 1) * size);
  const fft: Omit<RealFft3, "forward" | "inverse" | "filter"> = {
    depth,
    height,
    width,
    spectrumWidth: planes.spectrumWidth,
    *forwardSteps(volume, real, imag) {
      check(volume, real, imag);
      for (let z = 0; z < depth; z++) {
        planes.forward(part(volume, z, area), part(real, z, half), part(imag, z, half));
        yield;
      }
      along.transform(real, imag, half, false);
      yield;
    },
    *inverseSteps(real, imag, volume) {
      check(volume, real, imag);
      along.transform(real, imag, half, true);
      yield;
      for (let z = 0; z < depth; z++) {
        planes.inverse(part(real, z, half), part(imag, z, half), part(volume, z, area));
        yield;
      }
    },
    *filterSteps(volume, factor, kind, output, { real, imag }) {
      check(volume, real, imag);
      check(output, factor.real, factor.imag ?? factor.real);
      for (let z = 0; z < depth; z++) {
        planes.forward(part(volume, z, area), part(real, z, half), part(imag, z, half));
        yield;
      }
      along.filter(real, imag, half, factor, kind);
      yield;
      for (let z = 0; z < depth; z++) {
        planes.inverse(part(real, z, half), part(imag, z, half), part(output, z, area));
        yield;
      }
    },
  };
  return {
    ...fft,
    forward: (volume, real, imag) => runThrough(fft.forwardSteps(volume, real, imag)),
    inverse: (real, imag, volume) => runThrough(fft.inverseSteps(real, imag, volume)),
    filter: (volume, factor, kind, output, room) => runThrough(fft.filterSteps(volume, factor, kind, output, room)),
  };
}
