/** What makes each kind of specimen what it is. */
import { describe, expect, test } from "vitest";
import { Random } from "../src/array/random.ts";
import type { Specimen, SpecimenObject } from "../src/optics/phantom/phantom.ts";
import { phantoms } from "../src/optics/phantom/phantoms.ts";
import { wrapped } from "../src/optics/phantom/place-apart.ts";
import type { Volume, VolumeGrid } from "../src/optics/phantom/volume.ts";
import { mean } from "./helpers/numbers.ts";

function box(pixels: number, pixelSize: number, sliceStep: number, [low, high]: readonly [number, number]): VolumeGrid {
  const depth = Math.ceil((high - low) / sliceStep) + 1;
  return { depth, height: pixels, width: pixels, pixelSize, sliceStep, bottom: low };
}

/** Density at the voxel that holds a point, um; the sides wrap. */
function at({ data, depth, height, width, pixelSize, sliceStep, bottom }: Volume, x: number, y: number, z: number) {
  const k = Math.round((z - bottom) / sliceStep);
  if (k < 0 || k >= depth) return 0;
  const i = ((Math.round(x / pixelSize) % width) + width) % width;
  const j = ((Math.round(y / pixelSize) % height) + height) % height;
  return data[(k * height + j) * width + i];
}

const ofKind = ({ objects }: Specimen, kind: string) => objects.filter((object) => object.kind === kind);
const numbers = (object: SpecimenObject, key: string) => object[key] as readonly number[];

/** Mean density over points of an ellipsoid at `scale` times its semi-axes (a nucleus as it is written down). */
function inside(
  volume: Volume,
  { x, y, z }: SpecimenObject,
  [a, b, c]: readonly number[],
  angle: number,
  scale: number,
) {
  const random = new Random(1);
  const values = Array.from({ length: 300 }, () => {
    const d = [random.normal(), random.normal(), random.normal()];
    const r = (scale * Math.cbrt(random.uniform())) / Math.hypot(...d);
    const [u, v, w] = [d[0] * r * a, d[1] * r * b, d[2] * r * c];
    return at(
      volume,
      x + u * Math.cos(angle) - v * Math.sin(angle),
      y + u * Math.sin(angle) + v * Math.cos(angle),
      z + w,
    );
  });
  return mean(values);
}

describe("beads", () => {
  test("each has the brightness that is written down, over its disc", () => {
    const { beads } = phantoms;
    const options = { beads: 20, diameter: [3, 5], depth_range: [-2, 2], bead_kinds: ["solid", "shell"] };
    const grid = box(200, 0.2, 0.5, beads.extent(options));
    const specimen = beads.draw(grid, options, new Random(2));
    const ratios = specimen.objects.map(({ x, y, diameter, brightness }) => {
      let total = 0;
      for (let k = 0; k < grid.depth; k++)
        for (let j = 0; j < grid.height; j++)
          for (let i = 0; i < grid.width; i++) {
            const apart = Math.hypot(wrapped(i * 0.2, x, 40), wrapped(j * 0.2, y, 40));
            if (apart < (diameter as number) / 2 + 0.2) total += specimen.volume.data[(k * 200 + j) * 200 + i] * 0.02;
          }
      return total / ((brightness as number) * Math.PI * ((diameter as number) / 2) ** 2);
    });
    // Beads above each other would be counted twice: the median bead stands alone.
    const sorted = ratios.sort((a, b) => a - b);
    const middle = sorted[sorted.length >> 1];
    expect(sorted.filter((ratio) => Math.abs(ratio / middle - 1) < 0.02).length).toBeGreaterThan(0.6 * ratios.length);
  });

  test("a dotted bead has bright dots in a faint ball, a dyed surface an empty middle", () => {
    const only = (kind: string) => ({
      beads: 1,
      diameter: [6, 6],
      depth_range: [0, 0],
      bead_kinds: [kind],
      dye: "per_volume",
    });
    const draw = (kind: string) => phantoms.beads.draw(box(100, 0.1, 0.2, [-4, 4]), only(kind), new Random(3));
    const middle = (specimen: Specimen) => at(specimen.volume, specimen.objects[0].x, specimen.objects[0].y, 0);
    const brightness = (specimen: Specimen) => specimen.objects[0].brightness as number;
    expect(middle(draw("solid"))).toBeCloseTo(brightness(draw("solid")), 5);
    expect(middle(draw("shell"))).toBeCloseTo(0, 5);
    const dotted = draw("textured")
      .volume.data.filter((value) => value > 0)
      .sort();
    expect(dotted[dotted.length - 1]).toBeGreaterThan(5 * dotted[dotted.length >> 1]);
  });
});

