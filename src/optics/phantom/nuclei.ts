/** The specimen `nuclei`: cell nuclei with stained DNA. */
import { z } from "zod";
import type { Random } from "../../array/random.ts";
import { createNoiseLattice } from "./noise.ts";
import { drawNucleus, type Nucleus, randomNucleus } from "./nucleus.ts";
import { brightnessSpread, countInBox, definePhantom, range } from "./phantom.ts";
import { anywhere, placeApart } from "./place-apart.ts";
import type { Volume } from "./volume.ts";

const counts = range(0).refine((pair) => pair.every(Number.isInteger), "expected whole numbers");

const nucleiOptions = z.strictObject({
  nuclei: z.number().positive().default(24).describe("nuclei per 100 x 100 um; fewer where there is no space"),
  diameter: range(0.5).default([9, 15]).describe("mean lateral diameter, um; 6 to 15 is common"),
  elongation: range(1).default([1, 1.6]).describe("ratio of length to width"),
  height: range(0.2)
    .default([5, 8])
    .describe("height along z, um; 4 to 8 in flat cells on glass, about the diameter in tissue"),
  depth_range: range().default([-1, 1]).describe("lowest and highest centre of a nucleus, um"),
  irregularity: z
    .number()
    .min(0)
    .max(0.15)
    .default(0.03)
    .describe("irregularity of the outline relative to the radius"),
  chromatin: z.number().min(0).max(1).default(1).describe("contrast of the chromatin texture; 0: uniform"),
  nucleoli: counts.default([1, 4]).describe("dark nucleoli per nucleus"),
  chromocentres: counts.default([0, 8]).describe("bright chromocentres per nucleus; 10 to 20 in mouse cells"),
  brightness_spread: brightnessSpread(0.5),
});

/**
 * Interphase nuclei. Sizes: 6 to 15 um across in mammals (Alberts, Molecular Biology of the Cell, 6th ed., ch. 4 and
 * BioNumbers 101402), flattened to 4 to 8 um on glass; chromatin domains of 0.2 to 1 um and heterochromatin at the
 * envelope and around nucleoli (Solovei et al. 2009); nucleoli 1 to 3 um, 1 to 4 of them.
 */
export const nuclei = definePhantom({
  kind: "nuclei",
  summary: "cell nuclei with chromatin texture and dark nucleoli, side by side",
  options: nucleiOptions,
  // An irregular outline reaches beyond the ellipsoid.
  extent: ({ depth_range: [low, high], height }) => [low - 0.6 * height[1], high + 0.6 * height[1]],
  draw: drawNuclei,
});

function drawNuclei(volume: Volume, options: z.output<typeof nucleiOptions>, random: Random) {
  const sides = { width: volume.width * volume.pixelSize, height: volume.height * volume.pixelSize };
  const places = random.fork(0);
  const placed = placeApart(countInBox(volume, options.nuclei), sides, () => {
    const radius = places.between(...options.diameter) / 2;
    const stretch = Math.sqrt(places.between(...options.elongation));
    const semi = [radius * stretch, radius / stretch, places.between(...options.height) / 2] as const;
    const depth = places.between(...options.depth_range);
    const shape = { semi, angle: places.between(0, Math.PI) };
    return { ...anywhere(sides, places), z: depth, radius: semi[0] * 1.04, halfHeight: semi[2] * 1.04, ...shape };
  });
  const style = {
    irregularity: options.irregularity,
    brightnessSpread: options.brightness_spread,
    nucleoli: options.nucleoli,
    chromocentres: options.chromocentres,
  };
  const inner = random.fork(1);
  const lattice = createNoiseLattice(random.fork(2));
  const drawn = placed.map(({ x, y, z: depth, semi, angle }): Nucleus => {
    return { ...randomNucleus(semi, angle, style, inner), x, y, z: depth };
  });
  for (const nucleus of drawn) drawNucleus(volume, nucleus, lattice, options.chromatin);
  return drawn.map(describeNucleus);
}

/** The entry of a nucleus in the list of objects. */
export function describeNucleus({ x, y, z: depth, semi, angle, brightness }: Nucleus) {
  return { kind: "nucleus", x, y, z: depth, semi_axes: [...semi], angle, brightness };
}
