/** The kinds of fluorescent beads, and the balls that they consist of. */
import type { Random } from "../../array/random.ts";
import type { Ball } from "./ball.ts";

/**
 * - `solid`: dyed throughout
 * - `shell`: dyed in the outer 15 % of the diameter on either side, as surface-labelled beads are
 * - `textured`: faintly dyed, with bright speckles inside, as stained cells look
 */
export const beadKinds = ["solid", "shell", "textured"] as const;
export type BeadKind = (typeof beadKinds)[number];

/** A bead in the field. */
export interface Bead {
  kind: BeadKind;
  /** Centre, um: x and y from the centre of pixel (0, 0), z from the nominal focal plane, up into the specimen. */
  x: number;
  y: number;
  z: number;
  /** um */
  diameter: number;
  /** Relative brightness: mean over the bead's disc of the fluorescence above it, 0..1. */
  brightness: number;
}

/**
 * The balls of a bead. Brightness is given per area, not per volume: small beads are dyed more strongly, so that they
 * remain visible next to large ones.
 */
export function ballsOf(bead: Bead, random: Random): Ball[] {
  const { x, y, z } = bead;
  const radius = bead.diameter / 2;
  const balls: Ball[] = [{ x, y, z, radius, density: 1 }];
  if (bead.kind === "shell") balls.push({ x, y, z, radius: 0.7 * radius, density: -1 });
  if (bead.kind === "textured") balls.push(...specklesOf(bead, random));
  let volume = 0;
  for (const ball of balls) volume += ball.density * (4 / 3) * Math.PI * ball.radius ** 3;
  const scale = (bead.brightness * Math.PI * radius * radius) / volume;
  for (const ball of balls) ball.density *= scale;
  return balls;
}

/** Bright dots inside a bead, at least 0.2 um wide; a larger bead has more of them. */
function specklesOf(bead: Bead, random: Random): Ball[] {
  const radius = bead.diameter / 2;
  const count = Math.round(6 + 4 * bead.diameter);
  return Array.from({ length: count }, () => {
    const size = Math.max(0.1, bead.diameter * random.between(0.03, 0.08));
    // Uniform in the volume in which the dot stays inside: direction from three normals, distance by the cube root.
    const direction = [random.normal(), random.normal(), random.normal()];
    const norm = Math.hypot(...direction) || 1;
    const distance = Math.max(0, radius - size) * Math.cbrt(random.uniform());
    const [dx, dy, dz] = direction.map((d) => (d / norm) * distance);
    return { x: bead.x + dx, y: bead.y + dy, z: bead.z + dz, radius: size, density: random.between(6, 25) };
  });
}
