/** The specimen `filaments`: the cytoskeleton. */
import { z } from "zod";
import type { Random } from "../../array/random.ts";
import { type Cell, insideNucleus, keepInCell, outwards, placeCells, rimRadius, roofAt } from "./cell.ts";
import { type Curve, thinned, type Vector, wormLikeChain } from "./curve.ts";
import { drawThinTube } from "./draw-thin-tube.ts";
import { drawTubes } from "./draw-tubes.ts";
import { brightnessSpread, countInBox, definePhantom, range } from "./phantom.ts";
import { anywhere } from "./place-apart.ts";
import type { Volume, VolumeGrid } from "./volume.ts";

const filamentsOptions = z.strictObject({
  pattern: z
    .enum(["astral", "parallel", "random"])
    .default("astral")
    .describe(
      "astral: microtubules from the centre of each cell; parallel: stress fibres; random: a network over the whole field",
    ),
  filaments: z.number().positive().default(900).describe("filaments per 100 x 100 um"),
  cells: z
    .number()
    .positive()
    .default(8)
    .describe("cells per 100 x 100 um among which astral and parallel filaments are distributed"),
  width: z
    .number()
    .min(0.005)
    .max(3)
    .default(0.06)
    .describe("thickness, um; microtubules 0.025, with antibodies 0.06, bundles 0.2 and more"),
  persistence_length: z.number().positive().default(25).describe("persistence length, um: larger is straighter"),
  length: range(0.1).default([6, 35]).describe("length, um; filaments end earlier at the edge of the cell"),
  depth_range: range().default([-1.5, 2.5]).describe("z of the glass and of the top of the highest cell, um"),
  brightness_spread: brightnessSpread(0.4),
});

type Options = z.output<typeof filamentsOptions>;

/**
 * Filaments as worm-like chains. Microtubules are 25 nm wide, 60 nm with two layers of antibodies (Weber et al. 1978);
 * their persistence length is millimetres in a tube (Gittes et al. 1993) and about 30 um in cells, where motors bend
 * them (Brangwynne et al. 2007); actin filaments: 7 nm and 17 um (Gittes et al. 1993, Ott et al. 1993).
 */
export const filaments = definePhantom({
  kind: "filaments",
  summary: "microtubules from the centre of each cell, stress fibres, or a random network",
  options: filamentsOptions,
  extent: ({ depth_range: [low, high], width }) => [low - width / 2, high + width / 2],
  draw: drawFilaments,
});

interface Filament {
  cell: number;
  points: Curve;
  density: number;
}

const STEP = 0.2;

function drawFilaments(volume: Volume, options: Options, random: Random) {
  const cells =
    options.pattern === "random"
      ? []
      : placeCells(volume, countInBox(volume, options.cells), options.depth_range, random.fork(0));
  const chains = random.fork(1);
  const made: Filament[] = Array.from({ length: countInBox(volume, options.filaments) }, (_, i) => {
    const cell = i % Math.max(1, cells.length);
    const points = growOne(volume, cells[cell], options, chains);
    return { cell, points, density: 1 - options.brightness_spread * chains.uniform() };
  });
  const grown = made.filter(({ points }) => points.length > 1);
  const tubes = grown.map(({ points, density }) => ({ points, radius: options.width / 2, density }));
  // Thin filaments add up in a voxel; thick bundles that cross count only once.
  if (options.width < 0.15) for (const tube of tubes) drawThinTube(volume, tube);
  else drawTubes(volume, tubes);
  return [...cells.map(describeCell), ...grown.map(describeFilament)];
}

function growOne(grid: VolumeGrid, cell: Cell | undefined, options: Options, random: Random): Curve {
  const [shortest, longest] = options.length;
  const length = random.between(shortest, longest);
  const chain = { length, persistence: options.persistence_length, step: STEP };
  const clearance = 0.1 + options.width / 2;
  if (cell === undefined) {
    const sides = { width: grid.width * grid.pixelSize, height: grid.height * grid.pixelSize };
    const [low, high] = options.depth_range;
    const { x, y } = anywhere(sides, random);
    const start: Vector = [x, y, random.between(low, high)];
    return wormLikeChain({ ...chain, start, direction: level(random, 0.1), steer: keepBetween(low, high) }, random);
  }
  if (options.pattern === "parallel") return growStressFibre(cell, chain, clearance, random);
  const start = organisingCentre(cell);
  for (let k = 0; k < 3; k++) start[k] += 0.25 * random.normal();
  return wormLikeChain(
    { ...chain, start, direction: level(random, 0.12), steer: keepInCell(cell, clearance, 0.98) },
    random,
  );
}

/**
 * Stress fibres run along the cell close to the glass; they are under tension and ten times as straight as a free
 * filament.
 */
function growStressFibre(
  cell: Cell,
  chain: { length: number; persistence: number; step: number },
  clearance: number,
  random: Random,
): Curve {
  const angle = random.between(0, 2 * Math.PI);
  const out = 0.9 * rimRadius(cell, angle) * Math.sqrt(random.uniform());
  const [x, y] = [cell.x + out * Math.cos(angle), cell.y + out * Math.sin(angle)];
  const along = cell.nucleus.angle + 0.1 * random.normal();
  const direction: Vector = [Math.cos(along), Math.sin(along), 0];
  const low = cell.floor + clearance;
  const between = keepBetween(low, low + 0.3);
  const steer = (point: Vector, towards: Vector) =>
    between(point, towards) && outwards(cell, point[0], point[1]) < 0.98;
  const start: Vector = [x, y, random.between(low, low + 0.3)];
  const half = { ...chain, persistence: 10 * chain.persistence, start, length: chain.length / 2, steer };
  const back = wormLikeChain({ ...half, direction: [-direction[0], -direction[1], 0] }, random);
  return [...back.reverse(), ...wormLikeChain({ ...half, direction }, random).slice(1)];
}

/** The centrosome: next to the nucleus, on the side of the centre of the cell, at half height. */
function organisingCentre(cell: Cell): Vector {
  const { nucleus } = cell;
  const towards = Math.atan2(cell.y - nucleus.y, cell.x - nucleus.x);
  const point: Vector = [nucleus.x, nucleus.y, nucleus.z];
  while (insideNucleus(cell, point).rho < 1.12) {
    point[0] += 0.2 * Math.cos(towards);
    point[1] += 0.2 * Math.sin(towards);
  }
  point[2] = Math.min(point[2], (cell.floor + roofAt(cell, outwards(cell, point[0], point[1]))) / 2);
  return point;
}

/** A random direction in the plane, slightly tilted. */
function level(random: Random, tilt: number): Vector {
  const angle = random.between(0, 2 * Math.PI);
  return [Math.cos(angle), Math.sin(angle), tilt * random.normal()];
}

function keepBetween(low: number, high: number) {
  return (point: Vector, direction: Vector): boolean => {
    direction[2] = Math.min((high - point[2]) / 1.5, Math.max((low - point[2]) / 1.5, direction[2]));
    return true;
  };
}

/** The entry of a cell in the list of objects. */
export function describeCell({ x, y, nucleus, radius, height }: Cell) {
  return { kind: "cell", x, y, z: nucleus.z, radius, height, nucleus_semi_axes: [...nucleus.semi] };
}

function describeFilament({ cell, points }: Filament) {
  const [x, y, z] = points[0];
  return { kind: "filament", x, y, z, cell, length: (points.length - 1) * STEP, path: thinned(points, 10) };
}
