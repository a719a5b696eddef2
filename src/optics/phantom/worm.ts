/** The specimen `worm`: a roundworm (C. elegans) with fluorescent neurons. */
import { z } from "zod";
import type { Random } from "../../array/random.ts";
import { drawShape, edge } from "./draw-shape.ts";
import { drawTubes } from "./draw-tubes.ts";
import { createNoiseLattice } from "./noise.ts";
import { brightnessSpread, definePhantom, range } from "./phantom.ts";
import type { Tube } from "./tube.ts";
import type { Volume } from "./volume.ts";
import { bodyRadius, cutFade, drawBody, layWorm, placeInBody, type WormBody } from "./worm-body.ts";
import { growNeurites, NERVE_RING, placeSomata, type Soma } from "./worm-neurons.ts";

const wormOptions = z.strictObject({
  length: z
    .number()
    .min(50)
    .max(2000)
    .default(1000)
    .describe("length of the animal, um; adult 1000, first larval stage 250"),
  diameter: z
    .number()
    .min(5)
    .max(120)
    .default(50)
    .describe("diameter of the animal, um; adult 50 to 60, first larval stage 12"),
  start: z
    .number()
    .nonnegative()
    .optional()
    .describe(
      "distance from the nose at which the imaged part begins, um; default: the nose, or near the nerve ring in a small field",
    ),
  depth: z.number().default(0).describe("z of the body's axis, um"),
  head_neurons: z.int().nonnegative().max(10_000).default(160).describe("cell bodies around the nerve ring"),
  cord_neurons: z.int().nonnegative().max(10_000).default(58).describe("cell bodies along the ventral nerve cord"),
  tail_neurons: z.int().nonnegative().max(10_000).default(25).describe("cell bodies in the tail"),
  neuron_diameter: range(0.5).default([2.6, 4.8]).describe("diameter of the cell bodies, um"),
  neurites: z
    .number()
    .min(0)
    .max(2)
    .default(1)
    .describe("brightness of the neurites relative to the usual one; 0: none"),
  granules: z.number().nonnegative().default(2).describe("autofluorescent gut granules per um of body"),
  granule_brightness: z
    .number()
    .min(0)
    .max(1)
    .default(0.12)
    .describe("brightness of the granules relative to the brightest neurons"),
  body_autofluorescence: z
    .number()
    .min(0)
    .max(0.5)
    .default(0.012)
    .describe("brightness of the whole body relative to the brightest neurons"),
  brightness_spread: brightnessSpread(0.75, "the brightness of cells"),
});

type Options = z.output<typeof wormOptions>;

/**
 * Caenorhabditis elegans on its side with all neurons labelled, as for imaging of neural activity. An adult is 1 mm
 * long and 50 to 60 um thick and has 302 neurons (White et al. 1986; WormAtlas, Altun & Hall): most in ganglia around
 * the nerve ring, motor neurons along the ventral side, and some in the tail. Cell bodies are 2 to 5 um wide, processes
 * a few tenths of a um. Granules in the gut are autofluorescent.
 */
export const worm = definePhantom({
  kind: "worm",
  summary: "a roundworm (C. elegans) with fluorescent neurons, gut granules and a faint body",
  options: wormOptions,
  extent: ({ depth, diameter }) => [depth - diameter / 2, depth + diameter / 2],
  draw: drawWorm,
});

function drawWorm(volume: Volume, options: Options, random: Random) {
  const { length, diameter, depth } = options;
  const start = options.start === undefined ? undefined : Math.min(options.start, 0.95 * length);
  const body = layWorm(volume, { length, diameter, start, middle: NERVE_RING * length, depth }, random.fork(0));
  const counts = {
    head: options.head_neurons,
    cord: options.cord_neurons,
    tail: options.tail_neurons,
    // A larva has as many neurons as an adult in less space, so they are smaller.
    diameter: options.neuron_diameter.map((d) => d * Math.min(1, Math.sqrt(diameter / 50))) as [number, number],
    brightnessSpread: options.brightness_spread,
  };
  // Where the box cuts the body off, its cells fade out with it.
  const somata = placeSomata(body, counts, random.fork(1))
    .map((soma) => ({ ...soma, brightness: soma.brightness * cutFade(body, soma.s) }))
    .filter(({ brightness }) => brightness > 0.05);
  const lattice = createNoiseLattice(random.fork(4));
  drawBody(volume, body, options.body_autofluorescence, lattice);
  const tubes = [
    ...(options.neurites > 0 ? growNeurites(body, somata, random.fork(2)) : []).map((tube) => {
      return { ...tube, density: Math.min(1, tube.density * options.neurites) };
    }),
    ...gutGranules(body, options, random.fork(3)),
  ];
  drawTubes(
    volume,
    tubes.filter(({ points }) => points.length > 1),
  );
  for (const soma of somata) drawSoma(volume, soma);
  const nose = placeInBody(body, body.from, 0, 0) ?? [0, 0, depth];
  const outline = [];
  for (let s = body.from; s <= body.to; s += 10) {
    const at = placeInBody(body, s, 0, 0);
    if (at) outline.push([...at, bodyRadius(body, s)]);
  }
  const [x, y, z] = nose;
  return [
    { kind: "worm", x, y, z, shown_from: body.from, shown_to: body.to, path: outline },
    ...somata.map(({ group, x, y, z, s, radius, brightness }) => {
      return { kind: "neuron", group, x, y, z, from_nose: s, diameter: 2 * radius, brightness };
    }),
  ];
}

/** Draws a cell body: egg-shaped, with a soft edge. */
function drawSoma(volume: Volume, soma: Soma): void {
  const { x, y, z, radius, axis, stretch, brightness } = soma;
  const softness = Math.max(0.7, volume.pixelSize);
  const long = radius * stretch ** (2 / 3);
  const broad = radius / stretch ** (1 / 3);
  const reach = long + softness;
  const bounds = { low: [x - reach, y - reach, z - reach] as const, high: [x + reach, y + reach, z + reach] as const };
  drawShape(volume, bounds, 0.5, (px, py, pz) => {
    const [dx, dy, dz] = [px - x, py - y, pz - z];
    const along = dx * axis[0] + dy * axis[1] + dz * axis[2];
    const aside = dx * dx + dy * dy + dz * dz - along * along;
    // One end is blunter than the other.
    const width = broad * (1 + (0.18 * along) / long);
    const rho = Math.sqrt((along / long) ** 2 + Math.max(0, aside) / (width * width));
    return brightness * edge((1 - rho) * radius, softness);
  });
}

/** Granules of 0.5 to 2 um in the cells of the gut. */
function gutGranules(body: WormBody, options: Options, random: Random): Tube[] {
  const [from, to] = [0.16 * body.length, 0.92 * body.length];
  const count = Math.round(options.granules * (to - from));
  return Array.from({ length: count }, () => {
    const s = random.between(from, to);
    const angle = random.between(0, 2 * Math.PI);
    const out = random.between(0.12, 0.6);
    const radius = random.between(0.25, 0.95);
    const density = options.granule_brightness * random.between(0.25, 1);
    const at = placeInBody(body, s, out * Math.cos(angle), out * Math.sin(angle));
    if (!at) return { points: [], radius, density };
    return { points: [at, [at[0] + 0.02, at[1], at[2]]], radius, density: density * cutFade(body, s) };
  });
}
