/** In-line holograms whose focus is known: 50 specimens that absorb, delay light or do both, on both sides, with photon noise. */
import { Random } from "../../src/array/random.ts";
import { depthOfField } from "../../src/classical/refocusing/focus-of-field.ts";
import type { CoherentLight } from "../../src/optics/imaging/coherent-light.ts";
import type { ComplexField } from "../../src/optics/imaging/complex-field.ts";
import { intensityOf } from "../../src/optics/imaging/complex-field.ts";
import { inLineField } from "../../src/optics/imaging/in-line-field.ts";
import { createMultislice } from "../../src/optics/imaging/multislice.ts";
import { type PhantomKind, phantoms } from "../../src/optics/phantom/phantoms.ts";
import type { Volume } from "../../src/optics/phantom/volume.ts";

export interface KnownHologram {
  specimen: PhantomKind | "flakes";
  kind: "amplitude" | "phase" | "mixed";
  light: CoherentLight & { na: number };
  depth: number;
  /** From the hologram to the middle of the specimen's mass, um along the light. */
  distance: number;
  range: [number, number];
  photons: number;
  field: ComplexField;
}

const optics = [
  { na: 0.5, wavelength: 0.532, refractiveIndex: 1.333, pixelSize: 0.25 },
  { na: 0.25, wavelength: 0.633, refractiveIndex: 1, pixelSize: 0.5 },
  { na: 0.7, wavelength: 0.532, refractiveIndex: 1, pixelSize: 0.25 },
];
const specimens = ["nuclei", "beads", "filaments", "mitochondria", "flakes"] as const;
const kinds = ["amplitude", "phase", "mixed"] as const;
const [box, size] = [384, 256];

/** Draws the specimens one by one: memory for one box at a time. */
export function* knownHolograms(count: number, seed: number): Generator<KnownHologram> {
  for (let s = 0; s < count; s++) {
    const random = new Random(seed + s);
    const light = optics[s % 3];
    const kind = kinds[Math.floor(s / 3) % 3];
    // Cells are thicker than the depth of field of 1 um, and have no one focus there.
    const thin = specimens[s % 2 ? 4 : 1];
    const name = s % 3 === 2 && (s % 5 === 0 || s % 5 === 3) ? thin : specimens[s % 5];
    const depth = depthOfField(light);
    const volume = name === "flakes" ? flakes(light.pixelSize, random) : drawn(name, light.pixelSize, depth, random);
    const { centre, thickness } = shapeOf(volume);
    // Of the thick parts: attenuation of the intensity as an exponent, and radians.
    const density = kind === "phase" ? 0 : random.between(0.2, 1.6);
    const radians = kind === "amplitude" ? 0 : random.between(0.3, 2.5);
    const multislice = createMultislice(volume, light, {
      indexDifference: (radians * light.wavelength) / (2 * Math.PI * thickness),
      absorption: density / thickness,
    });
    // One in ten is in focus, but for specimens of phase alone, which show nothing there.
    const near = random.uniform() < 0.1 && kind !== "phase";
    const side = random.uniform() < 0.5 ? -1 : 1;
    const distance = side * depth * (near ? random.between(0, 0.4) : random.between(0.6, 14));
    const seen = intensityOf(multislice.imageField(multislice.exitWave({ y: 0, x: 0 }), centre + distance)).data;
    const photons = Math.exp(random.between(Math.log(300), Math.log(20000)));
    const data = new Float32Array(size * size);
    const margin = (box - size) / 2;
    for (let i = 0; i < data.length; i++) {
      data[i] = random.poisson(photons * seen[(Math.floor(i / size) + margin) * box + (i % size) + margin]);
    }
    const reach = Math.max(Math.abs(distance) * random.between(1.2, 3), 4 * depth);
    // Two of three ranges hold both signs.
    const range: [number, number] = random.integer(3) > 0 ? [-reach, reach] : distance < 0 ? [-reach, 0] : [0, reach];
    const field = inLineField({ data, height: size, width: size });
    yield { specimen: name, kind, light, depth, distance, range, photons: Math.round(photons), field };
  }
}

function drawn(name: PhantomKind, pixelSize: number, depth: number, random: Random): Volume {
  // Coarser pixels see larger specimens, as many of them.
  const scale = pixelSize / 0.25;
  const wide = ([low, high]: [number, number]): [number, number] => [low * scale, high * scale];
  const options: Record<string, Record<string, unknown>> = {
    nuclei: {
      nuclei: random.between(4, 16) / scale ** 2,
      chromatin: 0.5,
      diameter: wide([9, 14]),
      height: [4, 7],
      depth_range: [-0.5, 0.5],
    },
    beads: { beads: random.between(10, 40) / scale ** 2, diameter: wide([1.5, 5]), depth_range: [0, 0] },
    filaments: {
      pattern: "random",
      filaments: random.between(50, 300) / scale ** 2,
      width: 0.5 * scale,
      depth_range: [-0.5, 0.5],
    },
  };
  const mine = options[name] ?? {};
  const sliceStep = 0.5 * Math.min(1, depth);
  const [first, last] = phantoms[name].extent(mine).map((z, i) => (i ? Math.ceil : Math.floor)(z / sliceStep));
  const grid = { depth: last - first + 1, height: box, width: box, pixelSize, sliceStep, bottom: first * sliceStep };
  return phantoms[name].draw(grid, mine, random.fork(7)).volume;
}

/** Discs in one plane. */
function flakes(pixelSize: number, random: Random): Volume {
  const data = new Float32Array(box * box);
  const count = random.integer(30) + 10;
  for (let n = 0; n < count; n++) {
    const [cy, cx, radius] = [random.between(0, box), random.between(0, box), random.between(3, 9)];
    for (let i = 0; i < data.length; i++) {
      if ((Math.floor(i / box) - cy) ** 2 + ((i % box) - cx) ** 2 < radius ** 2) data[i] = 1;
    }
  }
  return { depth: 1, height: box, width: box, pixelSize, sliceStep: 0.5, bottom: 0, data };
}

/** Height of the middle of the mass, and how thick the thick parts are together (95 % of the columns that hold anything), um. */
function shapeOf({ data, depth, sliceStep, bottom }: Volume) {
  const columns = new Float32Array(box * box);
  let [mass, moment] = [0, 0];
  for (let i = 0; i < data.length; i++) {
    columns[i % columns.length] += data[i] * sliceStep;
    mass += data[i];
    moment += data[i] * (bottom + Math.floor(i / columns.length) * sliceStep);
  }
  if (depth * columns.length !== data.length) throw new Error("A volume of another box.");
  const held = columns.filter((value) => value > 0).sort();
  return { centre: moment / mass, thickness: held[Math.floor(0.95 * held.length)] };
}
