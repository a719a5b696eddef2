/** A pupil on the grid of a Fourier transform: the samples inside its aperture. */
import type { Light } from "./light.ts";
import { isRadial, wavefrontError } from "./zernike.ts";

export interface PupilSamples {
  /** Index of each sample in its grid. */
  readonly place: Int32Array;
  /** Index of the mirrored sample: of a rotationally symmetric quarter only the half u <= v is sampled. */
  readonly mirror?: Int32Array;
  /** Components of the field at defocus 0: one in scalar theory, five in vectorial. */
  readonly fields: readonly { readonly re: Float64Array; readonly im: Float64Array }[];
  /** Waves for each um of defocus. */
  readonly axial: Float64Array;
}

/**
 * Weight of each component. For dipoles in all directions, Ex of dipoles along y equals Ey of dipoles along x, so one
 * component counts twice. A laser polarised along x makes at its focus the fields that a dipole along x there would
 * send back (reciprocity): along x, y and z.
 */
export const componentWeights = (polarised: "x" | "y" | undefined): readonly number[] =>
  polarised === undefined ? [1, 2, 1, 1, 1] : polarised === "x" ? [1, 1, 0, 1, 0] : [0, 1, 1, 0, 1];

/**
 * @param n of the whole grid, `pitch` um apart in the image
 * @param part "quarter": rows and columns 0..n / 2 of an even pupil; "whole": all, negative frequencies at the end
 */
export function samplePupil(light: Light, n: number, pitch: number, part: "quarter" | "whole"): PupilSamples {
  const { wave, aberrations, vectorial } = light;
  const step = 1 / (n * pitch);
  const edge = wave.na / wave.wavelength / step;
  const reach = Math.min(n / 2 - 1, Math.ceil(edge));
  const columns = part === "quarter" ? n / 2 + 1 : n;
  const lowest = part === "quarter" ? 0 : -reach;
  const halved = part === "quarter" && isRadial(aberrations);
  const places: number[] = [];
  const mirrors: number[] = [];
  const axial: number[] = [];
  const fields = Array.from({ length: vectorial ? 5 : 1 }, () => ({ re: [] as number[], im: [] as number[] }));
  for (let v = lowest; v <= reach; v++) {
    for (let u = lowest; u <= (halved ? v : reach); u++) {
      // A sample at the edge of the aperture is weighted by the share of it that lies inside.
      const radius = Math.hypot(u, v);
      const share = Math.min(1, edge - radius + 0.5);
      if (share <= 0) continue;
      const k = Math.min(radius, edge) * step;
      const phi = Math.atan2(v, u);
      places.push(((v + n) % n) * columns + ((u + n) % n));
      if (halved) mirrors.push(u * columns + v);
      axial.push(wave.axial(k));
      const error = aberrations.length === 0 ? 0 : wavefrontError(aberrations, Math.min(1, radius / edge), phi);
      const angle = 2 * Math.PI * (wave.phase(k) + error);
      const [cos, sin] = [share * Math.cos(angle), share * Math.sin(angle)];
      componentsAt(light, k, phi).forEach(([re, im], c) => {
        fields[c].re.push(re * cos - im * sin);
        fields[c].im.push(re * sin + im * cos);
      });
    }
  }
  return {
    place: Int32Array.from(places),
    ...(halved ? { mirror: Int32Array.from(mirrors) } : {}),
    axial: Float64Array.from(axial),
    fields: fields.map(({ re, im }) => ({ re: Float64Array.from(re), im: Float64Array.from(im) })),
  };
}

/**
 * The field behind the objective. In vectorial theory: Ex of a dipole along x, Ey of it (and Ex of one along y), Ey of
 * one along y, Ex and Ey of one along z; p-polarised light is rotated into the direction (cos phi, sin phi).
 */
function componentsAt({ wave, vectorial }: Light, k: number, phi: number): (readonly [number, number])[] {
  if (!vectorial) return [[wave.amplitude(k), 0]];
  const { s, lateral: p, axial } = wave.polarised(k);
  const [cos, sin] = [Math.cos(phi), Math.sin(phi)];
  const mix = (a: number, b: number): [number, number] => [a * s[0] + b * p[0], a * s[1] + b * p[1]];
  return [
    mix(sin * sin, cos * cos),
    mix(-sin * cos, sin * cos),
    mix(cos * cos, sin * sin),
    [axial[0] * cos, axial[1] * cos],
    [axial[0] * sin, axial[1] * sin],
  ];
}

/** Writes component `c` at a defocus into a grid of zeros. */
export function placeField(samples: PupilSamples, c: number, defocus: number, re: Float64Array, im: Float64Array) {
  const { place, mirror, axial } = samples;
  const field = samples.fields[c];
  for (let i = 0; i < place.length; i++) {
    const angle = 2 * Math.PI * defocus * axial[i];
    const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
    const a = field.re[i] * cos - field.im[i] * sin;
    const b = field.re[i] * sin + field.im[i] * cos;
    re[place[i]] = a;
    im[place[i]] = b;
    if (mirror) {
      re[mirror[i]] = a;
      im[mirror[i]] = b;
    }
  }
}
