/** Positions of the neurons of Caenorhabditis elegans. */
import type { Random } from "../../array/random.ts";
import { type Curve, unit, type Vector } from "./curve.ts";
import type { Tube } from "./tube.ts";
import { bodyRadius, cutFade, placeInBody, type WormBody } from "./worm-body.ts";

/** A cell body; lengths in um. */
export interface Soma {
  group: string;
  x: number;
  y: number;
  z: number;
  /** Distance from the nose. */
  s: number;
  /** Radius of a ball of the same volume. */
  radius: number;
  /** Direction of the long axis, of length 1, and the ratio of length to width. */
  axis: Vector;
  stretch: number;
  brightness: number;
}

/**
 * A cluster of cell bodies: along the body as fractions of its length, around it as an angle from ventral (0) to dorsal
 * (pi).
 */
interface Ganglion {
  group: string;
  share: number;
  from: number;
  to: number;
  angles: readonly [number, number];
  /** Distances from the body's axis in its radii. */
  out: readonly [number, number];
}

/**
 * Position of the nerve ring around the pharynx as a fraction of the length: about 110 um from the nose of an adult.
 */
export const NERVE_RING = 0.112;

/**
 * After WormAtlas (Altun & Hall, "Nervous system", and White et al. 1986): ganglia before and behind the nerve ring,
 * the retrovesicular ganglion behind them on the ventral side. They lie between the pharynx and the body wall.
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

/** Cell bodies of the imaged part; they do not overlap. */
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
      const axis = unit([random.normal(), random.normal(), random.normal()]);
      somata.push({ group, x, y, z, s, radius, axis, stretch: random.between(1, 1.5), brightness });
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
  // Motor neurons lie along the ventral cord in groups of two or three, with gaps in between.
  for (let i = 0; i < counts.cord; i++) {
    const s = (0.19 + 0.74 * ((i + 0.7 * random.uniform()) / counts.cord)) * body.length;
    add("ventral cord", () => {
      return { s: s + 5 * random.normal(), angle: 0.1 * random.normal(), out: random.between(0.83, 0.9), side: 1 };
    });
  }
  // A few touch and canal neurons lie isolated at the sides.
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

/** A bundle of neurites as tubes; density relative to the brightest cell bodies. */
export function growNeurites(body: WormBody, somata: readonly Soma[], random: Random): Tube[] {
  return [
    ...nerveRing(body, random),
    ...dendrites(body, somata, random),
    ...cords(body, random),
    ...commissures(body, random),
  ];
}

/** A position in the body: see `placeInBody`. */
interface Place {
  s: number;
  belly: number;
  side: number;
}

/** A tube through positions in the body; where the body is cut off, it becomes thinner and ends. */
function neurite(body: WormBody, places: readonly Place[], radius: number, density: number): Tube {
  const points: Curve = [];
  const radii: number[] = [];
  for (const { s, belly, side } of places) {
    const at = placeInBody(body, s, belly, side);
    const fade = cutFade(body, s);
    if (!at || fade < 0.5) continue;
    points.push(at);
    radii.push(radius * fade);
  }
  return { points, radius: radii, density };
}

const places = (count: number, place: (t: number) => Place) =>
  Array.from({ length: count + 1 }, (_, i) => place(i / count));

/**
 * Loops around the pharynx, packed four by three into a band 4 um wide that is tilted backwards on the ventral side.
 */
function nerveRing(body: WormBody, random: Random): Tube[] {
  const thickness = 0.026 * body.length ** 0.5 * Math.sqrt(body.radius / 25);
  const room = bodyRadius(body, NERVE_RING * body.length);
  return Array.from({ length: 12 }, (_, i) => {
    const jitter = () => 0.3 * random.normal();
    const s = NERVE_RING * body.length + ((i % 4) - 1.5 + jitter()) * 1.4 * thickness;
    const out = 0.47 + ((Math.floor(i / 4) - 1 + jitter()) * 1.4 * thickness) / room;
    const loop = places(48, (t) => {
      const angle = 2 * Math.PI * t;
      return { s: s + 2.5 * Math.cos(angle), belly: out * Math.cos(angle), side: out * Math.sin(angle) };
    });
    return neurite(body, loop, random.between(0.5, 0.7) * thickness, random.between(0.35, 0.65));
  });
}

/** Six bundles from cells next to the nerve ring to the nose, like the amphid and labial nerves. */
function dendrites(body: WormBody, somata: readonly Soma[], random: Random): Tube[] {
  const bundles = Array.from({ length: 6 }, (_, i) => {
    const angle = (2 * Math.PI * (i + 0.5)) / 6;
    return { belly: 0.68 * Math.cos(angle), side: 0.68 * Math.sin(angle) };
  });
  const sensory = somata.filter(({ group }) => group === "lateral ganglion" || group === "anterior ganglion");
  return sensory
    .filter((_, i) => i % 2 === 0)
    .map((soma) => {
      const own = localPlace(body, soma);
      const apart = (bundle: { belly: number; side: number }) =>
        Math.hypot(own.belly - bundle.belly, own.side - bundle.side);
      const bundle = bundles.reduce((a, b) => (apart(b) < apart(a) ? b : a));
      const end = random.between(0.004, 0.008) * body.length;
      // Side by side in the bundle, not inside each other.
      const [aside, above] = [0.045 * random.normal(), 0.045 * random.normal()];
      const path = places(Math.max(2, Math.round((soma.s - end) / 1.5)), (t) => {
        const joined = Math.min(1, t / 0.3);
        const mix = joined * joined * (3 - 2 * joined);
        return {
          s: soma.s + t * (end - soma.s),
          belly: own.belly + mix * (bundle.belly + aside - own.belly),
          side: own.side + mix * (bundle.side + above - own.side),
        };
      });
      return neurite(body, path, random.between(0.15, 0.25), 0.45 * soma.brightness);
    });
}

/** Position of a cell across the body, in radii. */
function localPlace(body: WormBody, soma: Soma): { belly: number; side: number } {
  const r = Math.max(1e-6, bodyRadius(body, soma.s));
  const at = placeInBody(body, soma.s, 0, 0);
  const up = placeInBody(body, soma.s, 1, 0);
  if (!at || !up) return { belly: 0, side: 0 };
  const belly = ((soma.x - at[0]) * (up[0] - at[0]) + (soma.y - at[1]) * (up[1] - at[1])) / (r * r);
  return { belly, side: (soma.z - body.z) / r };
}

/** The ventral cord, a bundle of several; the dorsal one and the lateral nerves, thin and dim. */
function cords(body: WormBody, random: Random): Tube[] {
  const run = (from: number, to: number, angle: number, out: number, radius: number, density: number): Tube => {
    const phase = random.between(0, 2 * Math.PI);
    const path = places(Math.round(((to - from) * body.length) / 1.5), (t) => {
      const s = (from + t * (to - from)) * body.length;
      const sway = angle + 0.03 * Math.sin(phase + s / 9);
      return { s, belly: out * Math.cos(sway), side: out * Math.sin(sway) };
    });
    return neurite(body, path, radius, density);
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
    const side = random.uniform() < 0.8 ? 0.93 : -0.93;
    const lean = 4 * random.normal();
    const arc = places(30, (t) => {
      return { s: s + lean * t, belly: 0.93 * Math.cos(Math.PI * t), side: side * Math.sin(Math.PI * t) };
    });
    return neurite(body, arc, 0.2, 0.22);
  });
}
