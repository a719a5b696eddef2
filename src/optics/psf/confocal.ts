/** The confocal microscope: a scanned focus of light, detected through a pinhole. */
import { besselJ1 } from "../../array/bessel.ts";
import { createRealFft2, nextPowerOfTwo } from "../../array/fft.ts";
import { findFocus } from "./find-focus.ts";
import { createIntensity, type FineIntensity, wholeIntensity } from "./fine-intensity.ts";
import { isEvenLight, isSymmetricLight, type Light, lightRadius } from "./light.ts";
import type { PsfModel } from "./psf-model.ts";
import { requirePositive } from "./pupil.ts";
import { waveAxialPeriod } from "./wave.ts";
import { checkPsfOptions, gridSize } from "./widefield-model.ts";

export interface ConfocalOptions {
  /** The exciting light, through the same objective. */
  excitation: Light;
  /** Diameter of the pinhole in Airy units: 1 is the Airy disc of the emission, 1.22 lambda / NA in the specimen. */
  pinhole: number;
}

/**
 * h(r, z) = excitation(r, z) x (emission(r, z) convolved with the pinhole's disc), both about the same point.
 *
 * Source: Wilson & Sheppard, Theory and Practice of Scanning Optical Microscopy (1984), ch. 3; Webb, Rep. Prog. Phys.
 * 59, 427 (1996), eq. 9. A scanned image's pixels are points: nothing is integrated over them. The sum of the PSF over
 * a plane falls with defocus (that is the optical section); it is 1 in focus.
 *
 * @param emission the light of the point itself
 * @throws `usage` for a pinhole that is not a number above 0
 */
export function confocalModel(emission: Light, options: ConfocalOptions): PsfModel {
  const { excitation, pinhole } = options;
  requirePositive("pinhole", pinhole, "the pinhole's diameter in Airy units, such as 1");
  const { na, wavelength } = emission.wave;
  const radii = [emission, excitation].map(({ wave }) => wave.na / wave.wavelength);
  const periods = [emission, excitation].map(({ wave }) => waveAxialPeriod(wave));
  const diameter = (pinhole * 1.22 * wavelength) / na;
  /** Coarsest samples, um, that resolve each of the two intensities before they are multiplied. */
  const pitchLimit = 1 / (4 * Math.max(...radii));
  // Points outside the excitation light do not fluoresce, so the PSF is no wider than the narrower of the two.
  const size = (pixelSize: number, defocus: number) =>
    Math.min(gridSize(emission, pixelSize, defocus), gridSize(excitation, pixelSize, defocus));

  const emitted = createIntensity(emission);
  const exciting = createIntensity(excitation);
  let through: { n: number; pitch: number; pinhole: (image: Float64Array) => void } | undefined;
  /** `[n, n]`, centre at index 0: densities for each um^2 multiplied. */
  const product = (pitch: number, n: number, defocus: number): Float64Array => {
    const detected = density(emitted(pitch, n, defocus), pitch);
    const lit = density(exciting(pitch, n, defocus), pitch);
    if (through?.n !== n || through.pitch !== pitch) {
      through = { n, pitch, pinhole: createPinhole(n, pitch, diameter) };
    }
    through.pinhole(detected);
    for (let i = 0; i < detected.length; i++) detected[i] = Math.max(0, detected[i]) * lit[i];
    return detected;
  };
  const axialPeriod = 1 / (1 / periods[0] + 1 / periods[1]);
  const focus = findFocus([emission, excitation]);
  let inFocus: number | undefined;

  return {
    na,
    wavelength,
    even: isEvenLight(emission) && isEvenLight(excitation),
    scanned: true,
    symmetric: isSymmetricLight(emission) && isSymmetricLight(excitation),
    focus,
    nyquistPixelSize: 1 / (4 * (radii[0] + radii[1])),
    axialPeriod,
    // Four periods from focus only a hundredth of the light is left, so light that spreads farther can be neglected.
    radius(defocus) {
      const near = Math.min(Math.abs(defocus - focus), 4 * axialPeriod) + Math.abs(focus);
      return Math.min(lightRadius(emission, near), lightRadius(excitation, near));
    },
    size,
    psf(request) {
      const { pixelSize, defocus, width } = checkPsfOptions(request, size);
      inFocus ??= product(pitchLimit, size(pitchLimit, focus), focus).reduce((a, b) => a + b, 0) * pitchLimit ** 2;
      const finer = nextPowerOfTwo(pixelSize / (1.05 * pitchLimit));
      const n = width * finer;
      const fine = product(pixelSize / finer, n, defocus);
      const data = new Float64Array(width * width);
      const half = width / 2;
      const scale = (pixelSize * pixelSize) / inFocus;
      for (let y = 0; y < width; y++) {
        const row = ((y + half) % width) * finer * n;
        for (let x = 0; x < width; x++) data[y * width + x] = scale * fine[row + ((x + half) % width) * finer];
      }
      return { data, size: width };
    },
  };
}

/** The intensity as light per um^2, normalised to a total of 1. */
function density(intensity: FineIntensity, pitch: number): Float64Array {
  const whole = wholeIntensity(intensity);
  let sum = 0;
  for (let i = 0; i < whole.length; i++) sum += whole[i];
  const scale = 1 / ((intensity.total ?? sum) * pitch * pitch);
  for (let i = 0; i < whole.length; i++) whole[i] *= scale;
  return whole;
}

/** Convolution with a disc whose integral is 1, in place: its spectrum is 2 J1(pi D k) / (pi D k). */
function createPinhole(n: number, pitch: number, diameter: number): (image: Float64Array) => void {
  const plan = createRealFft2(n, n);
  const columns = plan.spectrumWidth;
  const disc = new Float64Array(n * columns);
  for (let v = 0; v < n; v++) {
    for (let u = 0; u < columns; u++) {
      const x = (Math.PI * diameter * Math.hypot(Math.min(v, n - v), u)) / (n * pitch);
      disc[v * columns + u] = x === 0 ? 1 : (2 * besselJ1(x)) / x;
    }
  }
  const real = new Float64Array(n * columns);
  const imag = new Float64Array(n * columns);
  return (image) => {
    plan.forward(image, real, imag);
    for (let i = 0; i < disc.length; i++) {
      real[i] *= disc[i];
      imag[i] *= disc[i];
    }
    plan.inverse(real, imag, image);
  };
}
