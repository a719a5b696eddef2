/** The outline of a cell spread on glass, and curves that stay inside it. */
import type { Random } from "../../array/random.ts";
import type { Vector } from "./curve.ts";
import { anywhere, placeApart } from "./place-apart.ts";
import type { VolumeGrid } from "./volume.ts";

/** A flat cell: thick over its nucleus, thin at its rim. Lengths in um. */
export interface Cell {
  x: number;
  y: number;
  /** z of the glass. */
  floor: number;
  /** Height above the glass over the nucleus. */
  height: number;
  /** Mean distance from the centre to the rim. */
  radius: number;
  halfHeight: number;
  z: number;
  /** Amplitudes of cos and sin of 2, 3, 4 and 5 times the angle, relative to the radius. */
  outline: readonly number[];
  /** An ellipsoid: centre, semi-axes, and the angle of the first of them. */
  nucleus: { x: number; y: number; z: number; semi: readonly [number, number, number]; angle: number };
}

/** The lamella at the rim of a spread cell is a fraction of a micrometre thick. */
const RIM_HEIGHT = 0.5;

/**
 * Cells side by side: 17 to 26 um from centre to rim, with a nucleus of 6 to 9 um (BioNumbers: HeLa on glass, about
 * 1600 um^2).
 *
 * @param depths z of the glass and of the top of the highest cell
 */
export function placeCells(grid: VolumeGrid, count: number, depths: readonly [number, number], random: Random): Cell[] {
  const sides = { width: grid.width * grid.pixelSize, height: grid.height * grid.pixelSize };
  const propose = (): Cell => {
    const radius = random.between(17, 26);
    const outline = Array.from({ length: 8 }, (_, i) => (random.normal() * [0.13, 0.08, 0.05, 0.03][i >> 1]) / 1.2);
    const height = (depths[1] - depths[0]) * random.between(0.8, 1);
    const at = anywhere(sides, random);
    const long = random.between(6.5, 9);
    const semi = [long, long * random.between(0.65, 0.9), Math.min(0.45 * height, 3.5)] as const;
    const [dx, dy] = [random.normal(), random.normal()].map((n) => 0.06 * radius * n);
    // An elongated cell has an elongated nucleus in the same direction.
    const angle = 0.5 * Math.atan2(outline[1], outline[0]) + 0.3 * random.normal();
    const nucleus = { x: at.x + dx, y: at.y + dy, z: depths[0] + 0.5 * height, semi, angle };
    return { ...at, z: depths[0], floor: depths[0], height, radius, halfHeight: height, outline, nucleus };
  };
  // Neighbouring cells overlap slightly at their edges.
  return placeApart(count, sides, propose, { spacing: 0.8 });
}

/** Relative distance from the centre: 0 at the centre, 1 at the rim. */
export function outwards(cell: Cell, x: number, y: number): number {
  const dx = x - cell.x;
  const dy = y - cell.y;
  return Math.hypot(dx, dy) / rimRadius(cell, Math.atan2(dy, dx));
}

/** Distance from the centre to the rim in a direction, um. */
export function rimRadius({ radius, outline }: Cell, angle: number): number {
  let shape = 1;
  for (let m = 2; m <= 5; m++) {
    shape += outline[2 * m - 4] * Math.cos(m * angle) + outline[2 * m - 3] * Math.sin(m * angle);
  }
  return radius * Math.max(0.45, shape);
}

/** z of the top of the cell at a distance {@link outwards}. */
export function roofAt(cell: Cell, out: number): number {
  const slope = Math.max(0, 1 - out * out);
  return cell.floor + RIM_HEIGHT + (cell.height - RIM_HEIGHT) * slope * Math.sqrt(slope);
}

/**
 * Relative distance of a point from the centre of the nucleus, below 1 inside, and the direction outwards (not of
 * length 1).
 */
export function insideNucleus({ nucleus }: Cell, point: Vector): { rho: number; normal: Vector } {
  const c = Math.cos(nucleus.angle);
  const s = Math.sin(nucleus.angle);
  const [dx, dy, dz] = [point[0] - nucleus.x, point[1] - nucleus.y, point[2] - nucleus.z];
  const [a, b, h] = nucleus.semi;
  const u = (c * dx + s * dy) / a;
  const v = (c * dy - s * dx) / b;
  const w = dz / h;
  const normal: Vector = [(c * u) / a - (s * v) / b, (s * u) / a + (c * v) / b, w / h];
  return { rho: Math.hypot(u, v, w), normal };
}

/**
 * Bends the direction of a curve so that it passes around the nucleus, stays between the glass and the top of the cell,
 * and follows the rim; returns false where it cannot continue.
 *
 * @param clearance minimum distance from glass, top and nucleus, um
 * @param rim maximum relative distance from the centre, 1: the edge
 */
export function keepInCell(cell: Cell, clearance: number, rim: number) {
  return (point: Vector, direction: Vector): boolean => {
    const out = outwards(cell, point[0], point[1]);
    if (out > rim) return false;
    const from = Math.hypot(point[0] - cell.x, point[1] - cell.y) || 1;
    const radial = (direction[0] * (point[0] - cell.x) + direction[1] * (point[1] - cell.y)) / from;
    if (out > 0.8 * rim && radial > 0) {
      // In the outer fifth, the outward component is reduced gradually.
      const brake = 0.06 * radial;
      direction[0] -= (brake * (point[0] - cell.x)) / from;
      direction[1] -= (brake * (point[1] - cell.y)) / from;
    }
    const { rho, normal } = insideNucleus(cell, point);
    if (rho < 1 + clearance / 3) {
      const squared = normal[0] ** 2 + normal[1] ** 2 + normal[2] ** 2 || 1;
      const inward = (direction[0] * normal[0] + direction[1] * normal[1] + direction[2] * normal[2]) / squared;
      if (inward < 0) for (let k = 0; k < 3; k++) direction[k] -= 1.05 * inward * normal[k];
    }
    // The direction is nearly horizontal: its slope is limited to one that leads back between the glass and the top.
    const low = cell.floor + clearance;
    const high = Math.max(low, roofAt(cell, out) - clearance);
    if (point[2] < low) direction[2] = Math.max(direction[2], Math.min(0.3, low - point[2]));
    else if (point[2] > high) direction[2] = Math.min(direction[2], Math.max(-0.3, high - point[2]));
    else direction[2] = Math.min((high - point[2]) / 0.5, Math.max((low - point[2]) / 0.5, direction[2]));
    return true;
  };
}
