/** Deconvolution of a z-stack or a plane: by any method, of any size. */
import { breathe } from "../../array/breathe.ts";
import { Random } from "../../array/random.ts";
import { availableMemory } from "../../array/require-memory.ts";
import type { Stack } from "../../image/image.ts";
import { createPace, type ImagingControl } from "../../optics/imaging/pace.ts";
import type { Warning } from "../../warning.ts";
import { type CameraCounts, cameraCounts } from "./camera-counts.ts";
import { consensus } from "./consensus.ts";
import {
  type DeconvolveOptions,
  type ResolvedDeconvolveOptions,
  resolveDeconvolveOptions,
} from "./deconvolve-options.ts";
import type { Method } from "./memory.ts";
import { richardsonLucy } from "./richardson-lucy.ts";
import { planTiles, type Tile } from "./tiles.ts";
import { checkPsfVolume, type PsfVolume, type Volume } from "./volume.ts";
import { wiener } from "./wiener.ts";

export interface Deconvolved {
  /** The estimate in counts of the input above the offset of the camera: float32, of the same size and calibration. */
  stack: Stack;
  /** Iterations: 1 for wiener; the maximum over tiles or planes. */
  iterations: number;
  /** Why consensus ended; see ConsensusResult. */
  stopped_by?: string;
  /** Counts without light, and counts per photoelectron where they were needed: given or estimated. */
  offset: number;
  gain?: number;
  tiles: number;
  /** Estimated memory, GiB. */
  memory_gib: number;
  warnings: Warning[];
}

/**
 * Removes the blur of a microscope. A stack with several planes and a PSF with several are deconvolved in three
 * dimensions; a PSF of one plane, or `planes_separately`, deconvolves each plane separately.
 *
 * @param stack of any size; counts
 * @param psf on the same grid: from opticalPsf or measuredPsf
 * @param control progress in iterations (for consensus of the maximum), abort
 * @throws `usage` (options, memory), `image.unfit`, `calibration.missing` (gain), `interrupted`
 */
export async function deconvolve(
  stack: Stack,
  psf: PsfVolume,
  options: DeconvolveOptions = {},
  control: ImagingControl = {},
): Promise<Deconvolved> {
  const resolved = resolveDeconvolveOptions(options);
  checkPsfVolume(psf);
  const separately = stack.depth > 1 && (resolved.planes_separately || psf.depth === 1);
  const kernel = separately ? planeInFocus(psf) : psf;
  const part = { depth: separately ? 1 : stack.depth, height: stack.height, width: stack.width };
  const work = {
    method: resolved.method,
    edges: resolved.edges,
    totalVariation: resolved.tv > 0,
    acceleration: resolved.acceleration,
  };
  const limit = Math.min(resolved.max_memory * 2 ** 30, availableMemory());
  const planes = separately ? stack.depth : 1;
  const { tiles, bytes } = planTiles(part, kernel, work, limit, resolved.tile_size);
  await breathe(control.signal);
  const camera = cameraCounts(stack, { ...resolved, gainNeeded: resolved.method === "consensus" });

  const most = resolved.method === "wiener" ? 1 : iterationsOf(resolved);
  const pace = createPace(control, tiles.length * planes * most);
  const random = new Random(resolved.seed);
  const data = new Float32Array(stack.data.length);
  let iterations = 0;
  const reasons = new Set<string>();
  for (let z = 0; z < planes; z++) {
    for (const [i, tile] of tiles.entries()) {
      const image = cut(stack, z, part.depth, tile, resolved.method, camera);
      const done = await solve(
        image,
        kernel,
        resolved,
        camera.gain,
        stack,
        random.fork(z * tiles.length + i),
        pace,
        control.signal,
      );
      paste(done.data, image, tile, data, stack, z);
      iterations = Math.max(iterations, done.iterations);
      if (done.stoppedBy) reasons.add(done.stoppedBy);
    }
  }
  return {
    stack: { ...stack, data, dtype: "float32" },
    iterations,
    ...(reasons.size > 0 && { stopped_by: [...reasons].sort().join(", ") }),
    offset: camera.offset,
    ...(camera.gain !== undefined && { gain: camera.gain }),
    tiles: tiles.length,
    memory_gib: (bytes + (separately ? 8 * stack.data.length - 8 * part.height * part.width : 0)) / 2 ** 30,
    warnings: camera.warnings,
  };
}

