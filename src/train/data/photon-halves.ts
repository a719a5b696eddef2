/** Blocks of whole stacks as two independent halves of their photons. */

import type { Random } from "../../array/random.ts";
import { photonTransfer } from "../../classical/deconvolution/photon-transfer.ts";
import { halfOf } from "../../classical/deconvolution/split-counts.ts";
import { ParfocalError } from "../../errors.ts";
import { cropPlanes } from "../../image/crop.ts";
import type { NamedStack } from "../../image/named-stack.ts";
import { refuseNonFinite } from "../../image/pixel-place.ts";
import { type Normalisation, normalisationOf } from "../../models/apply/normalisation.ts";
import type { CommonConfig } from "../common-config.ts";
import type { Box } from "./split-region.ts";

/** A stack, or a region of one, in photons. */
export interface PhotonSource {
  name: string;
  /** `[depth, height, width]`, whole photons. */
  photons: Float32Array;
  /** What the stack should look like without blur, where that is known (never learnt from), normalised. */
  truth?: Float32Array;
  depth: number;
  height: number;
  width: number;
  zStep: number;
  pixelSize: number;
  /** Network units for one photon. */
  scale: number;
  /** Brightness 0 of the network above the camera's dark, network units. */
  dark: number;
}

/**
 * Counts as photons, by the gain and offset that `camera` says or that the noise of the stack tells.
 * @throws calibration.missing without pixel size or z step; image.unfit for a single plane, NaN, a constant stack, or one whose noise does
 *   not tell the gain
 */
export function* photonSource(
  { name, stack, target }: NamedStack,
  config: CommonConfig,
  camera: { gain?: number | undefined; offset?: number | undefined },
): Generator<void, PhotonSource> {
  const { depth, height, width, zStep, pixelSize } = stack;
  const unfit = (detail: string, advice: string): ParfocalError<"image.unfit"> =>
    new ParfocalError("image.unfit", `${name}: ${detail}; ${advice}.`, { path: name, detail });
  if (depth < 3) throw unfit(`${depth} planes`, "out-of-focus light is told from a z-stack of three planes and more");
  refuseNonFinite(stack.data, { path: name, width, height, z: 0 });
  for (const [what, option, known] of [
    ["z step", "z_step", zStep],
    ["pixel size", "pixel_size", pixelSize],
  ] as const) {
    if (known !== undefined) continue;
    const message = `${name}: its ${what} is not known, and the PSF needs it; give \`${option} <your ${what}>\` (um).`;
    throw new ParfocalError("calibration.missing", message, { path: name, what, option });
  }
  const counts = normalisationOf(stack.data, config.norm_pmin, config.norm_pmax, name);
  yield;
  const found = camera.gain !== undefined && camera.offset !== undefined ? undefined : photonTransfer(stack);
  const gain = camera.gain ?? found?.gain;
  const offset = camera.offset ?? Math.min(found?.offset ?? Number.NaN, counts.low);
  if (gain === undefined || !Number.isFinite(offset)) {
    throw unfit(
      "its noise does not tell the camera's gain",
      "give camera_gain (counts for one photon) and camera_offset",
    );
  }
  yield;
  const photons = new Float32Array(stack.data.length);
  for (let i = 0; i < photons.length; i++) photons[i] = Math.max(0, Math.round((stack.data[i] - offset) / gain));
  const range = counts.high - counts.low;
  return {
    name,
    photons,
    ...(target && {
      truth: inUnits(target.data, normalisationOf(target.data, config.norm_pmin, config.norm_pmax, name)),
    }),
    depth,
    height,
    width,
    zStep: zStep as number,
    pixelSize: ((pixelSize as { y: number; x: number }).y + (pixelSize as { y: number; x: number }).x) / 2,
    scale: gain / range,
    dark: (counts.low - offset) / range,
  };
}

const inUnits = (counts: ArrayLike<number>, { low, high }: Normalisation): Float32Array =>
  Float32Array.from(counts, (count) => (count - low) / (high - low));

export function cropPhotons(source: PhotonSource, { rows, columns }: Box): PhotonSource {
  const cut = (data: Float32Array): Float32Array => cropPlanes(data, source, rows, columns);
  const [height, width] = [rows, columns].map(([start, end]) => end - start);
  const { photons, truth } = source;
  return { ...source, photons: cut(photons), ...(truth && { truth: cut(truth) }), height, width };
}

/** One half is what the network sees, the other what its output must explain; both at the brightness of the whole. */
export interface Halves {
  /** `[depth, p, p]`, network units. */
  seen: Float32Array;
  /** The same, above the camera's dark (0 without light). */
  other: Float32Array;
}

/** Deals the photons of `[depth, p, p]` out. */
export function dealOut(photons: Float32Array, { scale, dark }: PhotonSource, random: Random): Halves {
  const seen = new Float32Array(photons.length);
  const other = new Float32Array(photons.length);
  for (let i = 0; i < photons.length; i++) {
    const half = halfOf(photons[i], random);
    seen[i] = 2 * half * scale - dark;
    other[i] = 2 * (photons[i] - half) * scale;
  }
  return { seen, other };
}

/** Planes of a block stacked as the network sees them: each with its neighbours, the stack mirrored beyond its ends; `[depth, planes, ...]`. */
export function withNeighbours(block: Float32Array, depth: number, planes: number): Float32Array {
  const size = block.length / depth;
  const out = new Float32Array(depth * planes * size);
  const half = planes >> 1;
  for (let z = 0; z < depth; z++) {
    for (let k = 0; k < planes; k++) {
      const at = mirrored(z + k - half, depth);
      out.set(block.subarray(at * size, (at + 1) * size), (z * planes + k) * size);
    }
  }
  return out;
}

function mirrored(z: number, depth: number): number {
  const period = 2 * (depth - 1);
  const folded = ((z % period) + period) % period;
  return folded < depth ? folded : period - folded;
}

/** The middle of every plane of `[depth, p, p]`, without `radius` pixels on each side. */
export function middle(block: Float32Array, depth: number, p: number, radius: number): Float32Array {
  const v = p - 2 * radius;
  const out = new Float32Array(depth * v * v);
  for (let z = 0; z < depth; z++) {
    for (let y = 0; y < v; y++) {
      const from = (z * p + y + radius) * p + radius;
      out.set(block.subarray(from, from + v), (z * v + y) * v);
    }
  }
  return out;
}
