/** The space between the nuclei of a tissue: cytoplasm, unstained vessels, and background staining. */
import { edge } from "./draw-shape.ts";
import { type NoiseLattice, noiseAt } from "./noise.ts";
import type { Nucleus } from "./nucleus.ts";
import type { Volume } from "./volume.ts";

export interface Cytoplasm {
  /** Bottom and top of the slab, um. */
  low: number;
  high: number;
  /** Densities. */
  cytoplasm: number;
  background: number;
  /** Distance to the wall of the nearest vessel, um, negative inside. */
  lumen: (x: number, y: number, z: number) => number;
  lattice: NoiseLattice;
}

/**
 * Adds the space between nuclei. Each cell is the region closest to its nucleus; it has a brightness of its own and a
 * dim border to its neighbours. The density is smooth over about a micrometre, so it is computed on a coarse lattice,
 * which is the same for every grid over a box, and interpolated.
 */
export function drawCytoplasm(volume: Volume, nuclei: readonly Nucleus[], parts: Cytoplasm): void {
  const { data, depth, height, width, pixelSize, sliceStep, bottom } = volume;
  const sides = { width: width * pixelSize, height: height * pixelSize };
  const columns = coarse(width, pixelSize);
  const rows = coarse(height, pixelSize);
  const level = createLevel(nuclei, sides, parts);
  const step = { x: sides.width / columns, y: sides.height / rows, z: SPACING };
  // Only two or three layers of the lattice are kept at a time.
  const layers = new Map<number, Float32Array>();
  const layerAt = (z: number): Float32Array => {
    const known = layers.get(z);
    if (known !== undefined) return known;
    if (layers.size > 2) layers.delete(Math.min(...layers.keys()));
    const layer = new Float32Array(rows * columns);
    for (let j = 0; j < rows; j++)
      for (let i = 0; i < columns; i++) layer[j * columns + i] = level(i * step.x, j * step.y, z * step.z);
    layers.set(z, layer);
    return layer;
  };
  for (let k = 0; k < depth; k++) {
    const z = bottom + k * sliceStep;
    const share = slabShare(z, sliceStep, parts);
    if (share === 0) continue;
    const below = Math.floor(z / step.z);
    const blend = z / step.z - below;
    const lower = layerAt(below);
    const upper = layerAt(below + 1);
    const mixed = lower.map((value, i) => share * (value + blend * (upper[i] - value)));
    spread(mixed, rows, columns, data.subarray(k * height * width, (k + 1) * height * width), height, width);
  }
}

/** Distance between points of the lattice, um. */
const SPACING = 1.25;

/** Lattice points along a side. */
const coarse = (pixels: number, pixelSize: number) => Math.max(1, Math.ceil((pixels * pixelSize) / SPACING - 1e-6));

/** The fraction of a slice that lies in the slab. */
function slabShare(z: number, sliceStep: number, { low, high }: Cytoplasm): number {
  const inside = Math.min(high, z + sliceStep / 2) - Math.max(low, z - sliceStep / 2);
  return Math.max(0, inside) / sliceStep;
}

/** The density at a point, before interpolation. */
function createLevel(nuclei: readonly Nucleus[], sides: { width: number; height: number }, parts: Cytoplasm) {
  const nearest = createNearest(nuclei, sides, parts);
  // The background varies over about 20 um; its period divides the sides of the box, so that it wraps without a step.
  const px = Math.max(1, Math.round(sides.width / 18));
  const py = Math.max(1, Math.round(sides.height / 18));
  return (x: number, y: number, z: number): number => {
    const { first, second, brightness } = nearest(x, y, z);
    const seam = edge(second - first - 0.5, 1.2);
    const cloud = periodicNoise(parts.lattice, (x / sides.width) * px, (y / sides.height) * py, z / 18, px, py);
    const body =
      parts.cytoplasm * (0.35 + 0.65 * brightness) * (0.25 + 0.75 * seam) * Math.exp(-Math.max(0, first) / 12);
    const open = edge(parts.lumen(x, y, z), 1.5);
    return open * (body + parts.background * Math.max(0, 1 + 0.6 * cloud));
  };
}

/**
 * Distances to the surfaces of the nearest and the next nucleus (as balls of their volume; at most 12 um), and the
 * brightness of the nearest.
 */
