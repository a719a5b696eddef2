/** Where the neurons of Caenorhabditis elegans lie. */
import type { Random } from "../../array/random.ts";
import type { Curve } from "./curve.ts";
import type { Tube } from "./draw-tubes.ts";
import { bodyRadius, placeInBody, type WormBody } from "./worm-body.ts";

/** A cell body: um. */
export interface Soma {
  group: string;
  x: number;
  y: number;
  z: number;
  /** From the nose. */
  s: number;
  radius: number;
  brightness: number;
}

/** A cluster of cell bodies: along the body as parts of its length, round it as an angle from the belly (0) to the back (pi). */
interface Ganglion {
  group: string;
  share: number;
  from: number;
  to: number;
  angles: readonly [number, number];
  /** Distances from the body's axis in its radii. */
  out: readonly [number, number];
}

/** The nerve ring goes round the throat here, as a part of the length: some 110 um from the nose of an adult. */
export const NERVE_RING = 0.112;

/**
 * After WormAtlas (Altun & Hall, "Nervous system", and White et al. 1986): ganglia before and behind the nerve ring, the retrovesicular
 * ganglion behind them at the belly. They lie between the throat and the body wall.
 */
const HEAD: readonly Ganglion[] = [
  { group: "anterior ganglion", share: 0.2, from: 0.08, to: 0.104, angles: [0, Math.PI], out: [0.5, 0.82] },
  { group: "dorsal ganglion", share: 0.05, from: 0.112, to: 0.125, angles: [0.8 * Math.PI, Math.PI], out: [0.55, 0.8] },
  {
    group: "lateral ganglion",
    share: 0.42,
    from: 0.117,
    to: 0.15,
    angles: [0.3 * Math.PI, 0.75 * Math.PI],
    out: [0.55, 0.82],
  },
  { group: "ventral ganglion", share: 0.2, from: 0.118, to: 0.142, angles: [0, 0.3 * Math.PI], out: [0.55, 0.82] },
  {
    group: "retrovesicular ganglion",
    share: 0.13,
    from: 0.155,
    to: 0.185,
    angles: [0, 0.15 * Math.PI],
    out: [0.7, 0.85],
  },
];
const TAIL: Ganglion = {
  group: "tail ganglion",
  share: 1,
  from: 0.935,
  to: 0.968,
  angles: [0, Math.PI],
  out: [0.25, 0.6],
};

export interface NeuronCounts {
  head: number;
  cord: number;
  tail: number;
  diameter: readonly [number, number];
  brightnessSpread: number;
}

/** Cell bodies of the shown part; none cuts into another. */
export function placeSomata(body: WormBody, counts: NeuronCounts, random: Random): Soma[] {
  const somata: Soma[] = [];
  const add = (group: string, pick: () => { s: number; angle: number; out: number; side: number }): void => {
    const radius = random.between(...counts.diameter) / 2;
    const brightness = 1 - counts.brightnessSpread * random.uniform();
    for (let tries = 0; tries < 40; tries++) {
      const { s, angle, out, side } = pick();
      const room = bodyRadius(body, s);
      // The cell stays inside the body wall.
      const far = Math.min(out, Math.max(0, 1 - radius / Math.max(room, 1e-6)));
      const at = placeInBody(body, s, far * Math.cos(angle), side * far * Math.sin(angle));
      if (at === undefined) continue;
      const [x, y, z] = at;
      const apart = (other: Soma) => Math.hypot(other.x - x, other.y - y, other.z - z) > 0.92 * (other.radius + radius);
      if (!somata.every(apart)) continue;
      somata.push({ group, x, y, z, s, radius, brightness });
      return;
    }
  };
  const ganglion = (g: Ganglion, count: number) => {
    for (let i = 0; i < count; i++) {
      add(g.group, () => ({
        s: random.between(g.from, g.to) * body.length,
        angle: random.between(...g.angles),
        out: random.between(...g.out),
        side: random.uniform() < 0.5 ? 1 : -1,
      }));
    }
  };
  for (const g of HEAD) ganglion(g, Math.round(g.share * counts.head));
  ganglion(TAIL, counts.tail);
  // Motor neurons follow each other along the belly, two or three together and then a gap.
  for (let i = 0; i < counts.cord; i++) {
    const s = (0.19 + 0.74 * ((i + 0.7 * random.uniform()) / counts.cord)) * body.length;
    add("ventral cord", () => {
      return { s: s + 5 * random.normal(), angle: 0.1 * random.normal(), out: random.between(0.83, 0.9), side: 1 };
    });
  }
  // A few touch and canal neurons lie alone at the sides.
  for (const t of [0.3, 0.42, 0.48, 0.66, 0.72]) {
    add("lateral neuron", () => ({
      s: t * body.length + 8 * random.normal(),
      angle: Math.PI / 2,
      out: 0.9,
      side: random.uniform() < 0.5 ? 1 : -1,
    }));
  }
  return somata;
}

/** A bundle of neurites, as tubes: density against the brightest cell bodies. */
export function growNeurites(body: WormBody, somata: readonly Soma[], random: Random): Tube[] {
  return [
    ...nerveRing(body, random),
    ...dendrites(body, somata, random),
    ...cords(body, random),
    ...commissures(body, random),
  ];
}

