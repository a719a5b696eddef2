/** The error of a complex field against the ground truth. */
import { ParfocalError } from "../errors.ts";
import type { ComplexField } from "../optics/imaging/complex-field.ts";

export interface FieldError {
  /** Root mean square of the phase difference after subtraction of one constant for the whole field, radians. */
  phase_rms_rad: number;
  /** Root mean square of the difference of the amplitudes. */
  amplitude_rms: number;
  /** Mean absolute error of real and imaginary part. */
  mae: number;
}

/**
 * Compares two fields. Phase differences are taken between -pi and pi, without unwrapping. The subtracted constant is
 * the one of the largest overlap, the angle of sum(output conj(truth)). All pixels count equally, those of the specimen
 * and those of the background.
 * @throws image.unfit for fields of different sizes
 */
export function fieldError(output: ComplexField, truth: ComplexField): FieldError {
  if (output.height !== truth.height || output.width !== truth.width) {
    const detail = `fields of ${output.height} x ${output.width} and ${truth.height} x ${truth.width} pixels`;
    throw new ParfocalError("image.unfit", `Only fields of the same size can be compared, but these are ${detail}.`, {
      detail,
    });
  }
  const size = truth.real.length;
  let [re, im] = [0, 0];
  for (let i = 0; i < size; i++) {
    re += output.real[i] * truth.real[i] + output.imag[i] * truth.imag[i];
    im += output.imag[i] * truth.real[i] - output.real[i] * truth.imag[i];
  }
  const length = Math.hypot(re, im) || 1;
  const [c, s] = [re / length, -im / length];
  let [phase, amplitude, absolute] = [0, 0, 0];
  for (let i = 0; i < size; i++) {
    const [a, b, x, y] = [output.real[i], output.imag[i], truth.real[i], truth.imag[i]];
    const [across, along] = [b * x - a * y, a * x + b * y];
    phase += Math.atan2(across * c + along * s, along * c - across * s) ** 2;
    amplitude += (Math.hypot(a, b) - Math.hypot(x, y)) ** 2;
    absolute += Math.abs(a - x) + Math.abs(b - y);
  }
  return {
    phase_rms_rad: Math.sqrt(phase / size),
    amplitude_rms: Math.sqrt(amplitude / size),
    mae: absolute / (2 * size),
  };
}
