/** What every model of a point spread function is: numbers about it, and its picture at each defocus. */

/** A point spread function of one defocus. */
export interface Psf {
  /**
   * Share of the point's light that each pixel receives: `[size, size]`, centre at `[size / 2, size / 2]`. In wide field
   * the sum is 1 at every defocus; where light out of focus is rejected or never made (confocal, light sheet), it is 1
   * in focus and less elsewhere: that is the optical section.
   */
  data: Float64Array;
  /** Width in pixels, even. */
  size: number;
}

export interface PsfOptions {
  /** Camera pixel in the sample, um. */
  pixelSize: number;
  /** z(object) - z(focal plane), um; default 0. */
  defocus?: number | undefined;
  /** Width in pixels, even and 2^a 3^b 5^c; default that of the model. A smaller one wraps or cuts off what misses it. */
  size?: number | undefined;
}

export interface PsfModel {
  /** Of the emission. */
  readonly na: number;
  /** Of the emission in vacuum, um. */
  readonly wavelength: number;
  /** Even in x and in y at every defocus, so that the OTF is real. */
  readonly even: boolean;
  /** Recorded point by point by a scanned focus, and not integrated over a camera's pixels. */
  readonly scanned: boolean;
  /** The same on both sides of focus. */
  readonly symmetric: boolean;
  /**
   * Defocus, um, at which a point is sharpest: its middle is brightest. 0, unless aberrations or layers of another index
   * move it: the way to write "in focus" for them is `defocus: model.focus`.
   */
  readonly focus: number;
  /** Coarsest pixel, um, that keeps everything that is resolved. */
  readonly nyquistPixelSize: number;
  /** Period, um, of the finest detail along z; planes at most half as far apart keep everything. */
  readonly axialPeriod: number;
  /** Radius, um, that the light of a point reaches by rays: diffraction adds some wavelength / NA. */
  radius(defocus: number): number;
  /** Width in pixels that a PSF needs: 2^a, 16 or more. */
  size(pixelSize: number, defocus: number): number;
  /** @throws `usage` for impossible pixels, defocus or sizes */
  psf(options: PsfOptions): Psf;
}