const iterationsOf = ({ method, iterations }: ResolvedDeconvolveOptions) =>
  iterations ?? (method === "consensus" ? 200 : 20);

interface Solution {
  /** Counts above the offset, `[z, y, x]` of the tile. */
  data: Float32Array;
  iterations: number;
  stoppedBy?: string;
}

async function solve(
  image: Volume,
  psf: PsfVolume,
  options: ResolvedDeconvolveOptions,
  gain: number | undefined,
  { pixelSize, zStep }: Stack,
  random: Random,
  pace: () => Promise<void>,
  signal: AbortSignal | undefined,
): Promise<Solution> {
  const { edges, background } = options;
  const iterations = iterationsOf(options);
  // An empty tile stays empty.
  if (options.method !== "wiener" && image.data.every((v) => v === 0)) {
    return { data: new Float32Array(image.data.length), iterations: 0 };
  }
  switch (options.method) {
    case "wiener": {
      const data = await wiener(image, psf, { noiseToSignal: options.noise_to_signal, signal });
      await pace();
      return { data, iterations: 1 };
    }
    case "richardson-lucy": {
      const steepness = pixelSize && zStep ? pixelSize.x / zStep : 1;
      const settings = {
        iterations,
        edges,
        background,
        totalVariation: options.tv,
        acceleration: options.acceleration,
      };
      const data = await richardsonLucy(image, psf, { ...settings, steepness, afterIteration: pace, signal });
      return { data, iterations };
    }
    case "consensus": {
      const photons = gain ?? 1;
      const found = await consensus(image, psf, random, {
        iterations,
        edges,
        background: background / photons,
        afterIteration: pace,
        signal,
      });
      for (let i = 0; i < found.data.length; i++) found.data[i] *= photons;
      return found;
    }
  }
}

/** The plane of a PSF in which it is sharpest, scaled to sum 1. */
function planeInFocus({ data, depth, height, width }: PsfVolume): PsfVolume {
  const area = height * width;
  const middle = (depth - 1) / 2;
  const plane = data.slice(middle * area, (middle + 1) * area);
  const sum = plane.reduce((a, b) => a + b, 0);
  return { depth: 1, height, width, data: plane.map((v) => v / sum) };
}

/** A tile above the offset: linear for wiener, not below 0 for Richardson-Lucy, whole photons for the consensus. */
function cut(stack: Stack, z: number, depth: number, tile: Tile, method: Method, camera: CameraCounts): Volume {
  const { offset, gain = 1 } = camera;
  const { height, width } = tile;
  const out = new Float32Array(depth * height * width);
  let i = 0;
  for (let d = 0; d < depth; d++) {
    for (let y = 0; y < height; y++) {
      const row = ((z + d) * stack.height + tile.y + y) * stack.width + tile.x;
      for (let x = 0; x < width; x++) {
        const value = stack.data[row + x] - offset;
        out[i++] = method === "wiener" ? value : Math.max(0, method === "consensus" ? Math.round(value / gain) : value);
      }
    }
  }
  return { depth, height, width, data: out };
}

function paste(
  from: Float32Array,
  { depth, height, width }: Volume,
  tile: Tile,
  to: Float32Array,
  stack: Stack,
  z: number,
): void {
  const { keep } = tile;
  for (let d = 0; d < depth; d++) {
    for (let y = 0; y < keep.height; y++) {
      const source = (d * height + keep.y - tile.y + y) * width + keep.x - tile.x;
      const target = ((z + d) * stack.height + keep.y + y) * stack.width + keep.x;
      to.set(from.subarray(source, source + keep.width), target);
    }
  }
}
