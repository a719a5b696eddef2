/** Distance of a point from the wall of the nearest tube. */
import type { Curve } from "./curve.ts";
import { type Sides, wrapped } from "./place-apart.ts";
import { radiusAt, type Tube } from "./tube.ts";

/**
 * Distance to the surface of the nearest tube, um: negative inside. Only tubes within 8 um are considered;
 * beyond, the distance is 8.
 *
 * @param spacing minimum distance, um, between the points of a tube that are used
 */
export function createTubeMap(tubes: readonly Tube[], sides: Sides, spacing: number) {
  const far = 8;
  const cell = 16;
  const columns = Math.max(1, Math.floor(sides.width / cell));
  const rows = Math.max(1, Math.floor(sides.height / cell));
  const lattice: number[][] = Array.from({ length: rows * columns }, () => []);
  const file = (points: Curve, tube: Tube): void => {
    const every = Math.max(1, Math.floor(spacing / Math.hypot(...points[1].map((v, k) => v - points[0][k]))));
    points.forEach(([x, y, z], i) => {
      if (i % every !== 0) return;
      const radius = radiusAt(tube, i);
      // Stored in every cell from which it may be within range.
      const reach = radius + far;
      const [x0, x1] = [x - reach, x + reach].map((v) => Math.floor((v / sides.width) * columns));
      const [y0, y1] = [y - reach, y + reach].map((v) => Math.floor((v / sides.height) * rows));
      for (let row = y0; row <= Math.min(y1, y0 + rows - 1); row++)
        for (let column = x0; column <= Math.min(x1, x0 + columns - 1); column++)
          lattice[modulo(row, rows) * columns + modulo(column, columns)].push(x, y, z, radius);
    });
  };
  for (const tube of tubes) file(tube.points, tube);
  return (x: number, y: number, z: number): number => {
    const row = modulo(Math.floor((y / sides.height) * rows), rows);
    const near = lattice[row * columns + modulo(Math.floor((x / sides.width) * columns), columns)];
    let least = far;
    for (let i = 0; i < near.length; i += 4) {
      const dz = z - near[i + 2];
      const limit = least + near[i + 3];
      if (dz > limit || dz < -limit) continue;
      const dx = wrapped(x, near[i], sides.width);
      const dy = wrapped(y, near[i + 1], sides.height);
      const distance = Math.sqrt(dx * dx + dy * dy + dz * dz) - near[i + 3];
      if (distance < least) least = distance;
    }
    return least;
  };
}

const modulo = (value: number, length: number) => ((value % length) + length) % length;
