/**
 * Phase from the change of intensity along the light: the transport of intensity equation,
 * div(I grad phi) = -k dI/dz, for light that is at least partly coherent.
 *
 * Source: Teague, J. Opt. Soc. Am. 73, 1434 (1983), with his auxiliary function psi, grad psi = I grad phi; solved by
 * two Poisson equations with Fourier transforms as in Paganin & Nugent, Phys. Rev. Lett. 80, 2586 (1998); boundary and
 * regularisation after Gureyev & Nugent, Opt. Commun. 133, 339 (1997). It cannot recover phase vortices.
 */
import type { Plane } from "../../image/image.ts";
import type { CoherentLight } from "../../optics/imaging/coherent-light.ts";
import { solvePoisson } from "./poisson.ts";
import { preparePlanes, type RecordedPlane } from "./recorded-planes.ts";

export interface TransportOptions {
  /** Position along the light, um, at which the phase is computed; default that of the middle plane. */
  position?: number | undefined;
  /** Spatial frequency, cycles per um, below which the phase is damped; default a fifth of one cycle over the image. */
  cutoff?: number | undefined;
}

/** Intensity (mean 1) and phase in radians (mean 0) at a position along the light, um. */
export interface TransportedPhase {
  intensity: Plane;
  phase: Plane;
  position: number;
}

/**
 * @param planes two or more; the derivative is that of the line through two planes, or of the parabola through the
 * nearest three
 * @throws what `preparePlanes` throws
 */
export function transportOfIntensity(
  planes: readonly RecordedPlane[],
  light: CoherentLight,
  options: TransportOptions = {},
): TransportedPhase {
  const sorted = preparePlanes(planes, light);
  const position = options.position ?? sorted[sorted.length >> 1].position;
  const { height, width } = sorted[0];
  const near = [...sorted]
    .sort((a, b) => Math.abs(a.position - position) - Math.abs(b.position - position))
    .slice(0, 3)
    .sort((a, b) => a.position - b.position);
  const { value, slope } = lagrangeWeights(
    near.map((plane) => plane.position),
    position,
  );
  const combine = (weights: readonly number[]) => {
    const out = new Float32Array(height * width);
    near.forEach(({ data }, p) => {
      for (let i = 0; i < out.length; i++) out[i] += weights[p] * data[i];
    });
    return out;
  };
  const intensity: Plane = { data: combine(value).map((v) => Math.max(0, v)), height, width };
  const change = combine(slope);
  const k = (2 * Math.PI * light.refractiveIndex) / light.wavelength;
  const cutoff = options.cutoff ?? 0.2 / (Math.max(height, width) * light.pixelSize);

  const psi = solvePoisson({ data: change.map((v) => -k * v), height, width }, light.pixelSize, cutoff);
  const source = divergenceOfQuotient(psi, intensity, light.pixelSize);
  return { intensity, phase: solvePoisson(source, light.pixelSize, cutoff), position };
}

/** Lagrange weights of the planes for the value and the slope of the polynomial through them at a position. */
function lagrangeWeights(places: readonly number[], at: number): { value: number[]; slope: number[] } {
  const value = places.map((own, j) =>
    places.reduce((w, other, m) => (m === j ? w : (w * (at - other)) / (own - other)), 1),
  );
  const slope = places.map((own, j) => {
    let sum = 0;
    places.forEach((left, l) => {
      if (l === j) return;
      let term = 1 / (own - left);
      places.forEach((other, m) => {
        if (m !== j && m !== l) term *= (at - other) / (own - other);
      });
      sum += term;
    });
    return sum;
  });
  return { value, slope };
}

/**
 * div(grad psi / I), um^-2, by differences between neighbours. The intensity between two pixels is their mean, and at
 * least a tenth of the overall mean, to limit noise. There is no flow across the edges.
 */
function divergenceOfQuotient(psi: Plane, intensity: Plane, pixelSize: number): Plane {
  const { height, width, data } = psi;
  const out = new Float32Array(data.length);
  const scale = 1 / (pixelSize * pixelSize);
  const flow = (a: number, b: number) => {
    const between = Math.max(0.1, (intensity.data[a] + intensity.data[b]) / 2);
    const f = (scale * (data[b] - data[a])) / between;
    out[a] += f;
    out[b] -= f;
  };
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const i = y * width + x;
      if (x + 1 < width) flow(i, i + 1);
      if (y + 1 < height) flow(i, i + width);
    }
  }
  return { data: out, height, width };
}
