/** The widefield PSF of a camera: all light that the objective collects reaches the pixels. */

import { nextPowerOfTwo } from "../../array/fft.ts";
import { requireMemory } from "../../array/require-memory.ts";
import { ParfocalError } from "../../errors.ts";
import { requirePlausible } from "../../image/plausible-calibration.ts";
import { findFocus } from "./find-focus.ts";
import { createIntensity } from "./fine-intensity.ts";
import { isEvenLight, isGridSize, isSymmetricLight, type Light, lightRadius } from "./light.ts";
import { integrateOverPixels } from "./pixel-integration.ts";
import type { PsfModel, PsfOptions } from "./psf-model.ts";
import { nyquistPixelSize } from "./pupil.ts";
import { waveAxialPeriod } from "./wave.ts";

/**
 * The widefield PSF of any light: its intensity, integrated over square camera pixels.
 *
 * The pupil is sampled so finely that the defocused PSF does not wrap, and its transform so finely that the intensity
 * (band limit 2 NA / lambda) does not alias. The total light is 1 at every defocus (Parseval). Pixels coarser than
 * `nyquistPixelSize` lose detail, as they do in a camera; this is not an error.
 */
export function widefieldModel(light: Light): PsfModel {
  const { na, wavelength } = light.wave;
  const intensity = createIntensity(light);
  const nyquist = nyquistPixelSize(light.wave);
  const size = (pixelSize: number, defocus: number) => gridSize(light, pixelSize, defocus);
  return {
    na,
    wavelength,
    even: isEvenLight(light),
    scanned: false,
    symmetric: isSymmetricLight(light),
    focus: findFocus([light]),
    nyquistPixelSize: nyquist,
    axialPeriod: waveAxialPeriod(light.wave),
    radius: (defocus) => lightRadius(light, defocus),
    size,
    psf(options) {
      const { pixelSize, defocus, width } = checkPsfOptions(options, size);
      // Slightly coarser than Nyquist is allowed: the aliased signal is below a thousandth, and the work is a fourth.
      const finer = nextPowerOfTwo(pixelSize / (1.05 * nyquist));
      const fine = intensity(pixelSize / finer, width * finer, defocus);
      return { data: integrateOverPixels(fine, finer), size: width };
    },
  };
}

/**
 * Width of a PSF in pixels (a power of two): the light cone, with diffraction rings outside it on either side, and at
 * least 20 lambda / NA, 33 Airy radii, of rings. What lies beyond, below 1 % of the light, wraps and interferes:
 * measured against direct integration of the pupil, pixels are off by 1 % of the peak in focus and by up to 3 % of the
 * (then low) peak far from it; twice the size brings both below 1 %.
 */
export function gridSize(light: Light, pixelSize: number, defocus: number): number {
  const unit = light.wave.wavelength / light.wave.na;
  const radius = Math.max(20 * unit, lightRadius(light, defocus) + 10 * unit);
  return Math.max(16, nextPowerOfTwo(Math.ceil((2 * radius) / pixelSize)));
}

/** @throws `usage` for impossible pixels, defocus or sizes */
export function checkPsfOptions(options: PsfOptions, size: PsfModel["size"]) {
  const { pixelSize, defocus = 0 } = options;
  requirePlausible("pixel_size", pixelSize);
  const width = options.size ?? (Number.isFinite(defocus) ? size(pixelSize, defocus) : Number.NaN);
  if (!Number.isFinite(defocus) || width > 4096 || !isGridSize(width)) {
    const message =
      `Optics: a PSF ${width} pixels wide at defocus ${defocus} um cannot be computed; ` +
      "expected an even size 2^a 3^b 5^c up to 4096: take a smaller defocus or larger pixels.";
    throw new ParfocalError("usage", message, { option: "defocus", got: defocus, expected: "at most 4096 pixels" });
  }
  // Field, intensity, spectrum and the transform's own, float64.
  requireMemory({
    what: `A PSF of ${width} x ${width} pixels of ${pixelSize} um at ${defocus} um from focus`,
    bytes: 64 * width ** 2,
    advice: "a smaller defocus or larger pixels",
    option: "defocus",
  });
  return { pixelSize, defocus, width };
}
