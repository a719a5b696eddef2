/** The specimen `beads`: fluorescent balls at many depths. */
import { z } from "zod";
import type { Random } from "../../array/random.ts";
import { type Ball, drawBall } from "./ball.ts";
import { type Bead, ballsOf, beadKinds } from "./bead.ts";
import { brightnessSpread, countInBox, definePhantom, range } from "./phantom.ts";
import { anywhere, placeApart } from "./place-apart.ts";
import type { Volume } from "./volume.ts";

export const beadsOptions = z.strictObject({
  beads: z.number().positive().default(40).describe("beads per 100 x 100 um"),
  bead_kinds: z
    .array(z.enum(beadKinds))
    .min(1)
    .default([...beadKinds])
    .describe(
      "kinds of beads, drawn with equal probability: solid (dyed throughout), shell (dyed at the surface) or textured (like stained cells)",
    ),
  diameter: range(0.02).default([1, 8]).describe("smallest and largest diameter, um; uniform in the logarithm"),
  depth_range: range().default([-6, 6]).describe("lowest and highest bead centre, um; triangular, most in the middle"),
  brightness_spread: brightnessSpread(0.6),
  dye: z
    .enum(["per_area", "per_volume"])
    .default("per_area")
    .describe(
      "per_area: small beads are dyed more strongly, so that they are visible next to large ones; per_volume: all beads have the same dye concentration",
    ),
});

/**
 * Beads as in calibration kits (polystyrene, 0.1 to 15 um), and textured ones that imitate stained cells. If the box
 * has no space for all `beads`, there are fewer.
 */
export const beads = definePhantom({
  kind: "beads",
  summary: "fluorescent beads, solid, surface-dyed or textured, at many depths",
  options: beadsOptions,
  extent: ({ depth_range: [low, high], diameter }) => [low - diameter[1] / 2, high + diameter[1] / 2],
  draw: drawBeads,
});

function drawBeads(volume: Volume, options: z.output<typeof beadsOptions>, random: Random) {
  const { diameter, bead_kinds: kinds, depth_range: depths, brightness_spread: spread } = options;
  const sides = { width: volume.width * volume.pixelSize, height: volume.height * volume.pixelSize };
  const places = random.fork(0);
  const placed = placeApart(countInBox(volume, options.beads), sides, () => {
    const kind = kinds[places.integer(kinds.length)];
    const width = diameter[0] * (diameter[1] / diameter[0]) ** places.uniform();
    const brightness = 1 - spread * places.uniform();
    const z = depths[0] + ((depths[1] - depths[0]) * (places.uniform() + places.uniform())) / 2;
    const bead: Bead = { kind, ...anywhere(sides, places), z, diameter: width, brightness };
    return { ...bead, radius: width / 2, halfHeight: width / 2 };
  });
  const speckles = random.fork(1);
  const balls = placed.map((bead) => ballsOf(bead, speckles));
  // The densest bead has density 1. A dot adds to the ball that contains it.
  const peaks = balls.map(([ball, ...dots]) => ball.density + Math.max(0, ...dots.map((dot) => dot.density)));
  const common = Math.max(...peaks);
  balls.forEach((own, i) => {
    const scale = options.dye === "per_area" ? 1 / common : placed[i].brightness / peaks[i];
    for (const ball of own) drawIntoSlices(volume, { ...ball, density: ball.density * scale });
  });
  return placed.map(({ kind, x, y, z, diameter: width, brightness }) => {
    return { kind: `${kind} bead`, x, y, z, diameter: width, brightness };
  });
}

function drawIntoSlices(volume: Volume, ball: Ball): void {
  const { data, depth, height, width, pixelSize, sliceStep, bottom } = volume;
  const first = Math.max(0, Math.ceil((ball.z - ball.radius - bottom) / sliceStep - 0.5));
  const last = Math.min(depth - 1, Math.floor((ball.z + ball.radius - bottom) / sliceStep + 0.5));
  const density = ball.density / sliceStep;
  for (let k = first; k <= last; k++) {
    const low = bottom + (k - 0.5) * sliceStep;
    const slice = data.subarray(k * height * width, (k + 1) * height * width);
    drawBall(slice, { height, width, pixelSize, bottom: low, top: low + sliceStep }, { ...ball, density });
  }
}
