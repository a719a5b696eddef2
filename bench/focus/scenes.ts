/**
 * Stacks with a focus that is known from elsewhere than a focus measure: simulated ones, and real ones of ../shared/data.
 */
import { readFileSync } from "node:fs";
import { decode } from "fast-png";
import { gaussianFilter } from "../../src/array/filters.ts";
import { Random } from "../../src/array/random.ts";
import { cropStack } from "../../src/image/crop.ts";
import { type Plane, planeOf, type Stack } from "../../src/image/image.ts";
import { readStack } from "../../src/image/image-file.ts";
import { openImage } from "../../src/image/open-image.node.ts";
import { cameraOptions } from "../../src/optics/camera/camera-options.ts";
import { createSensor, exposeSensor } from "../../src/optics/camera/sensor.ts";
import { blur } from "../../src/optics/imaging/blur.ts";
import type { RecipeFlags } from "../../src/simulate/recipe-flags.ts";
import { simulateField } from "../../src/simulate/simulate-field.ts";

export interface Scene {
  name: string;
  stack: Stack;
  /** The plane in focus, to a fraction; undefined where nobody knows. */
  truth?: number;
}

const data = "../shared/data";

async function read(path: string, channel?: number): Promise<Stack> {
  const file = await openImage(`${data}/${path}`);
  try {
    return await readStack(file, channel === undefined ? {} : { channel });
  } finally {
    await file.close();
  }
}

/** Plane of the largest blurred maximum, by a parabola: for beads, where truth is the peak. */
function peakPlane(stack: Stack, sigma: number): number {
  const peaks = Array.from({ length: stack.depth }, (_, z) =>
    gaussianFilter(planeOf(stack, z), sigma).data.reduce((a, b) => Math.max(a, b), 0),
  );
  const z = peaks.indexOf(Math.max(...peaks));
  const [a, b, c] = peaks.slice(z - 1, z + 2);
  return z + (0.5 * (a - c)) / (a - 2 * b + c);
}

/** The smear's files are palette PNGs of slightly different size, with names -9 to 9: cut to a common middle. */
function smear(): Stack {
  const planes = Array.from({ length: 19 }, (_, i) => {
    const image = decode(readFileSync(`${data}/smear_brightfield_19/${i - 9}.bmp`));
    const grey = (v: number) => {
      const colour = image.palette?.[v] ?? [v, v, v];
      return (colour[0] + colour[1] + colour[2]) / 3;
    };
    return { ...image, grey: Float32Array.from(image.data, grey) };
  });
  const height = Math.min(...planes.map((p) => p.height));
  const width = Math.min(...planes.map((p) => p.width));
  const out = new Float32Array(19 * height * width);
  planes.forEach((p, z) => {
    const top = (p.height - height) >> 1;
    const left = (p.width - width) >> 1;
    for (let y = 0; y < height; y++)
      out.set(
        p.grey.subarray((top + y) * p.width + left, (top + y) * p.width + left + width),
        (z * height + y) * width,
      );
  });
  return { data: out, depth: 19, height, width, dtype: "uint8" };
}

/** The middle: large fields cost minutes and tell the same. */
function crop(stack: Stack, size: number): Stack {
  const span = (length: number) => [(length - size) >> 1, ((length - size) >> 1) + size] as const;
  return cropStack(stack, span(stack.height), span(stack.width));
}

export async function realScenes(): Promise<Scene[]> {
  const air = await read("pyotf_bead_air/psf_wl520nm_z300nm_x130nm_na0.85_n1.0.tif");
  const confocal = await read("beads_confocal_41z/Bead_Image1_crop.tif");
  const nucleus = "nucleus_confocal_widefield/xyzc_16bit__dna_conf_wf.tif";
  const yeast = await Promise.all(
    ["evolve_testA", "evolve_testC", "prime95b_testA"].map((name) =>
      read(`yeast_brightfield_5z/${name}_Brightfield.tif`),
    ),
  );
  return [
    // Second moment of the whole field: a parabola in z, whatever the specimen.
    { name: "nucleus, widefield", stack: await read(nucleus, 1), truth: 19.3 },
    // The confocal channel sits 2 to 3 planes above the widefield one.
    { name: "nucleus, confocal", stack: await read(nucleus, 0), truth: 21.8 },
    { name: "mitochondria, light sheet", stack: await read("dfnn_mitochondria/stack_mitochondria.tif"), truth: 19 },
    { name: "bead, air 0.85", stack: air, truth: peakPlane(air, 1) },
    { name: "beads, confocal", stack: confocal, truth: peakPlane(confocal, 3) },
    { name: "smear, bright field", stack: smear(), truth: 9 },
    ...yeast.map((stack, i) => ({ name: `yeast ${"ABC"[i]}, bright field`, stack })),
    { name: "neurons, phase contrast", stack: crop(await read("isl_neurons_phase13/phase_contrast_z13.tif"), 256) },
    { name: "cell, in-line hologram", stack: crop(await read("dhm_cell/on_axis.tif"), 512), truth: 5 },
  ];
}

