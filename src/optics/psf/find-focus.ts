/** Finds the defocus at which a point is sharpest. */
import { isSymmetricLight, type Light } from "./light.ts";
import { gaussLegendre } from "./quadrature.ts";
import { waveAxialPeriod, waveCaustic } from "./wave.ts";
import { wavefrontError, zernikeOrders } from "./zernike.ts";

const NODES = 192;

/**
 * Defocus, um, at which the product of the intensities of several lights on the axis is greatest. The search covers the
 * range in which their rays cross the axis, and four periods beyond it, in steps of an eighth of a period; a parabola
 * through the best three steps refines it. Aberrations that depend on the angle are ignored: to first order they do not
 * change the axis.
 */
export function findFocus(lights: readonly Light[]): number {
  if (lights.every(isSymmetricLight)) return 0;
  const axes = lights.map(onAxis);
  const period = Math.min(...lights.map(({ wave }) => waveAxialPeriod(wave)));
  const ends = lights.map(({ wave }) => waveCaustic(wave));
  const start = Math.min(...ends.map(([low]) => low)) - 4 * period;
  const end = Math.max(...ends.map(([, high]) => high)) + 4 * period;
  const step = period / 8;
  const brightness = (z: number) => axes.reduce((product, axis) => product * axis(z), 1);
  let best = start;
  let most = 0;
  for (let z = start; z <= end; z += step) {
    const value = brightness(z);
    if (value <= most) continue;
    most = value;
    best = z;
  }
  const [before, after] = [brightness(best - step), brightness(best + step)];
  const bend = before - 2 * most + after;
  const found = bend < 0 ? best + (step * (before - after)) / (2 * bend) : best;
  // Rounded to a picometre, which removes rounding errors.
  return Math.round(found * 1e6) / 1e6 + 0;
}

/** Intensity on the axis at a defocus, in any unit. */
function onAxis({ wave, aberrations }: Light): (z: number) => number {
  const { points, weights } = gaussLegendre(NODES);
  const edge = wave.na / wave.wavelength;
  const round = aberrations.filter(({ noll }) => zernikeOrders(noll).m === 0);
  const nodes = Array.from(points, (x, i) => {
    const share = Math.sin(((x + 1) * Math.PI) / 4);
    const k = edge * share;
    return {
      field: wave.amplitude(k) * k * weights[i] * Math.cos(((x + 1) * Math.PI) / 4),
      phase: wave.phase(k) + wavefrontError(round, share, 0),
      axial: wave.axial(k),
    };
  });
  return (z) => {
    let re = 0;
    let im = 0;
    for (const { field, phase, axial } of nodes) {
      const angle = 2 * Math.PI * (phase + axial * z);
      re += field * Math.cos(angle);
      im += field * Math.sin(angle);
    }
    return re * re + im * im;
  };
}
