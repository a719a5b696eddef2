/**
 * Extended depth of field: fuses a stack into one image with all structures in focus, and a depth for every pixel. Each
 * pixel is taken from one plane or interpolated between two neighbouring ones, and never from the first or the last
 * plane.
 */

import { availableMemory, requireMemory } from "../../array/require-memory.ts";
import { StreamingHistogram } from "../../array/statistics.ts";
import { ParfocalError, throwIfAborted } from "../../errors.ts";
import { type Light, lightOf } from "../focus/light.ts";
import { diffuseDepth } from "./diffuse-depth.ts";
import { focusScore, scoreReach } from "./focus-score.ts";
import { createInteriorPeak, type InteriorPeak } from "./interior-peak.ts";
import { createNoiseSurvey, type NoiseModel, noiseBlock, stabiliser } from "./noise-model.ts";
import { addBlockMeans, type Blocks, lightBlock, outOfFocusLight, outOfFocusRows } from "./out-of-focus-light.ts";
import { bandsOf, type PlaneSource } from "./plane-source.ts";

export interface FuseOptions {
  /** Growth of the blur of a point, pixels of radius per plane; default 2. */
  slope?: number | undefined;
  /** Kind of light: out-of-focus light is avoided in fluorescence only; default `lightOf`. */
  light?: Light | undefined;
  /** Rows that are processed at a time; the result does not depend on it. */
  bandRows?: number | undefined;
  signal?: AbortSignal | undefined;
  /** Called with the number of planes that are done, over all three passes. */
  onProgress?: ((progress: { done: number; total: number }) => void) | undefined;
}

export interface Fused {
  /** Counts, `[height, width]`. */
  image: Float32Array;
  /** In planes from 0, between 1 and depth - 2. */
  depth: Float32Array;
  /**
   * Confidence of the depth, 0 to 1. Above `minConfidence` (0.5), the focus score of the pixel has a clear
   * maximum between other planes, less than a plane from its depth; otherwise its depth follows its surroundings.
   */
  confidence: Float32Array;
  height: number;
  width: number;
  /** Standard deviation of the noise, counts. */
  noise: number;
  light: Light;
}

/** Pixels with less confidence are marked as uncertain in the mask that is written. */
export const minConfidence = 0.5;

/** Minimum number of planes for a maximum between two others. */
const minPlanes = 3;

/** Prominence of the maximum at which a pixel has weight 1 in the smoothing of the depth. */
const unitProminence = 3;

/** Stiffness of the depth map, relative to the weight 1 of a pixel with {@link unitProminence}. */
const stiffness = 50;

/**
 * Weight of the focus of the whole field in every pixel: less than that of noise, so that it matters only where there
 * is no signal.
 */
const fieldWeight = 0.003;

/** Maximum memory, bytes; more is refused before the start. */
const maxMemory = 6 * 2 ** 30;

/**
 * Fuses a stack. Three passes over it: a survey of the noise (`createNoiseSurvey`) and of out-of-focus light in
 * blocks of 4 x 4 pixels (`outOfFocusLight`); a score for every pixel of every plane (`focusScore`), whose
 * largest maximum inside the stack is the depth of the pixel (`createInteriorPeak`), smoothed where it is not
 * prominent (`diffuseDepth`); and the collection of the pixels.
 *
 * A structure in focus in the first or the last plane, or outside the stack, has no maximum inside: its pixels follow
 * their surroundings or the focus of the whole field, and are marked as uncertain.
 *
 * @throws `image.unfit` for fewer than 3 planes, one smaller than 8 x 8 or pixels that are not finite; `usage` for more
 * than 6 GiB of memory; `interrupted`
 */
export async function fuse(source: PlaneSource, options: FuseOptions = {}): Promise<Fused> {
  const { depth, height, width } = source;
  if (depth < minPlanes || Math.min(height, width) < 8) {
    const detail = `All-in-focus fusion needs a stack of at least ${minPlanes} planes of at least 8 x 8 pixels; got ${depth} of ${height} x ${width}.`;
    throw new ParfocalError("image.unfit", detail, { detail });
  }
  const rows = Math.max(256, noiseBlock * Math.ceil(2 ** 20 / width / noiseBlock));
  const bandRows = options.bandRows ?? rows;
  refuseTooLarge(source, bandRows);
  const rest = restNowAndThen(options.signal);
  const total = depth * (Math.ceil(height / rows) + 2 * Math.ceil(height / bandRows));
  const tick = progressOf(total, options.onProgress, rest);

  // Bands of a fixed size, because the noise must not depend on the caller's.
  const { noise, light: seen, blocks } = await surveyStack(source, rows, tick);
  const light = options.light ?? seen;
  const stabilise = stabiliser(noise);
  for (const plane of blocks.planes)
    plane.forEach((count, i) => {
      plane[i] = stabilise(count);
    });
  const outOfFocus = light === "fluorescence" ? outOfFocusLight(blocks, (options.slope ?? 2) / lightBlock) : undefined;
  const peak = await findPeaks(source, bandRows, { outOfFocus, stabilise }, tick);
  const smooth = await smoothDepth(peak, source, rest);
  const confidence = peak.prominence.map((height, i) => confidenceOf(height, Math.abs(smooth[i] - peak.depth[i])));
  const image = await gather(source, smooth, bandRows, tick);
  return { image, depth: smooth, confidence, height, width, noise: noise.typical, light };
}

/**
 * Bytes: maps of the whole field and their halves, blocks of all planes (three numbers each), a band with its reach.
 */