describe("nuclei", () => {
  const { nuclei } = phantoms;
  const grid = box(256, 0.2, 0.3, nuclei.extent({}));
  const specimen = nuclei.draw(grid, {}, new Random(4));

  test("as many per area as asked, sizes as asked, filled to their outlines and no further", () => {
    expect(specimen.objects).toHaveLength(Math.round((24 * 51.2 ** 2) / 1e4));
    for (const nucleus of specimen.objects) {
      const semi = numbers(nucleus, "semi_axes");
      const diameter = 2 * Math.sqrt(semi[0] * semi[1]);
      expect(diameter).toBeGreaterThanOrEqual(9);
      expect(diameter).toBeLessThanOrEqual(15);
      const within = inside(specimen.volume, nucleus, semi, nucleus.angle as number, 0.85);
      expect(within).toBeGreaterThan(0.2 * (nucleus.brightness as number));
    }
    const volume = specimen.objects.reduce((sum, nucleus) => {
      const [a, b, c] = numbers(nucleus, "semi_axes");
      return sum + (4 / 3) * Math.PI * a * b * c;
    }, 0);
    const filled = specimen.volume.data.filter((value) => value > 0.02).length * 0.2 ** 2 * 0.3;
    expect(filled / volume).toBeGreaterThan(0.9);
    expect(filled / volume).toBeLessThan(1.2);
  });

  test("chromatin is a texture; without contrast it is even", () => {
    const variation = (options: Record<string, unknown>) => {
      const { volume, objects } = nuclei.draw(grid, { brightness_spread: 0, ...options }, new Random(4));
      const { x, y, z } = objects[0];
      const values: number[] = [];
      for (let dx = -2.5; dx <= 2.5; dx += 0.2)
        for (let dy = -2.5; dy <= 2.5; dy += 0.2) values.push(at(volume, x + dx, y + dy, z));
      return Math.sqrt(mean(values.map((value) => (value - mean(values)) ** 2))) / mean(values);
    };
    expect(variation({})).toBeGreaterThan(0.25);
    expect(variation({ chromatin: 0 })).toBeLessThan(0.01);
    // Nucleoli are dark holes: with many of them, there is more contrast still.
    expect(variation({ nucleoli: [6, 6], chromocentres: [0, 0] })).toBeGreaterThan(
      variation({ nucleoli: [0, 0], chromocentres: [0, 0] }),
    );
  });
});

describe("filaments", () => {
  const draw = (options: Record<string, unknown>) => {
    const grid = box(400, 0.2, 0.4, phantoms.filaments.extent(options));
    return phantoms.filaments.draw(grid, options, new Random(5));
  };

  test("microtubules start together beside the nucleus and never run through it", () => {
    const specimen = draw({});
    const cells = ofKind(specimen, "cell");
    const filaments = ofKind(specimen, "filament");
    expect(cells.length).toBeGreaterThan(1);
    expect(filaments.length).toBeGreaterThan(400);
    cells.forEach((_, index) => {
      const own = filaments.filter(({ cell }) => cell === index);
      const [cx, cy] = [mean(own.map(({ x }) => x)), mean(own.map(({ y }) => y))];
      expect(mean(own.map(({ x, y }) => Math.hypot(x - cx, y - cy)))).toBeLessThan(0.6);
      const ends = own.map(({ path }) => (path as number[][]).at(-1) as number[]);
      expect(mean(ends.map(([x, y]) => Math.hypot(x - cx, y - cy)))).toBeGreaterThan(8);
    });
  });

  test("stress fibres of a cell run one way, microtubules all ways", () => {
    const order = (options: Record<string, unknown>) => {
      const filaments = ofKind(draw(options), "filament").filter(({ cell }) => cell === 0);
      const angles = filaments.map(({ path }) => {
        const [first, last] = [(path as number[][])[0], (path as number[][]).at(-1) as number[]];
        return 2 * Math.atan2(last[1] - first[1], last[0] - first[0]);
      });
      return Math.hypot(mean(angles.map(Math.cos)), mean(angles.map(Math.sin)));
    };
    expect(order({ pattern: "parallel", width: 0.3 })).toBeGreaterThan(0.85);
    expect(order({})).toBeLessThan(0.6);
  });

  test("a longer persistence length makes straighter filaments", () => {
    const straightness = (persistence_length: number) => {
      const options = { pattern: "random", filaments: 60, length: [20, 20], persistence_length };
      return mean(
        ofKind(draw(options), "filament").map(({ path, length }) => {
          const [first, last] = [(path as number[][])[0], (path as number[][]).at(-1) as number[]];
          return Math.hypot(last[0] - first[0], last[1] - first[1]) / (length as number);
        }),
      );
    };
    expect(straightness(200)).toBeGreaterThan(0.95);
    expect(straightness(5)).toBeLessThan(0.75);
  });
});

