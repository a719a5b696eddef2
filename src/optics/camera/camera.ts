/** A camera: from light to counts, with the noise that this costs. */
import type { Random } from "../../array/random.ts";

export interface Camera {
  /** Detected photons (photoelectrons) where the relative intensity is 1. */
  photons: number;
  /** Detected photons everywhere: stray light, autofluorescence, dark current. */
  background: number;
  /** Standard deviation of the read noise, electrons. */
  readNoise: number;
  /** Counts for one electron. */
  gain: number;
  /** Counts without light. */
  offset: number;
}

/** The largest count of a 16-bit camera. */
const saturation = 65535;

/** Counts that are expected without any noise or saturation: offset + gain x (background + photons x intensity). */
export function expectedCounts(camera: Camera, intensity: number): number {
  return camera.offset + camera.gain * (camera.background + camera.photons * intensity);
}

/**
 * One exposure: Poisson photons, Gaussian read noise, gain, offset, whole counts, saturation at 65535.
 *
 * @param expected counts without noise ({@link expectedCounts})
 * @param counts receives whole numbers in 0..65535, as many as `expected`
 */
export function expose(camera: Camera, expected: Float32Array, counts: Float32Array, random: Random): void {
  const { gain, offset, readNoise } = camera;
  for (let i = 0; i < expected.length; i++) {
    const electrons = random.poisson((expected[i] - offset) / gain) + readNoise * random.normal();
    counts[i] = Math.min(saturation, Math.max(0, Math.round(offset + gain * electrons)));
  }
}
