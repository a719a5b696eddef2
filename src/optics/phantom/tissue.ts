/** The specimen `tissue`: a thick slab of densely packed cells with vessels, fibres and background staining. */
import { z } from "zod";
import type { Random } from "../../array/random.ts";
import { type Curve, thinned, type Vector, wormLikeChain } from "./curve.ts";
import { drawCytoplasm } from "./draw-cytoplasm.ts";
import { drawTubes } from "./draw-tubes.ts";
import { createNoiseLattice } from "./noise.ts";
import { describeNucleus } from "./nuclei.ts";
import { drawNucleus, type Nucleus, randomNucleus } from "./nucleus.ts";
import { brightnessSpread, countInBox, definePhantom, range } from "./phantom.ts";
import { anywhere, placeApart, type Sides } from "./place-apart.ts";
import type { Tube } from "./tube.ts";
import { createTubeMap } from "./tube-map.ts";
import type { Volume } from "./volume.ts";

const tissueOptions = z.strictObject({
  depth_range: range().default([-15, 15]).describe("bottom and top of the slab, um"),
  cells: z.number().positive().default(80).describe("cells per 100 x 100 x 10 um; fewer where there is no space"),
  nucleus_diameter: range(1).default([6, 9]).describe("diameter of the nuclei, um"),
  cytoplasm: z.number().min(0).max(0.5).default(0.1).describe("brightness of the cytoplasm relative to the nuclei"),
  vessels: z.number().nonnegative().default(1.5).describe("unstained vessels per 100 x 100 um"),
  vessel_diameter: range(1).default([5, 12]).describe("diameter of the vessels, um; capillaries 5 to 10"),
  fibres: z.number().nonnegative().default(14).describe("thin bright fibres per 100 x 100 um"),
  background_staining: z
    .number()
    .min(0)
    .max(0.5)
    .default(0.04)
    .describe("unspecific staining of the whole slab relative to the nuclei, which blurs into background"),
  brightness_spread: brightnessSpread(0.6),
});

type Options = z.output<typeof tissueOptions>;

/**
 * A tissue slice on a slide: densely packed cells (8 to 15 um apart, nuclei of 6 to 9 um) with weakly stained
 * cytoplasm, unstained capillaries (5 to 10 um, BioNumbers), wavy fibres about a micrometre thick, and unspecific
 * background staining. Most of the light is out of focus in every focal plane.
 */
export const tissue = definePhantom({
  kind: "tissue",
  summary: "a thick slab of densely packed cells with vessels, fibres and background staining",
  options: tissueOptions,
  extent: ({ depth_range: [low, high] }) => [low - 1, high + 1],
  draw: drawTissue,
});

function drawTissue(volume: Volume, options: Options, random: Random) {
  const [low, high] = options.depth_range;
  const sides = { width: volume.width * volume.pixelSize, height: volume.height * volume.pixelSize };
  const lattice = createNoiseLattice(random.fork(0));
  const vessels = growVessels(volume, options, sides, random.fork(1));
  const lumen = createTubeMap(vessels, sides, Math.max(0.75, 1.5 * volume.pixelSize));
  const nuclei = placeNuclei(volume, options, sides, random.fork(2)).filter(
    (nucleus) => lumen(nucleus.x, nucleus.y, nucleus.z) > 0.8 * Math.max(...nucleus.semi),
  );
  const fibres = growFibres(volume, options, sides, random.fork(3));

  drawCytoplasm(volume, nuclei, {
    low,
    high,
    cytoplasm: options.cytoplasm,
    background: options.background_staining,
    lumen,
    lattice,
  });
  for (const nucleus of nuclei) drawNucleus(volume, nucleus, lattice, 0.8);
  drawTubes(volume, fibres);
  return [
    ...nuclei.map(describeNucleus),
    ...vessels.map(({ points, radius }) => ({
      kind: "vessel",
      ...startOf(points),
      radius: radius as number,
      path: thinned(points, 4),
    })),
    ...fibres.map(({ points, radius }) => ({
      kind: "fibre",
      ...startOf(points),
      radius: radius as number,
      path: thinned(points, 4),
    })),
  ];
}

const startOf = (points: Curve) => ({ x: points[0][0], y: points[0][1], z: points[0][2] });

function placeNuclei(volume: Volume, options: Options, sides: Sides, random: Random): Nucleus[] {
  const [low, high] = options.depth_range;
  const style = {
    irregularity: 0.03,
    brightnessSpread: options.brightness_spread,
    nucleoli: [1, 3],
    chromocentres: [1, 6],
  } as const;
  const count = Math.max(1, Math.round((countInBox(volume, options.cells) * (high - low)) / 10));
  const placed = placeApart(
    count,
    sides,
    () => {
      const radius = random.between(...options.nucleus_diameter) / 2;
      const stretch = Math.sqrt(random.between(1, 1.9));
      const semi = [radius * stretch, radius / stretch, Math.min(radius, (high - low) / 2)] as const;
      const margin = Math.min(semi[2], (high - low) / 2);
      const depth = random.between(low + margin, high - margin);
      return {
        ...anywhere(sides, random),
        z: depth,
        radius: radius * 1.18,
        halfHeight: semi[2] * 1.1,
        semi,
        angle: random.between(0, Math.PI),
      };
    },
    { tries: 30 },
  );
  return placed.map(({ x, y, z: depth, semi, angle }) => ({
    ...randomNucleus(semi, angle, style, random),
    x,
    y,
    z: depth,
  }));
}

/** Vessels cross the slab in random directions. */
function growVessels(volume: Volume, options: Options, sides: Sides, random: Random): Tube[] {
  const [low, high] = options.depth_range;
  const count = options.vessels === 0 ? 0 : countInBox(volume, options.vessels);
  return Array.from({ length: count }, () => {
    const { x, y } = anywhere(sides, random);
    const start: Vector = [x, y, random.between(low, high)];
    const angle = random.between(0, 2 * Math.PI);
    const direction: Vector = [Math.cos(angle), Math.sin(angle), 0.5 * random.normal()];
    const points = wormLikeChain(
      { start, direction, length: random.between(60, 160), persistence: 60, step: 1 },
      random,
    );
    return { points, radius: random.between(...options.vessel_diameter) / 2, density: 1 };
  });
}

/** Fibres run roughly in one direction and are wavy, like collagen. */
function growFibres(volume: Volume, options: Options, sides: Sides, random: Random): Tube[] {
  const [low, high] = options.depth_range;
  const main = random.between(0, Math.PI);
  const count = options.fibres === 0 ? 0 : countInBox(volume, options.fibres);
  return Array.from({ length: count }, () => {
    const { x, y } = anywhere(sides, random);
    const angle = main + 0.35 * random.normal();
    const start: Vector = [x, y, random.between(low + 0.5, high - 0.5)];
    const direction: Vector = [Math.cos(angle), Math.sin(angle), 0];
    const steer = (point: Vector, towards: Vector) => {
      towards[2] = Math.min((high - 0.5 - point[2]) / 2, Math.max((low + 0.5 - point[2]) / 2, towards[2]));
      return true;
    };
    const points = wormLikeChain(
      { start, direction, length: random.between(15, 60), persistence: 25, step: 0.5, steer },
      random,
    );
    return { points, radius: random.between(0.2, 0.55), density: random.between(0.25, 0.7) };
  });
}
