/** Places beads in a volume so that none cuts into another. */
import type { Random } from "../src/array/random.ts";
import { ParfocalError } from "../src/errors.ts";
import type { Bead, BeadKind } from "../src/optics/phantom/bead.ts";

export interface BeadPlacement {
  /** Beads inside the field. */
  beads: number;
  kinds: readonly BeadKind[];
  diameter: readonly [number, number];
  depthRange: readonly [number, number];
  brightnessSpread: number;
  /** Width of the field and of the square around it that it is cut from, um; the square wraps at its edges. */
  field: number;
  world: number;
}

/**
 * Draws beads: first those centred in the field, [0, field) in x and y, then as many per area around it.
 *
 * Diameters are even in the logarithm, depths triangular over the range (most beads near its middle), the rest uniform.
 * @throws `usage` when a bead finds no room
 */
export function placeBeads(placement: BeadPlacement, random: Random): Bead[] {
  const { beads, kinds, diameter, depthRange, brightnessSpread, field, world } = placement;
  const around = Math.round((beads * (world * world - field * field)) / (field * field));
  const placed: Bead[] = [];
  for (let i = 0; i < beads + around; i++) {
    const bead: Bead = {
      kind: kinds[random.integer(kinds.length)],
      x: 0,
      y: 0,
      z: 0,
      diameter: diameter[0] * (diameter[1] / diameter[0]) ** random.uniform(),
      brightness: 1 - brightnessSpread * random.uniform(),
    };
    let tries = 200;
    do {
      if (tries-- === 0) {
        const message =
          `Simulated beads: no room for bead ${i + 1} of ${beads} in the field and ${around} around it; ` +
          "give fewer beads, smaller diameters or a larger depth_range.";
        throw new ParfocalError("usage", message, { option: "beads", got: beads, expected: "beads that fit" });
      }
      do {
        bead.x = random.between(0, i < beads ? field : world);
        bead.y = random.between(0, i < beads ? field : world);
      } while (i >= beads && bead.x < field && bead.y < field);
      bead.z = depthRange[0] + ((depthRange[1] - depthRange[0]) * (random.uniform() + random.uniform())) / 2;
    } while (placed.some((other) => overlap(bead, other, world)));
    placed.push(bead);
  }
  return placed;
}

function overlap(a: Bead, b: Bead, world: number): boolean {
  const dx = Math.abs(a.x - b.x);
  const dy = Math.abs(a.y - b.y);
  const distance = Math.hypot(Math.min(dx, world - dx), Math.min(dy, world - dy), a.z - b.z);
  return distance < (a.diameter + b.diameter) / 2;
}
