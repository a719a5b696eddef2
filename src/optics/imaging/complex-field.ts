/** A monochromatic light field in one plane: amplitude and phase of every pixel as one complex number. */
import type { FftArray } from "../../array/fft.ts";
import { ParfocalError } from "../../errors.ts";
import type { Plane } from "../../image/image.ts";

/**
 * `[height, width]`, row-major. Light that travels a distance d gains exp(+i 2 pi n d / lambda), so that a specimen of
 * higher refractive index has a positive phase. Both parts have the same precision.
 */
export interface ComplexField {
  real: FftArray;
  imag: FftArray;
  height: number;
  width: number;
}

/**
 * The field of an amplitude and a phase in radians (0 everywhere where absent).
 * @throws `image.unfit` when the sizes differ
 */
export function fieldOf(amplitude: Plane, phase?: Plane): ComplexField {
  const { data, height, width } = amplitude;
  if (phase && (phase.height !== height || phase.width !== width)) {
    const detail =
      `Field: the amplitude has ${height} x ${width} pixels and the phase ${phase.height} x ${phase.width}; ` +
      "give both at one size.";
    throw new ParfocalError("image.unfit", detail, { detail });
  }
  const real = new Float32Array(data.length);
  const imag = new Float32Array(data.length);
  for (let i = 0; i < data.length; i++) {
    const angle = phase?.data[i] ?? 0;
    real[i] = data[i] * Math.cos(angle);
    imag[i] = data[i] * Math.sin(angle);
  }
  return { real, imag, height, width };
}

/** |U|^2, the intensity that a camera records. */
export function intensityOf({ real, imag, height, width }: ComplexField): Plane {
  const data = Float32Array.from(real, (re, i) => re * re + imag[i] * imag[i]);
  return { data, height, width };
}

/** |U| */
export function amplitudeOf({ real, imag, height, width }: ComplexField): Plane {
  const data = Float32Array.from(real, (re, i) => Math.sqrt(re * re + imag[i] * imag[i]));
  return { data, height, width };
}

/** The angle of U in radians, wrapped into -pi..pi. */
export function phaseOf({ real, imag, height, width }: ComplexField): Plane {
  return { data: Float32Array.from(real, (re, i) => Math.atan2(imag[i], re)), height, width };
}

/**
 * The field divided by a reference field, pixel by pixel, which leaves the effect of the specimen alone. Where the
 * intensity of the reference is below a thousandth of its mean, the quotient is kept finite.
 */
export function divideFields(field: ComplexField, reference: ComplexField): ComplexField {
  const { real, imag, height, width } = field;
  const power = intensityOf(reference).data;
  const floor = (1e-3 * power.reduce((sum, v) => sum + v, 0)) / power.length;
  const re = new Float32Array(real.length);
  const im = new Float32Array(real.length);
  for (let i = 0; i < re.length; i++) {
    const scale = 1 / Math.max(power[i], floor, Number.MIN_VALUE);
    re[i] = (real[i] * reference.real[i] + imag[i] * reference.imag[i]) * scale;
    im[i] = (imag[i] * reference.real[i] - real[i] * reference.imag[i]) * scale;
  }
  return { real: re, imag: im, height, width };
}
