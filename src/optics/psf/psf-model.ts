/** The interface of all models of a point spread function. */

/** A point spread function of one defocus. */
export interface Psf {
  /**
   * Share of the point's light that each pixel receives: `[size, size]`, centre at `[size / 2, size / 2]`. In wide
   * field the sum is 1 at every defocus; in sectioning modes (confocal, light sheet) it is 1 in focus and falls with
   * defocus.
   */
  data: Float64Array;
  /** Width in pixels, even. */
  size: number;
}

export interface PsfOptions {
  /** Camera pixel in the specimen plane, um. */
  pixelSize: number;
  /** z(emitter) - z(focal plane), um; default 0. */
  defocus?: number | undefined;
  /**
   * Width in pixels, even and 2^a 3^b 5^c; default that of the model. In a smaller one, light beyond the edges wraps or
   * is cut off.
   */
  size?: number | undefined;
}

export interface PsfModel {
  /** Numerical aperture of the detection. */
  readonly na: number;
  /** Emission wavelength in vacuum, um. */
  readonly wavelength: number;
  /** Whether the PSF is even in x and in y at every defocus, so that the OTF is real. */
  readonly even: boolean;
  /** Whether the image is scanned point by point, and not integrated over the pixels of a camera. */
  readonly scanned: boolean;
  /** Whether the PSF is the same on both sides of focus. */
  readonly symmetric: boolean;
  /**
   * Defocus, um, at which the centre of the PSF is brightest. It is 0 unless aberrations or layers of another index
   * move it; give
   * `defocus: model.focus` for the PSF in focus.
   */
  readonly focus: number;
  /** Nyquist limit: the coarsest pixel, um, that keeps everything that the optics resolve. */
  readonly nyquistPixelSize: number;
  /** Period, um, of the finest detail along z; the Nyquist limit of the z step is half of it. */
  readonly axialPeriod: number;
  /** Radius, um, of the light of a point in geometrical optics; diffraction adds some wavelength / NA. */
  radius(defocus: number): number;
  /** Width in pixels that a PSF needs: 2^a, 16 or more. */
  size(pixelSize: number, defocus: number): number;
  /** @throws `usage` for impossible pixels, defocus or sizes */
  psf(options: PsfOptions): Psf;
}
