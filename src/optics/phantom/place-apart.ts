/** Places things at random without overlap in a box whose sides wrap. */
import type { Random } from "../../array/random.ts";

/** The space that a thing occupies: an upright spheroid, um. */
export interface Footprint {
  x: number;
  y: number;
  z: number;
  /** Half its width. */
  radius: number;
  /** Half its height. */
  halfHeight: number;
}

/** Sides of the box, um. */
export interface Sides {
  width: number;
  height: number;
}

/**
 * Random sequential addition: a position is proposed for each thing until it overlaps with no other; after `tries` the
 * thing is left out, so that a crowded box holds fewer than `count`.
 *
 * @param propose proposes a thing in the box, x in [0, width), y in [0, height)
 * @param spacing 1: spheroids may touch; less lets them overlap
 */
export function placeApart<T extends Footprint>(
  count: number,
  sides: Sides,
  propose: () => T,
  { spacing = 1, tries = 60 }: { spacing?: number; tries?: number } = {},
): T[] {
  const placed: T[] = [];
  // Neighbours are looked up in the cells of a coarse lattice, so that the time per thing does not grow with their
  // number.
  const cell = 12;
  const columns = Math.max(1, Math.floor(sides.width / cell));
  const rows = Math.max(1, Math.floor(sides.height / cell));
  const lattice: T[][] = Array.from({ length: rows * columns }, () => []);
  let widest = 0;
  const fits = (thing: T): boolean => {
    const reach = thing.radius + widest;
    const ry = Math.min(Math.ceil((reach * rows) / sides.height), rows >> 1);
    const rx = Math.min(Math.ceil((reach * columns) / sides.width), columns >> 1);
    const row = cellOf(thing.y, sides.height, rows);
    const column = cellOf(thing.x, sides.width, columns);
    for (let dy = -ry; dy <= ry; dy++) {
      for (let dx = -rx; dx <= rx; dx++) {
        const others = lattice[((row + dy + rows) % rows) * columns + ((column + dx + columns) % columns)];
        for (const other of others) if (nearness(thing, other, sides) < spacing) return false;
      }
    }
    return true;
  };
  for (let i = 0; i < count; i++) {
    for (let attempt = 0; attempt < tries; attempt++) {
      const thing = propose();
      if (!fits(thing)) continue;
      placed.push(thing);
      widest = Math.max(widest, thing.radius);
      lattice[cellOf(thing.y, sides.height, rows) * columns + cellOf(thing.x, sides.width, columns)].push(thing);
      break;
    }
  }
  return placed;
}

/** A random position in the box. */
export function anywhere(sides: Sides, random: Random): { x: number; y: number } {
  return { x: random.between(0, sides.width), y: random.between(0, sides.height) };
}

/** The shortest difference from b to a on a periodic axis. */
export function wrapped(a: number, b: number, length: number): number {
  const d = a - b;
  return d - length * Math.round(d / length);
}

/** Relative distance of two spheroids: 1 where they touch, less where they overlap (exact for spheres). */
function nearness(a: Footprint, b: Footprint, sides: Sides): number {
  const reach = a.radius + b.radius;
  const dx = wrapped(a.x, b.x, sides.width) / reach;
  const dy = wrapped(a.y, b.y, sides.height) / reach;
  const dz = (a.z - b.z) / (a.halfHeight + b.halfHeight);
  return Math.sqrt(dx * dx + dy * dy + dz * dz);
}

const cellOf = (at: number, side: number, cells: number) => Math.min(cells - 1, Math.floor((at / side) * cells));
