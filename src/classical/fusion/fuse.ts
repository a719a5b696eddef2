/**
 * All of a stack in focus in one image, with the depth of every pixel. Each pixel of the image is taken from one plane, or
 * interpolated between two neighbouring ones: nothing is made up.
 */
import { percentile, StreamingHistogram } from "../../array/statistics.ts";
import { ParfocalError, throwIfAborted } from "../../errors.ts";
import { type Light, lightOf } from "../focus/light.ts";
import { noiseLevel } from "../noise-level.ts";
import { type BestDepth, createBestDepth } from "./best-depth.ts";
import { focusScore, scoreReach } from "./focus-score.ts";
import { addBlockMeans, type Blocks, hazeBlock, hazeOf, hazeRows } from "./haze.ts";
import { bandsOf, type PlaneSource } from "./plane-source.ts";
import { smoothDepth } from "./smooth-depth.ts";

export interface FuseOptions {
  /** How fast the blur of a point widens, pixels of radius a plane; default 2. */
  slope?: number | undefined;
  /** Haze is told and avoided in fluorescence only; default {@link lightOf}. */
  light?: Light | undefined;
  /** Rows that are worked on at a time; the result is the same. */
  bandRows?: number | undefined;
  signal?: AbortSignal | undefined;
  /** Called with the planes that are done, in all three passes. */
  onProgress?: ((progress: { done: number; total: number }) => void) | undefined;
}

export interface Fused {
  /** Counts, `[height, width]`. */
  image: Float32Array;
  /** In planes from 0, between 0 and depth - 1. */
  depth: Float32Array;
  /** How sure the depth is, 0 (taken from the surroundings) to 1. */
  confidence: Float32Array;
  height: number;
  width: number;
  /** Standard deviation of the noise that was found, counts. */
  noise: number;
  light: Light;
}

/** More than this is refused before the start. */
const memoryLimit = 6 * 2 ** 30;

/**
 * Fuses a stack. Three passes over it: haze in blocks of 4 x 4 pixels ({@link hazeOf}); a score for every pixel of every plane
 * ({@link focusScore}), whose maximum over z is the depth, smoothed where it is unsure ({@link smoothDepth}); and the gathering
 * of pixels.
 *
 * @throws `image.unfit` for a single plane, one smaller than 8 x 8 or pixels that are not finite; `usage` for more than 6 GiB of
 * memory; `interrupted`
 */
export async function fuse(source: PlaneSource, options: FuseOptions = {}): Promise<Fused> {
  const { depth, height, width } = source;
  if (depth < 2 || Math.min(height, width) < 8) {
    const detail = `All-in-focus fusion needs a stack of 2 planes or more, of at least 8 x 8 pixels; got ${depth} of ${height} x ${width}.`;
    throw new ParfocalError("image.unfit", detail, { detail });
  }
  const rows = Math.max(256, hazeBlock * Math.ceil(2 ** 20 / width));
  const bandRows = options.bandRows ?? rows;
  refuseTooLarge(source, bandRows);
  const tick = progressOf(depth * (Math.ceil(height / rows) + 2 * Math.ceil(height / bandRows)), options);

  // Not by the caller's bands: the noise must not depend on them.
  const survey = await surveyStack(source, rows, tick);
  const { noise } = survey;
  const light = options.light ?? survey.light;
  const haze = light === "fluorescence" ? hazeOf(survey.blocks, (options.slope ?? 2) / hazeBlock) : undefined;
  const best = await findDepth(source, bandRows, { haze, noise }, tick);
  const confidence = best.contrast.map(confidenceOf);
  const smooth = smoothDepth({ depth: best.depth, confidence, height, width });
  const image = await gather(source, smooth, bandRows, tick);
  return { image, depth: smooth, confidence, height, width, noise, light };
}

