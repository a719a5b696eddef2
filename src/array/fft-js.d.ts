/** The part of fft.js 4 that is used here; the package brings no types. */
declare module "fft.js" {
  class FFT {
    /** @param size a power of two, at least 2 */
    constructor(size: number);
    /** Forward, without scaling. Arrays hold interleaved re, im: 2 x size numbers, and must not be the same. */
    transform(out: Float64Array, data: Float64Array): void;
    /** Inverse, divided by size. */
    inverseTransform(out: Float64Array, data: Float64Array): void;
  }
  export = FFT;
}