/** Beads in one layer, 0.3 planes above plane 10 of 21. */
async function layerOfBeads(options: RecipeFlags): Promise<Stack> {
  const { images } = await simulateField("beads", {
    size: 128,
    planes: 21,
    focus_plane: 10,
    beads: 30,
    diameter: [0.5, 3],
    depth_range: [0.3, 0.3],
    seed: 7,
    ...options,
  });
  return images.stack.stack;
}

/** Noise of one spectrum, 1 / f, as a thin layer seen through the same objective. */
function layerOfTexture(sign: 1 | -1, photons: number): Stack {
  const random = new Random(3);
  const [height, width, depth] = [128, 128, 21];
  const white = (): Plane => ({
    data: Float32Array.from({ length: height * width }, () => random.normal()),
    height,
    width,
  });
  const sum = new Float32Array(height * width);
  for (const sigma of [0.7, 1.4, 2.8, 5.6, 11.2]) {
    const octave = gaussianFilter(white(), sigma).data;
    for (let i = 0; i < sum.length; i++) sum[i] += octave[i] * sigma;
  }
  const layer = { data: sum.map((v) => (sign > 0 ? 0.5 + 0.25 * v : 1 - 0.15 * Math.abs(v))), height, width };
  const pupil = { na: 0.8, wavelength: 0.515, refractiveIndex: 1 };
  const out = new Float32Array(depth * height * width);
  for (let z = 0; z < depth; z++)
    out.set(
      blur(layer, pupil, { pixelSize: 0.325, defocus: 10.3 - z }).data.map((v) => 100 + 2 * photons * Math.max(0, v)),
      z * height * width,
    );
  const camera = cameraOptions.parse({ photons, background: 0, read_noise: 1.5, gain: 2, offset: 100 });
  exposeSensor(createSensor(camera, { height, width }), out.slice(), out, random);
  return { data: out, depth, height, width, dtype: "uint16" };
}

/** Every plane changed by a function of its number, column and row. */
function changed(stack: Stack, change: (value: number, z: number, x: number, y: number) => number): Stack {
  const { height, width } = stack;
  const data = stack.data.map((v, i) =>
    change(v, Math.floor(i / (height * width)), i % width, Math.floor(i / width) % height),
  );
  return { ...stack, data };
}

export async function simulatedScenes(): Promise<Scene[]> {
  const clean = await layerOfBeads({});
  const random = new Random(5);
  const flicker = Array.from({ length: 21 }, () => 1 + 0.1 * random.normal());
  const hot = new Set(Array.from({ length: 30 }, () => random.integer(128 * 128)));
  const scenes: [string, Stack][] = [
    ["beads", clean],
    ["beads, 300 photons", await layerOfBeads({ photons: 300 })],
    ["beads, 50 photons", await layerOfBeads({ photons: 50 })],
    ["beads on 500 photons of background", await layerOfBeads({ photons: 1000, background: 500 })],
    ["beads, aberrated", await layerOfBeads({ spherical_aberration: 0.1 })],
    ["beads, flicker 10 %", changed(clean, (v, z) => 100 + (v - 100) * flicker[z])],
    ["beads, bleaching to a third", changed(clean, (v, z) => 100 + (v - 100) * Math.exp(-z / 18))],
    ["beads, background rising", changed(clean, (v, z) => v + 60 * z)],
    ["beads, uneven light", changed(clean, (v, _z, x, y) => 100 + (v - 100) * (0.2 + 1.6 * (x / 128)) + 20 * y)],
    ["beads, hot pixels", changed(clean, (v, _z, x, y) => (hot.has(y * 128 + x) ? v + 5000 : v))],
    ["two beads in the field", await layerOfBeads({ beads: 2 })],
    ["beads, pixels 0.65 um", await layerOfBeads({ pixel_size: 0.65 })],
    ["beads, pixels 0.1 um", await layerOfBeads({ pixel_size: 0.1, diameter: [0.5, 2] })],
    ["texture", layerOfTexture(1, 2000)],
    ["texture, 100 photons", layerOfTexture(1, 100)],
    ["dark texture on light", layerOfTexture(-1, 3000)],
  ];
  return scenes.map(([name, stack]) => ({ name, stack, truth: 10.3 }));
}
