/** Bright beads at several depths above and below a dim texture: where classical fusion leaves rings round what is bright. */
import { gaussianFilter } from "../../src/array/filters.ts";
import { Random } from "../../src/array/random.ts";
import type { Plane, Stack } from "../../src/image/image.ts";
import { cameraOptions } from "../../src/optics/camera/camera-options.ts";
import { createSensor, expectedCounts, exposeSensor } from "../../src/optics/camera/sensor.ts";
import { blur } from "../../src/optics/imaging/blur.ts";

export interface FusionScene {
  /** As a camera records it. */
  stack: Stack;
  /** Everything in focus at once, without noise: counts. */
  truth: Plane;
  /** Depth of what is seen at each pixel, planes: of the bead where there is one, else of the texture. */
  depth: Float32Array;
  /** Distance of each pixel from the edge of the nearest bead, pixels; negative inside. */
  distance: Float32Array;
  beads: { x: number; y: number; z: number; radius: number }[];
}

export interface FusionSceneOptions {
  size?: number;
  planes?: number;
  /** Plane of the texture at the left edge and at the right edge. */
  texture?: readonly [number, number];
  photons?: number;
  seed?: number;
}

const pupil = { na: 0.6, wavelength: 0.52, refractiveIndex: 1 };
const [pixelSize, zStep] = [0.325, 1];

/** One layer for each plane of the stack; each plane is the sum of all layers, blurred by their distance. */
export function fusionScene(options: FusionSceneOptions = {}): FusionScene {
  const { size = 128, planes = 13, texture = [8, 8], photons = 4000, seed = 1 } = options;
  const random = new Random(seed);
  const beads = [1.5, 3, 4.5, 6, 10, 11].map((z, i) => ({
    x: size * (0.2 + 0.3 * (i % 3)) + random.between(-4, 4),
    y: size * (0.28 + 0.45 * Math.floor(i / 3)) + random.between(-4, 4),
    z: Math.round((z / 13) * planes),
    radius: random.between(1.8, 3.5),
  }));
  const layers = Array.from({ length: planes }, () => new Float32Array(size * size));
  const depth = new Float32Array(size * size);
  const distance = new Float32Array(size * size).fill(size);
  const dim = grain(size, random);
  for (let y = 0; y < size; y++)
    for (let x = 0; x < size; x++) {
      const i = y * size + x;
      const at = texture[0] + ((texture[1] - texture[0]) * x) / (size - 1);
      depth[i] = at;
      const below = Math.min(planes - 2, Math.floor(at));
      layers[below][i] += dim[i] * (1 - (at - below));
      layers[below + 1][i] += dim[i] * (at - below);
      for (const bead of beads) {
        const edge = Math.hypot(x - bead.x, y - bead.y) - bead.radius;
        layers[bead.z][i] += Math.min(1, Math.max(0, 0.5 - edge));
        if (edge < distance[i]) distance[i] = edge;
        if (edge < 0) depth[i] = bead.z;
      }
    }
  const data = new Float32Array(planes * size * size);
  const truth = new Float32Array(size * size);
  const blurred = new Map<string, Float32Array>();
  layers.forEach((layer, from) => {
    if (layer.every((v) => v === 0)) return;
    const at = (defocus: number) => {
      const key = `${from} ${Math.abs(defocus)}`;
      const known = blurred.get(key);
      if (known) return known;
      const made = blur({ data: layer, height: size, width: size }, pupil, { pixelSize, defocus }).data;
      blurred.set(key, made);
      return made;
    };
    for (let z = 0; z < planes; z++)
      at((from - z) * zStep).forEach((v, i) => {
        data[z * size * size + i] += v;
      });
    at(0).forEach((v, i) => {
      truth[i] += v;
    });
  });
  const camera = cameraOptions.parse({ photons, background: 10, read_noise: 1.5, gain: 2, offset: 100 });
  const counts = (v: number) => expectedCounts(camera, Math.max(0, v));
  const recorded = new Float32Array(data.length);
  exposeSensor(createSensor(camera, { height: size, width: size }), data.map(counts), recorded, random);
  const common = { depth: planes, height: size, width: size, pixelSize: { y: pixelSize, x: pixelSize }, zStep };
  return {
    stack: { ...common, data: recorded, optics: pupil, dtype: "uint16" },
    truth: { data: truth.map(counts), height: size, width: size },
    depth,
    distance,
    beads,
  };
}

/** A texture of 2 to 8 % of a bead's brightness: fine grain and coarser patches. */
function grain(size: number, random: Random): Float32Array {
  const octave = (sigma: number) => {
    const white = Float32Array.from({ length: size * size }, () => random.normal());
    return gaussianFilter({ data: white, height: size, width: size }, sigma).data.map((v) => v * sigma * 3.5);
  };
  const [fine, middle, coarse] = [octave(0.8), octave(1.6), octave(4)];
  return fine.map((v, i) => Math.max(0.005, 0.05 + 0.012 * (v + 0.8 * middle[i] + 0.6 * coarse[i])));
}
