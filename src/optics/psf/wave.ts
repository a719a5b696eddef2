/**
 * The rotationally symmetric wave of a point source in the pupil of an objective: its amplitude, its phase, and how
 * fast the phase grows with defocus.
 */
import { checkPupil, type Pupil } from "./pupil.ts";
import { zernike } from "./zernike.ts";

/** `k` is the spatial frequency in the pupil, 0..NA / wavelength cycles/um. */
export interface Wave {
  readonly na: number;
  /** Wavelength in vacuum, um. */
  readonly wavelength: number;
  /** Largest `k` that counts as a ray; light near and beyond grazing incidence at the coverslip is weak. */
  readonly rays: number;
  /** Field per unit of area in k, in scalar theory. */
  amplitude(k: number): number;
  /** Phase at defocus 0, waves. */
  phase(k: number): number;
  /** Phase per um of defocus, waves. */
  axial(k: number): number;
  /** The counterpart of the amplitude in vectorial theory. */
  polarised(k: number): PolarisedAmplitude;
}

/**
 * Field per unit of area in k behind the objective, where all rays are parallel to the axis, of dipoles in the sample
 * (real, imag). Dipoles across the axis give `s` perpendicular to the plane of incidence and `lateral` in it; dipoles
 * along the axis give `axial` in it.
 */
export interface PolarisedAmplitude {
  s: readonly [number, number];
  lateral: readonly [number, number];
  axial: readonly [number, number];
}

export interface WaveOptions {
  /**
   * The sine condition's amplitude 1 / sqrt(cos theta) for each area of k, sqrt(cos theta) for each angle (Richards &
   * Wolf, Proc. R. Soc. A 253, 358 (1959), eq. 2.10), which weights steep rays more. Default: uniform.
   */
  aplanatic?: boolean | undefined;
}

/**
 * The wave of a point in the immersion medium itself, with the exact phase of defocus.
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

/** The range of defocus, um, in which the rays cross the axis; both ends are equal without aberrations. */
export function waveCaustic(wave: Wave): [number, number] {
  const crossings = slopes(wave).map(({ phase, axial }) => -phase / axial);
  return [Math.min(...crossings), Math.max(...crossings)];
}

/**
 * Slopes of the phase, um, and of {@link Wave.axial}, um per um of defocus, from the centre of the pupil to its rim.
 */
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
