/** The specimen `mitochondria`: branching tubules around the nuclei of flat cells. */
import { z } from "zod";
import type { Random } from "../../array/random.ts";
import { type Cell, keepInCell, outwards, placeCells, roofAt } from "./cell.ts";
import { type Curve, thinned, type Vector, wormLikeChain } from "./curve.ts";
import { drawTubes } from "./draw-tubes.ts";
import { describeCell } from "./filaments.ts";
import { brightnessSpread, countInBox, definePhantom, range } from "./phantom.ts";
import type { Tube } from "./tube.ts";
import type { Volume } from "./volume.ts";

const mitochondriaOptions = z.strictObject({
  cells: z.number().positive().default(8).describe("cells per 100 x 100 um"),
  mitochondria: z.int().positive().max(10_000).default(140).describe("mitochondria per cell, not counting branches"),
  thickness: range(0.05).default([0.3, 0.6]).describe("diameter of the tubules, um"),
  length: range(0.2).default([2, 10]).describe("length of a tubule, um"),
  branching: z.number().min(0).max(2).default(0.12).describe("branches per um"),
  fragmented: z.number().min(0).max(1).default(0.2).describe("share of mitochondria that are short rods and grains"),
  persistence_length: z.number().positive().default(3).describe("persistence length, um: larger is straighter"),
  depth_range: range().default([-1.5, 2.5]).describe("z of the glass and of the top of the highest cell, um"),
  brightness_spread: brightnessSpread(0.5),
});

type Options = z.output<typeof mitochondriaOptions>;

/**
 * The mitochondria of flat cells: tubules 0.3 to 0.6 um wide and 1 to 10 um long, denser around the nucleus, joined at
 * three-way junctions, some of them fragmented (Bereiter-Hahn & Voth 1994; Legros et al. 2002: 0.2 to 0.6 um).
 */
export const mitochondria = definePhantom({
  kind: "mitochondria",
  summary: "branching tubules and grains around the nuclei of flat cells",
  options: mitochondriaOptions,
  extent: ({ depth_range: [low, high], thickness }) => [low - thickness[1] / 2, high + thickness[1] / 2],
  draw: drawMitochondria,
});

const STEP = 0.15;

function drawMitochondria(volume: Volume, options: Options, random: Random) {
  const cells = placeCells(volume, countInBox(volume, options.cells), options.depth_range, random.fork(0));
  const shapes = random.fork(1);
  const tubules = cells.flatMap((cell, index) =>
    Array.from({ length: options.mitochondria }, () => growMitochondrion(cell, options, shapes)).map((tubes) => {
      return { cell: index, tubes: tubes.filter(({ points }) => points.length > 1) };
    }),
  );
  drawTubes(
    volume,
    tubules.flatMap(({ tubes }) => tubes),
  );
  const described = tubules
    .filter(({ tubes }) => tubes.length > 0)
    .map(({ cell, tubes }) => {
      const [x, y, z] = tubes[0].points[0];
      const length = tubes.reduce((sum, { points }) => sum + (points.length - 1) * STEP, 0);
      return {
        kind: "mitochondrion",
        x,
        y,
        z,
        cell,
        length,
        branches: tubes.length - 1,
        path: thinned(tubes[0].points, 7),
      };
    });
  return [...cells.map(describeCell), ...described];
}

/** A tubule and its branches, all with the same brightness. */
function growMitochondrion(cell: Cell, options: Options, random: Random): Tube[] {
  const density = 1 - options.brightness_spread * random.uniform();
  const whole = random.uniform() >= options.fragmented;
  const length = whole ? random.between(...options.length) : random.between(0.3, 1.4);
  const tubes: Tube[] = [];
  const grow = (start: Vector, direction: Vector, extent: number, generation: number): void => {
    const radius = random.between(...options.thickness) / 2;
    const chain = { start, direction, length: extent, persistence: options.persistence_length, step: STEP };
    const points = wormLikeChain({ ...chain, steer: keepInCell(cell, 0.1 + radius, 0.92) }, random);
    if (points.length < 2) return;
    tubes.push({ points, radius: uneven(points, radius, random), density });
    if (!whole || generation > 2) return;
    for (let i = 2; i < points.length - 1; i++) {
      if (random.uniform() >= options.branching * STEP) continue;
      const side = random.uniform() < 0.5 ? 1 : -1;
      const turn = side * random.between(0.7, 1.4);
      const [dx, dy, dz] = points[i].map((value, k) => value - points[i - 1][k]);
      const [c, s] = [Math.cos(turn), Math.sin(turn)];
      grow(points[i], [c * dx - s * dy, s * dx + c * dy, dz], extent * random.between(0.25, 0.7), generation + 1);
    }
  };
  grow(...somewhereIn(cell, random), length, 0);
  return tubes;
}

/** A start outside the nucleus, more often near it, and a direction: radial or, close to the nucleus, around it. */
function somewhereIn(cell: Cell, random: Random): [Vector, Vector] {
  const { nucleus } = cell;
  const angle = random.between(0, 2 * Math.PI);
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  const [a, b] = nucleus.semi;
  const own = angle - nucleus.angle;
  const envelope = 1 / Math.hypot(Math.cos(own) / a, Math.sin(own) / b);
  let rim = envelope + 1;
  while (outwards(cell, nucleus.x + rim * c, nucleus.y + rim * s) < 0.9) rim += 0.5;
  const beyond = random.uniform() ** 1.5;
  const away = envelope + 0.4 + (rim - envelope - 0.4) * beyond;
  const x = nucleus.x + away * c;
  const y = nucleus.y + away * s;
  const low = cell.floor + 0.35;
  const high = Math.max(low, roofAt(cell, outwards(cell, x, y)) - 0.35);
  const spread = 0.55 * random.normal();
  const along = (beyond < 0.1 ? angle + Math.PI / 2 : angle) + spread + (random.uniform() < 0.5 ? Math.PI : 0);
  return [
    [x, y, random.between(low, high)],
    [Math.cos(along), Math.sin(along), 0.15 * random.normal()],
  ];
}

/** The radius along a tubule, which varies by a sixth over about a micrometre. */
function uneven(points: Curve, radius: number, random: Random): number[] {
  const phase = random.between(0, 2 * Math.PI);
  const period = random.between(0.9, 2) / STEP;
  return points.map((_, i) => radius * (1 + 0.16 * Math.sin(phase + (2 * Math.PI * i) / period)));
}
