/** The contrast of speckle in focus after a wavelet, by which the low frequencies of a HiLo section are divided. */
import { pupilContrast } from "../../optics/imaging/pupil-contrast.ts";
import type { Pupil } from "../../optics/psf/pupil.ts";

/** The light of a HiLo microscope. */
export interface HiloOptics {
  /** Camera pixel in the specimen plane, um. */
  pixelSize: number;
  /** The objective with the wavelength of the emission. */
  detection: Pupil;
  /** The objective with the wavelength of the laser; default the detection's, a few per cent off. */
  illumination?: Pupil | undefined;
}

/**
 * Weight of the low frequencies that restores a uniform layer in focus: 1 / C0, C0 being the standard deviation of its
 * speckle image, relative to the mean, after the wavelet. Fully developed speckle has variance 1 and the illumination's
 * OTF as its power spectrum (Goodman, Speckle Phenomena in Optics, 2007, sec. 4.4), of which the camera records
 *
 *   C0^2 = sum |W(k) (1 - G(k)) H_detection(k)|^2 H_illumination(k) / sum H_illumination(k)
 *
 * (as the ImageJ plugin of Lim 2011 does it; 1 - G is what dividing by local means leaves).
 *
 * @param wavelet sigma of W, pixels
 * @param local sigma of the Gaussian G that local means are taken with, pixels
 * @throws `usage` for impossible optics
 */
export function speckleWeight(
  { pixelSize, detection, illumination = detection }: HiloOptics,
  wavelet: number,
  local: number,
): number {
  const cutoff = (2 * illumination.na) / illumination.wavelength;
  const seen = radial((k) => pupilContrast(detection, k, 0), cutoff);
  const light = radial((k) => pupilContrast(illumination, k, 0), cutoff);
  const steps = 200;
  let [passed, all] = [0, 0];
  for (let v = 0; v < steps; v++) {
    for (let u = 0; u < steps; u++) {
      const [x, y] = [((u + 0.5) / steps) * cutoff, ((v + 0.5) / steps) * cutoff];
      const k = Math.hypot(x, y);
      if (k >= cutoff) continue;
      // The Gaussian of s pixels passes exp(-2 (pi s k)^2), k in cycles/pixel.
      const fine = Math.exp(-2 * (Math.PI * wavelet * k * pixelSize) ** 2);
      const mean = Math.exp(-2 * (Math.PI * local * k * pixelSize) ** 2);
      const pixel = sinc(x * pixelSize) * sinc(y * pixelSize);
      passed += ((fine - fine * fine) * (1 - mean) * seen(k) * pixel) ** 2 * light(k);
      all += light(k);
    }
  }
  return Math.sqrt(all / passed);
}

const sinc = (x: number) => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));

/** A smooth curve from 65 of its points. */
function radial(curve: (k: number) => number, end: number): (k: number) => number {
  const values = Array.from({ length: 66 }, (_, i) => curve((i / 64) * end));
  return (k) => {
    const at = (k / end) * 64;
    const i = Math.min(64, Math.floor(at));
    return values[i] + (at - i) * (values[i + 1] - values[i]);
  };
}