/** Loops round the throat, packed into a band a few micrometres wide, that lean back a little towards the belly. */
function nerveRing(body: WormBody, random: Random): Tube[] {
  const loops = 26;
  return Array.from({ length: loops }, () => {
    const s = NERVE_RING * body.length + 1.6 * random.normal();
    const out = 0.46 + 0.07 * random.normal();
    const points: Curve = [];
    for (let i = 0; i <= 48; i++) {
      const angle = (2 * Math.PI * i) / 48;
      const at = placeInBody(body, s + 2.5 * Math.cos(angle), out * Math.cos(angle), out * Math.sin(angle));
      if (at) points.push(at);
    }
    return { points, radius: random.between(0.25, 0.5), density: random.between(0.25, 0.5) };
  });
}

/** From cells beside the nerve ring forward to the nose: six bundles, as the amphids and labial nerves form. */
function dendrites(body: WormBody, somata: readonly Soma[], random: Random): Tube[] {
  const bundles = Array.from({ length: 6 }, (_, i) => ({ angle: (2 * Math.PI * (i + 0.5)) / 6, out: 0.68 }));
  const sensory = somata.filter(({ group }) => group === "lateral ganglion" || group === "anterior ganglion");
  return sensory
    .filter((_, i) => i % 2 === 0)
    .map((soma) => {
      const own = localPlace(body, soma);
      const bundle = bundles.reduce((a, b) => (distance(own, b) < distance(own, a) ? b : a));
      const end = random.between(0.004, 0.008) * body.length;
      const points: Curve = [];
      const steps = Math.max(2, Math.round((soma.s - end) / 1.5));
      for (let i = 0; i <= steps; i++) {
        const t = i / steps;
        const joined = Math.min(1, t / 0.3);
        const mix = joined * joined * (3 - 2 * joined);
        const belly = own.belly + mix * (bundle.out * Math.cos(bundle.angle) - own.belly);
        const side = own.side + mix * (bundle.out * Math.sin(bundle.angle) - own.side);
        const at = placeInBody(body, soma.s + t * (end - soma.s), belly, side);
        if (at) points.push(at);
      }
      return { points, radius: random.between(0.15, 0.25), density: 0.45 * soma.brightness };
    });
}

function localPlace(body: WormBody, soma: Soma): { belly: number; side: number } {
  const r = Math.max(1e-6, bodyRadius(body, soma.s));
  const at = placeInBody(body, soma.s, 0, 0);
  const up = placeInBody(body, soma.s, 1, 0);
  if (!at || !up) return { belly: 0, side: 0 };
  const belly = ((soma.x - at[0]) * (up[0] - at[0]) + (soma.y - at[1]) * (up[1] - at[1])) / (r * r);
  return { belly, side: (soma.z - body.z) / r };
}

function distance(own: { belly: number; side: number }, bundle: { angle: number; out: number }): number {
  return Math.hypot(own.belly - bundle.out * Math.cos(bundle.angle), own.side - bundle.out * Math.sin(bundle.angle));
}

/** The ventral cord, a bundle of several; the dorsal one and the lateral nerves, thin and dim. */
function cords(body: WormBody, random: Random): Tube[] {
  const run = (from: number, to: number, angle: number, out: number, radius: number, density: number): Tube => {
    const phase = random.between(0, 2 * Math.PI);
    const points: Curve = [];
    for (let s = from * body.length; s <= to * body.length; s += 1.5) {
      const sway = 0.03 * Math.sin(phase + s / 9);
      const at = placeInBody(body, s, out * Math.cos(angle + sway), out * Math.sin(angle + sway));
      if (at) points.push(at);
    }
    return { points, radius, density };
  };
  const ventral = Array.from({ length: 5 }, (_, i) => run(NERVE_RING + 0.01, 0.95, 0.03 * (i - 2), 0.9, 0.35, 0.3));
  const dorsal = [-0.02, 0.02].map((d) => run(NERVE_RING + 0.01, 0.94, Math.PI + d, 0.92, 0.3, 0.22));
  const lateral = [0.5, -0.5].map((a) => run(NERVE_RING, 0.9, a * Math.PI, 0.95, 0.2, 0.18));
  return [...ventral, ...dorsal, ...lateral];
}

/** Thin arcs under the body wall from the ventral to the dorsal cord, most of them on one side. */
function commissures(body: WormBody, random: Random): Tube[] {
  return Array.from({ length: 34 }, (_, i) => {
    const s = (0.2 + 0.72 * ((i + random.uniform()) / 34)) * body.length;
    const side = random.uniform() < 0.8 ? 1 : -1;
    const lean = 4 * random.normal();
    const points: Curve = [];
    for (let k = 0; k <= 30; k++) {
      const angle = (Math.PI * k) / 30;
      const at = placeInBody(body, s + (lean * k) / 30, 0.93 * Math.cos(angle), 0.93 * side * Math.sin(angle));
      if (at) points.push(at);
    }
    return { points, radius: 0.2, density: 0.22 };
  });
}