function refuseTooLarge({ depth, height, width }: PlaneSource, bandRows: number): void {
  const pixels = height * width;
  const rows = Math.min(height, bandRows + 2 * scoreReach);
  const bytes = 40 * pixels + (12 * depth * pixels) / lightBlock ** 2 + 76 * rows * width;
  requireMemory({
    what: `All-in-focus fusion of ${depth} planes of ${height} x ${width} pixels`,
    bytes,
    allowed: Math.min(maxMemory, availableMemory()),
    advice: "parts of the field",
    option: "image",
  });
}

function progressOf(
  total: number,
  onProgress: FuseOptions["onProgress"],
  rest: () => Promise<void>,
): () => Promise<void> {
  let done = 0;
  return async () => {
    onProgress?.({ done: ++done, total });
    await rest();
  };
}

/** Yields to the event loop now and then, for an abort or the progress bar. */
function restNowAndThen(signal: AbortSignal | undefined): () => Promise<void> {
  let rested = performance.now();
  return async () => {
    if (performance.now() - rested > 30) {
      await new Promise((resolve) => setTimeout(resolve, 0));
      rested = performance.now();
    }
    throwIfAborted(signal);
  };
}

interface Survey {
  blocks: Blocks;
  noise: NoiseModel;
  light: Light;
}

/** Means of blocks, counts; the noise; and the kind of light that the grey levels indicate. */
async function surveyStack(source: PlaneSource, bandRows: number, tick: () => Promise<void>): Promise<Survey> {
  const { depth, height, width } = source;
  const rows = Math.ceil(height / lightBlock);
  const columns = Math.ceil(width / lightBlock);
  const planes = Array.from({ length: depth }, () => new Float32Array(rows * columns));
  const histogram = new StreamingHistogram();
  const noise = createNoiseSurvey();
  for (let z = 0; z < depth; z++)
    for (const { inner } of bandsOf(height, bandRows, 0)) {
      const data = await source.read(z, inner);
      histogram.add(data);
      noise.add(data, width);
      addBlockMeans(data, inner.y0, width, height, planes[z]);
      await tick();
    }
  const [low, high] = histogram.percentiles([0.1, 99.9]);
  return { blocks: { rows, columns, planes }, noise: noise.result([low, high]), light: lightOf(histogram) };
}

/** The peak of every pixel, and that of the mean score of the whole field (NaN where there is none). */
async function findPeaks(
  source: PlaneSource,
  bandRows: number,
  { outOfFocus, stabilise }: { outOfFocus: Blocks | undefined; stabilise: (count: number) => number },
  tick: () => Promise<void>,
): Promise<InteriorPeak & { field: number }> {
  const { depth, height, width } = source;
  const found = { depth: new Float32Array(height * width), prominence: new Float32Array(height * width) };
  const sums = new Float64Array(depth);
  for (const { inner, outer } of bandsOf(height, bandRows, scoreReach)) {
    const peak = createInteriorPeak(outer.count * width);
    const from = (inner.y0 - outer.y0) * width;
    const to = from + inner.count * width;
    for (let z = 0; z < depth; z++) {
      const data = (await source.read(z, outer)).map(stabilise);
      const score = focusScore(
        { data, height: outer.count, width },
        outOfFocus && outOfFocusRows(outOfFocus, z, width, outer),
      );
      peak.add(score);
      for (let i = from; i < to; i++) sums[z] += score[i];
      await tick();
    }
    const result = peak.result();
    found.depth.set(result.depth.subarray(from, to), inner.y0 * width);
    found.prominence.set(result.prominence.subarray(from, to), inner.y0 * width);
  }
  const field = createInteriorPeak(1);
  for (const sum of sums) field.add(Float32Array.of(sum / (height * width)));
  return { ...found, field: field.result().depth[0] };
}

/** Limits depths to 1 to depth - 2: outside, the interpolation would include an outermost plane. */
async function smoothDepth(
  peak: InteriorPeak & { field: number },
  { depth, height, width }: PlaneSource,
  pause: () => Promise<void>,
): Promise<Float32Array> {
  const clamp = (z: number) => Math.min(depth - 2, Math.max(1, z));
  const field = clamp(Number.isNaN(peak.field) ? (depth - 1) / 2 : peak.field);
  const weight = new Float32Array(height * width);
  const target = peak.prominence.map((prominence, i) => {
    const own = Math.min(1e4, (prominence / unitProminence) ** 4);
    weight[i] = own + fieldWeight;
    return (own * (own > 0 ? clamp(peak.depth[i]) : 0) + fieldWeight * field) / weight[i];
  });
  const smooth = await diffuseDepth({ depth: target, weight, height, width }, stiffness, pause);
  return smooth.map(clamp);
}

/**
 * Confidence of a depth. Noise alone occasionally reaches a prominence of 1; detail twice as strong as the noise
 * reaches 3. A depth that smoothing moved by half a plane still is the pixel's own; one that it moved by one and a half
 * is not.
 * @param moved planes between the pixel's peak and its smoothed depth; NaN where there is no peak
 */
function confidenceOf(prominence: number, moved: number): number {
  return prominence > 0 ? smoothStep((prominence - 1) / 2) * smoothStep(1.5 - moved) : 0;
}

function smoothStep(t: number): number {
  const inside = Math.min(1, Math.max(0, t));
  return inside * inside * (3 - 2 * inside);
}

async function gather(
  source: PlaneSource,
  depthMap: Float32Array,
  bandRows: number,
  tick: () => Promise<void>,
): Promise<Float32Array> {
  const { depth, height, width } = source;
  const image = new Float32Array(height * width);
  for (const { inner } of bandsOf(height, bandRows, 0))
    for (let z = 0; z < depth; z++) {
      const data = await source.read(z, inner);
      const from = inner.y0 * width;
      for (let i = 0; i < data.length; i++) {
        const away = Math.abs(depthMap[from + i] - z);
        if (away < 1) image[from + i] += (1 - away) * data[i];
      }
      await tick();
    }
  return image;
}
