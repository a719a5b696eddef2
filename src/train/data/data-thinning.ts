/** Data thinning: splits blocks of stacks into two independent parts of their photons by binomial splitting. */

import { mirroredIndex } from "../../array/mirrored-index.ts";
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

/** A stack, or a region of one, in units of photons. */
export interface PhotonSource {
  name: string;
  /** `[depth, height, width]`, whole numbers of photons. */
  photons: Float32Array;
  /** The ground truth where it is known, normalised. It is used for validation only. */
  truth?: Float32Array;
  depth: number;
  height: number;
  width: number;
  zStep: number;
  pixelSize: number;
  /** Network units per photon. */
  scale: number;
  /** The level of network value 0 above the dark level of the camera, network units. */
  dark: number;
}

/**
 * Converts counts to photons, by the gain and offset in `camera` or as estimated from the noise of the stack.
 * @throws calibration.missing without pixel size or z step; image.unfit for a single plane, NaN, a constant stack, or a
 *   stack whose noise does not allow the gain to be estimated
 */
export function* photonSource(
  { name, stack, target }: NamedStack,
  config: CommonConfig,
  camera: { gain?: number | undefined; offset?: number | undefined },
): Generator<void, PhotonSource> {
  const { depth, height, width, zStep, pixelSize } = stack;
  const unfit = (detail: string, advice: string): ParfocalError<"image.unfit"> =>
    new ParfocalError("image.unfit", `${name}: ${detail}; ${advice}.`, { path: name, detail });
  if (depth < 3)
    throw unfit(
      `it has only ${depth} planes`,
      "give a z-stack of three or more planes, which is needed to recognise out-of-focus light",
    );
  refuseNonFinite(stack.data, { path: name, width, height, z: 0 });
  for (const [what, option, known] of [
    ["z step", "z_step", zStep],
    ["pixel size", "pixel_size", pixelSize],
  ] as const) {
    if (known !== undefined) continue;
    const message = `${name}: its ${what} is not known, which is needed for the PSF. Give \`${option} <your ${what}>\` (um).`;
    throw new ParfocalError("calibration.missing", message, { path: name, what, option });
  }
  const counts = normalisationOf(stack.data, config.norm_pmin, config.norm_pmax, name);
  yield;
  const found = camera.gain !== undefined && camera.offset !== undefined ? undefined : photonTransfer(stack);
  const gain = camera.gain ?? found?.gain;
  const offset = camera.offset ?? Math.min(found?.offset ?? Number.NaN, counts.low);
  if (gain === undefined || !Number.isFinite(offset)) {
    throw unfit(
      "the gain of the camera cannot be estimated from its noise",
      "give camera_gain (counts per photon) and camera_offset (counts)",
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

/**
 * Two independent parts of the photons, both scaled to the brightness of the whole: the input of the network, and the
 * target that its blurred output must match.
 */
export interface ThinnedPhotons {
  /** `[depth, p, p]`, network units. */
  input: Float32Array;
  /** `[depth, p, p]`, network units above the dark level of the camera (0 without light). */
  target: Float32Array;
}

/** Splits the photons of `[depth, p, p]`: each goes to one part or the other with probability 1/2. */
export function thinPhotons(photons: Float32Array, { scale, dark }: PhotonSource, random: Random): ThinnedPhotons {
  const input = new Float32Array(photons.length);
  const target = new Float32Array(photons.length);
  for (let i = 0; i < photons.length; i++) {
    const half = halfOf(photons[i], random);
    input[i] = 2 * half * scale - dark;
    target[i] = 2 * (photons[i] - half) * scale;
  }
  return { input, target };
}

/**
 * The planes of a block as network inputs `[depth, planes, ...]`: each plane with its neighbours, mirrored beyond the
 * ends of the stack.
 */
export function withNeighbours(block: Float32Array, depth: number, planes: number): Float32Array {
  const size = block.length / depth;
  const out = new Float32Array(depth * planes * size);
  const half = planes >> 1;
  for (let z = 0; z < depth; z++) {
    for (let k = 0; k < planes; k++) {
      const at = mirroredIndex(z + k - half, depth);
      out.set(block.subarray(at * size, (at + 1) * size), (z * planes + k) * size);
    }
  }
  return out;
}

/** Crops `radius` pixels on each side of every plane of `[depth, p, p]`. */
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
