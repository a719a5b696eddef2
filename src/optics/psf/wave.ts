/**
 * The wave of a point of light in the pupil of an objective, as far as it is the same at every angle: amplitude, phase,
 * and how fast the phase grows with defocus. Everything else about a widefield PSF follows from it.
 */
import { checkPupil, type Pupil } from "./pupil.ts";
import { zernike } from "./zernike.ts";

/** `k` is the spatial frequency in the pupil, 0..NA / wavelength cycles/um. */
export interface Wave {
  readonly na: number;
  /** In vacuum, um. */
  readonly wavelength: number;
  /** Largest `k` whose light runs in rays: beyond it, and shortly before it, there is little, grazing the coverslip. */
  readonly rays: number;
  /** Field for each unit of area in k, as scalar theory has it. */
  amplitude(k: number): number;
  /** Waves, at defocus 0. */
  phase(k: number): number;
  /** Waves for each um of defocus. */
  axial(k: number): number;
  /** What vectorial theory has instead of the amplitude. */
  polarised(k: number): PolarisedAmplitude;
}

/**
 * Field for each unit of area in k behind the objective, where all rays run along the axis, of dipoles in the sample
 * (real, imag): dipoles across the axis make `s` across the plane of incidence and `lateral` in it, dipoles along
 * the axis make `axial` in it.
 */
export interface PolarisedAmplitude {
  s: readonly [number, number];
  lateral: readonly [number, number];
  axial: readonly [number, number];
}

export interface WaveOptions {
  /**
   * The sine condition's amplitude 1 / sqrt(cos theta) for each area of k, sqrt(cos theta) for each angle (Richards &
   * Wolf, Proc. R. Soc. A 253, 358 (1959), eq. 2.10): steep rays carry more. Default: the same everywhere.
   */
  aplanatic?: boolean | undefined;
}

/**
 * The wave of a point in the immersion medium itself, defocus phase exact.
 * @throws `usage` for impossible optics
 */
export function pupilWave(pupil: Pupil, options: WaveOptions = {}): Wave {
  checkPupil(pupil);
  const { na, wavelength, refractiveIndex: n, sphericalAberration = 0 } = pupil;
  const cosine = (k: number) => Math.sqrt(Math.max(0, 1 - ((wavelength * k) / n) ** 2));
  return {
    na,
    wavelength,
    rays: na / wavelength,
    amplitude: options.aplanatic ? (k) => 1 / Math.sqrt(cosine(k)) : () => 1,
    phase: sphericalAberration === 0 ? () => 0 : (k) => sphericalAberration * zernike(11, (wavelength * k) / na, 0),
    axial: (k) => (n * cosine(k)) / wavelength,
    polarised(k) {
      const scale = 1 / Math.sqrt(cosine(k));
      return { s: [scale, 0], lateral: [scale * cosine(k), 0], axial: [(scale * wavelength * k) / n, 0] };
    },
  };
}

/** Radius, um, that the rays of a wave reach at a defocus: its steepest phase slope, waves over cycles/um. */
export function waveRadius(wave: Wave, defocus: number): number {
  let phase = 0;
  let axial = 0;
  for (const slope of slopes(wave)) {
    phase = Math.max(phase, Math.abs(slope.phase));
    axial = Math.max(axial, Math.abs(slope.axial));
  }
  return phase + Math.abs(defocus) * axial;
}

/** Between which defocus, um, the rays cross the axis: one number twice where nothing is aberrated. */
export function waveCaustic(wave: Wave): [number, number] {
  const crossings = slopes(wave).map(({ phase, axial }) => -phase / axial);
  return [Math.min(...crossings), Math.max(...crossings)];
}

/** How steep phase and {@link Wave.axial} are from the middle of the pupil to its rim: um, and um for each um of defocus. */
function slopes(wave: Wave): { phase: number; axial: number }[] {
  const samples = 64;
  const step = 1e-4 * wave.rays;
  return Array.from({ length: samples }, (_, i) => {
    const k = ((i + 1) / samples) * wave.rays;
    return {
      phase: (wave.phase(k) - wave.phase(k - step)) / step,
      axial: (wave.axial(k) - wave.axial(k - step)) / step,
    };
  });
}

/** Axial period, um, of the finest detail of the intensity along z: one over the spread of {@link Wave.axial}. */
export function waveAxialPeriod(wave: Wave): number {
  return 1 / (wave.axial(0) - wave.axial(wave.na / wave.wavelength));
}
