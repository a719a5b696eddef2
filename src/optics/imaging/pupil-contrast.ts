/**
 * The contrast of a grid that an objective transfers at a defocus: its incoherent transfer function at one frequency.
 */
import { checkPupil, type Pupil, pupilPhase } from "../psf/pupil.ts";

/** Half the samples across the overlap of the two pupils. Measured at NA 0.8: 64 and 256 differ by less than 1e-3. */
const SAMPLES = 96;

/**
 * The OTF of a pupil without a camera, by direct integration: the overlap of the pupil with itself moved by the
 * frequency, H(k) = integral P(q + k/2) conj P(q - k/2) dq / integral |P|^2 dq (Goodman, Introduction to Fourier
 * Optics, eq. 6-28, with the exact phase of defocus as in pupil.ts). Real, because the pupil is even; below 0 where
 * contrast is reversed.
 *
 * @param frequency cycles/um; 0 beyond the cut-off 2 NA / lambda
 * @param defocus z(emitter) - z(focal plane), um
 * @returns -1..1, 1 at frequency 0
 */
export function pupilContrast(pupil: Pupil, frequency: number, defocus: number): number {
  checkPupil(pupil);
  const radius = pupil.na / pupil.wavelength;
  const half = Math.abs(frequency) / 2;
  if (half >= radius) return 0;
  // The overlap is a lens: for every height v, u runs to the nearer of the two circles. Its symmetry leaves a quarter.
  const top = Math.sqrt(radius * radius - half * half);
  const samples = Math.max(SAMPLES, 4 * Math.ceil(cyclesAcross(pupil, half, defocus)));
  let sum = 0;
  for (let i = 0; i < samples; i++) {
    // Midpoints in the angle: their weight falls to 0 at the tip of the lens, where its width has a square root.
    const angle = ((i + 0.5) / samples) * (Math.PI / 2);
    const v = top * Math.sin(angle);
    const reach = Math.sqrt(radius * radius - v * v) - half;
    let line = 0;
    for (let j = 0; j < samples; j++) {
      const u = ((j + 0.5) / samples) * reach;
      const near = pupilPhase(pupil, Math.hypot(u - half, v), defocus);
      const far = pupilPhase(pupil, Math.hypot(u + half, v), defocus);
      line += Math.cos(2 * Math.PI * (far - near));
    }
    sum += ((line * reach) / samples) * top * Math.cos(angle);
  }
  return (4 * sum * (Math.PI / 2)) / samples / (Math.PI * radius * radius);
}

/** Approximate number of periods of the phase difference across the overlap; it is 0 in the middle. */
function cyclesAcross(pupil: Pupil, half: number, defocus: number): number {
  const radius = pupil.na / pupil.wavelength;
  const at = (k: number) => pupilPhase(pupil, k, defocus);
  return Math.abs(at(radius) - at(Math.abs(radius - 2 * half)));
}