function createNearest(nuclei: readonly Nucleus[], sides: { width: number; height: number }, { low, high }: Cytoplasm) {
  const cell = 10;
  const columns = Math.max(1, Math.floor(sides.width / cell));
  const rows = Math.max(1, Math.floor(sides.height / cell));
  const floors = Math.max(1, Math.ceil((high - low) / cell));
  // x, y, z, radius and brightness of the nuclei of each cell, one after another.
  const lattice: number[][] = Array.from({ length: rows * columns * floors }, () => []);
  const floorOf = (z: number) => Math.min(floors - 1, Math.max(0, Math.floor((z - low) / cell)));
  const cellOf = (at: number, side: number, cells: number) => Math.min(cells - 1, Math.floor((at / side) * cells));
  for (const { x, y, z, semi, brightness } of nuclei) {
    const place = (floorOf(z) * rows + cellOf(y, sides.height, rows)) * columns + cellOf(x, sides.width, columns);
    lattice[place].push(x, y, z, Math.cbrt(semi[0] * semi[1] * semi[2]), brightness);
  }
  const found = { first: 0, second: 0, brightness: 0 };
  return (x: number, y: number, z: number) => {
    let first = 12;
    let second = 12;
    let brightness = 0.5;
    const row = cellOf(y, sides.height, rows);
    const column = cellOf(x, sides.width, columns);
    for (let f = Math.max(0, floorOf(z) - 1); f <= Math.min(floors - 1, floorOf(z) + 1); f++) {
      for (let j = row - 1; j <= row + 1; j++) {
        // A neighbour beyond a side of the box is one from the other side, shifted by the width of the box.
        const turnY = Math.floor(j / rows);
        const dy0 = y - turnY * sides.height;
        for (let i = column - 1; i <= column + 1; i++) {
          const turnX = Math.floor(i / columns);
          const dx0 = x - turnX * sides.width;
          const near = lattice[(f * rows + j - turnY * rows) * columns + i - turnX * columns];
          for (let n = 0; n < near.length; n += 5) {
            const dx = dx0 - near[n];
            const dy = dy0 - near[n + 1];
            const dz = z - near[n + 2];
            const d2 = dx * dx + dy * dy + dz * dz;
            const limit = second + near[n + 3];
            if (d2 >= limit * limit) continue;
            const distance = Math.sqrt(d2) - near[n + 3];
            if (distance < first) {
              second = first;
              first = distance;
              brightness = near[n + 4];
            } else second = distance;
          }
        }
      }
    }
    found.first = first;
    found.second = second;
    found.brightness = brightness;
    return found;
  };
}

/** Smooth noise that repeats after px and py lattice points: two shifted copies cross-faded. */
function periodicNoise(lattice: NoiseLattice, x: number, y: number, z: number, px: number, py: number): number {
  const [u, v] = [x / px, y / py];
  const at = (dx: number, dy: number) => noiseAt(lattice, x - dx * px, y - dy * py, z);
  const near = (1 - u) * at(0, 0) + u * at(1, 0);
  return (1 - v) * near + v * ((1 - u) * at(0, 1) + u * at(1, 1));
}

/** Adds a coarse periodic layer to a slice, bilinearly. */
function spread(
  layer: Float32Array,
  rows: number,
  columns: number,
  slice: Float32Array,
  height: number,
  width: number,
): void {
  const left = new Int32Array(width);
  const right = new Int32Array(width);
  const part = new Float32Array(width);
  for (let i = 0; i < width; i++) {
    const u = (i * columns) / width;
    left[i] = Math.floor(u);
    right[i] = (left[i] + 1) % columns;
    part[i] = u - left[i];
  }
  const line = new Float32Array(columns);
  for (let j = 0; j < height; j++) {
    const v = (j * rows) / height;
    const above = Math.floor(v) * columns;
    const below = ((Math.floor(v) + 1) % rows) * columns;
    const t = v - Math.floor(v);
    for (let c = 0; c < columns; c++) line[c] = layer[above + c] + t * (layer[below + c] - layer[above + c]);
    const start = j * width;
    for (let i = 0; i < width; i++) slice[start + i] += line[left[i]] + part[i] * (line[right[i]] - line[left[i]]);
  }
}