test("mitochondria leave a hole for the nucleus and crowd round it", () => {
  const { mitochondria } = phantoms;
  const specimen = mitochondria.draw(box(400, 0.2, 0.3, mitochondria.extent({})), {}, new Random(6));
  const cells = ofKind(specimen, "cell");
  expect(ofKind(specimen, "mitochondrion").length).toBeGreaterThan(100 * cells.length * 0.9);
  expect(ofKind(specimen, "mitochondrion").some(({ branches }) => (branches as number) > 1)).toBe(true);
  // Round each nucleus, averaged over all directions: a ring of one and a half nuclear radii is full of them.
  const ring = (object: SpecimenObject, scale: number) => {
    const [a] = numbers(object, "nucleus_semi_axes");
    return mean(
      Array.from({ length: 400 }, (_, i) => {
        const angle = (2 * Math.PI * i) / 400;
        return at(
          specimen.volume,
          object.x + scale * a * Math.cos(angle),
          object.y + scale * a * Math.sin(angle),
          object.z,
        );
      }),
    );
  };
  const inner = mean(cells.map((cell) => ring(cell, 0.25)));
  const around = mean(cells.map((cell) => ring(cell, 1.4)));
  expect(around).toBeGreaterThan(0.03);
  expect(inner).toBeLessThan(0.2 * around);
});

describe("worm", () => {
  const { worm } = phantoms;
  const grid = box(512, 0.4, 1, worm.extent({}));
  const specimen = worm.draw(grid, {}, new Random(7));
  const [animal] = ofKind(specimen, "worm");
  const neurons = ofKind(specimen, "neuron");

  test("head, cord and their neurons: bright where they are written down", () => {
    const groups = new Set(neurons.map(({ group }) => group));
    for (const group of ["anterior ganglion", "lateral ganglion", "ventral ganglion", "ventral cord"])
      expect(groups).toContain(group);
    for (const neuron of neurons) {
      const here = at(specimen.volume, neuron.x, neuron.y, neuron.z);
      expect(here).toBeGreaterThan(0.6 * (neuron.brightness as number));
    }
  });

  test("all of them lie in the body, whose glow is faint", () => {
    const path = animal.path as number[][];
    for (const { x, y, z, from_nose } of neurons) {
      const near = path.reduce((best, [px, py, pz, r]) => {
        return Math.min(best, Math.hypot(wrapped(x, px, 204.8), wrapped(y, py, 204.8), z - pz) - r);
      }, 1e9);
      expect(near, `neuron at ${from_nose} um`).toBeLessThan(3);
    }
    const glow = path.slice(3, -3).map(([x, y, z]) => at(specimen.volume, x, y, z));
    const lit = glow.filter((value) => value > 0);
    expect(lit.length).toBe(glow.length);
    expect(lit.sort((a, b) => a - b)[lit.length >> 1]).toBeLessThan(0.08);
  });

  test("a box too small for the head shows the nerve ring; one that is large enough the whole animal", () => {
    const small = worm.draw(box(256, 0.25, 1, worm.extent({})), {}, new Random(7)).objects[0];
    expect(small.shown_from as number).toBeLessThan(112);
    expect(small.shown_to as number).toBeGreaterThan(112);
    const larva = { length: 250, diameter: 14 };
    const whole = worm.draw(box(256, 0.6, 1, worm.extent(larva)), larva, new Random(7)).objects[0];
    expect(whole.shown_from).toBe(0);
    expect(whole.shown_to as number).toBeGreaterThan(248);
  });
});

test("tissue: nuclei are bright, cytoplasm faint, vessels dark", () => {
  const options = { vessels: 4, depth_range: [-8, 8], fibres: 0 };
  const { tissue } = phantoms;
  const specimen = tissue.draw(box(256, 0.4, 0.6, tissue.extent(options)), options, new Random(8));
  const nuclei = ofKind(specimen, "nucleus");
  const vessels = ofKind(specimen, "vessel");
  expect(nuclei.length).toBeGreaterThan(60);
  expect(vessels).toHaveLength(4);
  const within = mean(
    nuclei.map((nucleus) =>
      inside(specimen.volume, nucleus, numbers(nucleus, "semi_axes"), nucleus.angle as number, 0.7),
    ),
  );
  const levels = Float32Array.from(specimen.volume.data.filter((value) => value > 0)).sort();
  const cytoplasm = levels[Math.floor(levels.length * 0.4)];
  expect(within).toBeGreaterThan(3 * cytoplasm);
  expect(cytoplasm).toBeGreaterThan(0.02);
  const lumen = vessels.flatMap(({ path }) => (path as number[][]).filter(([, , z]) => Math.abs(z) < 7));
  expect(lumen.length).toBeGreaterThan(10);
  expect(mean(lumen.map(([x, y, z]) => at(specimen.volume, x, y, z)))).toBeLessThan(0.2 * cytoplasm);
});
