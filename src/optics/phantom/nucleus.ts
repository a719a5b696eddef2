/** One cell nucleus: its outline and its chromatin. */
import type { Random } from "../../array/random.ts";
import { bump, drawShape, edge, samplesPerVoxel } from "./draw-shape.ts";
import { createTexture, type NoiseLattice } from "./noise.ts";
import type { Volume } from "./volume.ts";

/** A blob inside a nucleus: place in its own axes, um from its centre. */
interface Inclusion {
  x: number;
  y: number;
  z: number;
  radius: number;
}

export interface Nucleus {
  /** Centre, um. */
  x: number;
  y: number;
  z: number;
  /** Semi-axes along its own x and y, and z, um. */
  semi: readonly [a: number, b: number, c: number];
  /** Angle of its own x axis to that of the volume, radians. */
  angle: number;
  /** Amplitudes of the shape's harmonics, relative to the radius. */
  outline: readonly number[];
  /** Mean density of the chromatin, 0..1. */
  brightness: number;
  nucleoli: Inclusion[];
  chromocentres: Inclusion[];
  /** Position in the texture, um. */
  texture: readonly [number, number, number];
}

export interface NucleusStyle {
  irregularity: number;
  brightnessSpread: number;
  nucleoli: readonly [number, number];
  chromocentres: readonly [number, number];
}

/** A nucleus of given size at the origin; place it by x, y, z. */
export function randomNucleus(
  semi: readonly [number, number, number],
  angle: number,
  style: NucleusStyle,
  random: Random,
): Nucleus {
  const outline = Array.from({ length: 6 }, (_, i) => (style.irregularity * random.normal()) / (i < 2 ? 1.3 : 1.6));
  const inside = (radius: number, most: number): Inclusion => {
    const around = random.between(0, 2 * Math.PI);
    const out = most * Math.sqrt(random.uniform());
    const up = random.between(-0.45, 0.45);
    return { x: semi[0] * out * Math.cos(around), y: semi[1] * out * Math.sin(around), z: semi[2] * up, radius };
  };
  const howMany = ([low, high]: readonly [number, number]) => low + random.integer(high - low + 1);
  const mean = Math.cbrt(semi[0] * semi[1] * semi[2]);
  // Nucleoli fill a few per cent of the volume: 1 to 3 um across in a nucleus of 10.
  const nucleoli = Array.from({ length: howMany(style.nucleoli) }, () =>
    inside(mean * random.between(0.16, 0.32), 0.6),
  );
  const spots = Array.from({ length: howMany(style.chromocentres) }, () =>
    inside(mean * random.between(0.07, 0.14), 0.85),
  );
  const texture = [0, 1, 2].map(() => random.between(0, 60)) as [number, number, number];
  const brightness = 1 - style.brightnessSpread * random.uniform();
  return { x: 0, y: 0, z: 0, semi, angle, outline, brightness, nucleoli, chromocentres: spots, texture };
}

/**
 * Adds a nucleus: an ellipsoid with a slightly irregular outline, with dense chromatin in a network of clumps 0.3 to 1
 * um wide and dimmer euchromatin between them. The chromatin is denser under the envelope and around the dark nucleoli.
 *
 * @param contrast 0: uniform; 1: maximum difference of heterochromatin and euchromatin
 */
export function drawNucleus(volume: Volume, nucleus: Nucleus, lattice: NoiseLattice, contrast: number): void {
  const { x, y, z, semi, angle, texture, brightness } = nucleus;
  const [a, b, c] = semi;
  const most = 1.05 + nucleus.outline.reduce((sum, part) => sum + Math.abs(part), 0);
  const reach = Math.max(a, b) * most;
  const detail = 0.5;
  const parts = samplesPerVoxel(volume, detail);
  const voxel = { xy: volume.pixelSize / parts.xy, z: volume.sliceStep / parts.z };
  const softness = Math.max(0.12, Math.max(voxel.xy, voxel.z));
  const clumps = createTexture(lattice, CHROMATIN, voxel);
  const clouds = createTexture(lattice, [{ scale: 2.2, amplitude: 1 }], voxel);
  const cos = Math.cos(angle);
  const sin = Math.sin(angle);
  const bounds = {
    low: [x - reach, y - reach, z - c * most] as const,
    high: [x + reach, y + reach, z + c * most] as const,
  };
  drawShape(volume, bounds, detail, (px, py, pz) => {
    const u = cos * (px - x) + sin * (py - y);
    const v = -sin * (px - x) + cos * (py - y);
    const w = pz - z;
    const rho = Math.sqrt((u / a) ** 2 + (v / b) ** 2 + (w / c) ** 2);
    if (rho > most) return 0;
    const radius = rho > 0.3 ? outlineRadius(nucleus, u / a / rho, v / b / rho, w / c / rho) : 1;
    // To the surface of an ellipsoid, to first order: (1 - rho) over the length of the gradient of rho.
    const slope = Math.sqrt((u / (a * a)) ** 2 + (v / (b * b)) ** 2 + (w / (c * c)) ** 2) / Math.max(rho, 1e-6);
    const depth = (radius - rho) / Math.max(slope, 1e-6);
    const inside = edge(depth, softness);
    if (inside === 0) return 0;
    const fine = clumps(u + texture[0], v + texture[1], w + texture[2]);
    const slow = clouds(u + texture[2], v + texture[0], w + texture[1]);
    let level = 0.42 + contrast * (0.17 * fine + 0.094 * slow + 0.16 * bump(depth * depth, 1));
    for (const spot of nucleus.chromocentres) {
      const d2 = (u - spot.x) ** 2 + (v - spot.y) ** 2 + (w - spot.z) ** 2;
      if (d2 < spot.radius ** 2) level += contrast * 0.6 * bump(d2, spot.radius);
    }
    for (const dark of nucleus.nucleoli) {
      const d2 = (u - dark.x) ** 2 + (v - dark.y) ** 2 + (w - dark.z) ** 2;
      if (d2 > (1.6 * dark.radius + 0.5) ** 2) continue;
      // The texture modulates its edge, so that a nucleolus is not a perfect ball.
      const out = Math.sqrt(d2) - dark.radius * (1 + 0.12 * slow);
      level += contrast * 0.1 * Math.exp(-((out - 0.25) ** 2) / 0.06);
      level *= 1 - 0.78 * contrast * edge(-out, 0.45);
    }
    return inside * brightness * Math.min(1, Math.max(0.03, level));
  });
}

/** The squared amplitudes add up to 1. */
const CHROMATIN = [
  { scale: 0.75, amplitude: 0.7 },
  { scale: 0.4, amplitude: 0.6 },
  { scale: 0.22, amplitude: 0.39 },
];

/** The radius in a direction (of length 1) over that of the ellipsoid: harmonics of order 2 to 4 about the vertical. */
function outlineRadius({ outline }: Nucleus, x: number, y: number, z: number): number {
  const c2 = x * x - y * y;
  const s2 = 2 * x * y;
  const c3 = x * (x * x - 3 * y * y);
  const s3 = y * (3 * x * x - y * y);
  const bumps =
    outline[0] * c3 +
    outline[1] * s3 +
    outline[2] * (c2 * c2 - s2 * s2) +
    outline[3] * 2 * c2 * s2 +
    outline[4] * x * z;
  return 1 + bumps + outline[5] * y * z;
}