/** Bytes: maps of the whole field, blocks of all planes (three numbers each), a band with its reach. */
function refuseTooLarge({ depth, height, width }: PlaneSource, bandRows: number): void {
  const pixels = height * width;
  const rows = Math.min(height, bandRows + 2 * scoreReach);
  const bytes = 32 * pixels + (12 * depth * pixels) / hazeBlock ** 2 + 56 * rows * width;
  if (bytes <= memoryLimit) return;
  const needed = (bytes / 2 ** 30).toPrecision(3);
  throw new ParfocalError(
    "usage",
    `All-in-focus fusion of ${depth} planes of ${height} x ${width} pixels needs about ${needed} GiB; at most ${memoryLimit / 2 ** 30} GiB are used: fuse parts of the field.`,
    { got: `${depth} x ${height} x ${width}`, expected: "a smaller field" },
  );
}

function progressOf(total: number, { signal, onProgress }: FuseOptions): () => Promise<void> {
  let done = 0;
  let rested = performance.now();
  return async () => {
    onProgress?.({ done: ++done, total });
    // Let the caller's events through now and then: an abort, a drawn gauge.
    if (performance.now() - rested > 30) {
      await new Promise((resolve) => setTimeout(resolve, 0));
      rested = performance.now();
    }
    throwIfAborted(signal);
  };
}

interface Survey {
  blocks: Blocks;
  noise: number;
  light: Light;
}

/** Means of blocks, the noise (median over planes and bands), and what kind of light it looks like. */
async function surveyStack(source: PlaneSource, bandRows: number, tick: () => Promise<void>): Promise<Survey> {
  const { depth, height, width } = source;
  const rows = Math.ceil(height / hazeBlock);
  const columns = Math.ceil(width / hazeBlock);
  const planes = Array.from({ length: depth }, () => new Float32Array(rows * columns));
  const histogram = new StreamingHistogram();
  const noises: number[] = [];
  for (let z = 0; z < depth; z++)
    for (const { inner } of bandsOf(height, bandRows, 0)) {
      const data = await source.read(z, inner);
      histogram.add(data);
      addBlockMeans(data, inner.y0, width, height, planes[z]);
      if (inner.count >= 3) noises.push(noiseLevel({ data, height: inner.count, width }));
      await tick();
    }
  const [low, high] = histogram.percentiles([0.1, 99.9]);
  return {
    blocks: { rows, columns, planes },
    // Without any noise (simulations, 8-bit screenshots) a five-hundredth of the range stands for it.
    noise: Math.max(percentile(Float32Array.from(noises), 50), (high - low) / 500, 1e-6 * Math.max(1, Math.abs(high))),
    light: lightOf(histogram),
  };
}

async function findDepth(
  source: PlaneSource,
  bandRows: number,
  { haze, noise }: { haze: Blocks | undefined; noise: number },
  tick: () => Promise<void>,
): Promise<BestDepth> {
  const { depth, height, width } = source;
  const found = { depth: new Float32Array(height * width), contrast: new Float32Array(height * width) };
  for (const { inner, outer } of bandsOf(height, bandRows, scoreReach)) {
    const best = createBestDepth(outer.count * width);
    for (let z = 0; z < depth; z++) {
      const band = { data: await source.read(z, outer), height: outer.count, width };
      best.add(focusScore(band, noise, haze && hazeRows(haze, z, width, outer)));
      await tick();
    }
    const result = best.result();
    const from = (inner.y0 - outer.y0) * width;
    const to = from + inner.count * width;
    found.depth.set(result.depth.subarray(from, to), inner.y0 * width);
    found.contrast.set(result.contrast.subarray(from, to), inner.y0 * width);
  }
  return found;
}

/** Noise alone reaches a contrast of 1 now and then, and detail twice as strong as noise 3. */
function confidenceOf(contrast: number): number {
  const t = Math.min(1, Math.max(0, (contrast - 1) / 2));
  return t * t * (3 - 2 * t);
}

async function gather(
  source: PlaneSource,
  depthMap: Float32Array,
  bandRows: number,
  tick: () => Promise<void>,
): Promise<Float32Array> {
  const { depth, height, width } = source;
  const image = new Float32Array(height * width);
  for (let i = 0; i < depthMap.length; i++) depthMap[i] = Math.min(depth - 1, Math.max(0, depthMap[i]));
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
