/**
 * The best recorded baseline: the best image without any model, from the recorded planes, smoothed or not, and their
 * interpolation.
 */
import { runThrough } from "../array/breathe.ts";
import { gaussianFilter } from "../array/filters.ts";
import { ParfocalError } from "../errors.ts";
import type { Plane } from "../image/image.ts";
import { detailAgainst } from "./detail.ts";
import { psnr } from "./metrics.ts";
import { ssim } from "./ssim.ts";

/** An input plane of a model. */
export interface RecordedPlane {
  plane: Plane;
  /**
   * z(target) - z(plane), um; 0 where the plane itself is the target, or for a section of it; undefined where it is
   * unknown.
   */
  distance: number | undefined;
}

/** One image that does not need a model. */
export interface RecordedCandidate {
  /** Such as "input plane 1, smoothed by 1.5 px" or "interpolation". */
  name: string;
  image: Plane;
  /**
   * The name of the image before smoothing: a recorded plane, or "interpolation". Equals `name` where the image is not
   * smoothed.
   */
  source: string;
}

/** Standard deviations of the smoothing, pixels: from hardly any to about the width of defocus blur. */
const smoothings = [0.7, 1, 1.5, 2.2, 3] as const;

/**
 * Every recorded plane, unchanged and smoothed by 0.7 to 3 pixels. With several planes also their interpolation,
 * unchanged and smoothed: linear between the two nearest planes on both sides of the target, weighted by 1 / distance
 * where all planes lie on one side, and their mean where a distance is unknown.
 * @param planes one or more, of the same size
 */
export function recordedCandidates(planes: readonly RecordedPlane[]): RecordedCandidate[] {
  if (planes.length === 0) {
    const detail = "no recorded plane was given to compare with";
    throw new ParfocalError("image.unfit", `Recorded baseline: ${detail}.`, { detail });
  }
  const named = planes.map(({ plane }, i) => ({
    source: planes.length === 1 ? "input" : `input plane ${i + 1}`,
    image: plane,
  }));
  if (planes.length > 1) {
    const placed = planes.every(({ distance }) => distance !== undefined);
    named.push({ source: placed ? "interpolation" : "mean of the input planes", image: interpolate(planes) });
  }
  return named.flatMap(({ source, image }) => [
    { source, name: source, image },
    ...smoothings.map((sigma) => ({
      source,
      name: `${source}, smoothed by ${sigma} px`,
      image: gaussianFilter(image, sigma),
    })),
  ]);
}

/**
 * Interpolates between recorded planes by their distances from the target. If a plane has distance 0, the result is
 * that plane; if a distance is unknown, it is the mean of all planes.
 */
export function interpolate(planes: readonly RecordedPlane[]): Plane {
  const { height, width } = planes[0].plane;
  const placed = planes.every(({ distance }) => distance !== undefined);
  const all = planes.map(({ plane, distance = 1 }) => ({ plane, distance: placed ? distance : 1 }));
  const nearest = all.sort((a, b) => Math.abs(a.distance) - Math.abs(b.distance));
  const below = nearest.find(({ distance }) => distance >= 0);
  const above = nearest.find(({ distance }) => distance <= 0);
  const used = below && above ? [...new Set([below, above])] : nearest;
  const tiny = 1e-9;
  const weights = used.map(({ distance }) => 1 / Math.max(tiny, Math.abs(distance)));
  const total = weights.reduce((a, b) => a + b, 0);
  const data = new Float32Array(height * width);
  for (const [k, { plane }] of used.entries()) {
    const weight = weights[k] / total;
    for (let i = 0; i < data.length; i++) data[i] += weight * plane.data[i];
  }
  return { data, height, width };
}

/** A score of the best recorded baseline, and the name of the image that has it. */
export interface BestScore {
  value: number;
  name: string;
}

/** The scores of a {@link RecordedBaseline} without its image. */
export type BaselineScores = Omit<RecordedBaseline, "image">;

export interface RecordedBaseline {
  psnr: BestScore;
  ssim: BestScore;
  /** Mean correlation of three bands of detail, see {@link detailAgainst}. */
  detail: BestScore;
  /** Contrast of detail, see {@link detailAgainst}. */
  contrast: BestScore;
  /** The image with the best PSNR. */
  image: Plane;
}

/**
 * The best recorded baseline: for each score, the best value of all {@link recordedCandidates}. The choice uses the
 * ground truth, which no user could do, so that the baseline is never too easy to beat.
 * @param dataRange of PSNR and SSIM, in the units of the planes
 * @throws image.unfit for planes of different sizes or smaller than 11 x 11
 */
export function bestRecorded(planes: readonly RecordedPlane[], truth: Plane, dataRange: number): RecordedBaseline {
  return runThrough(bestRecordedSteps(planes, truth, dataRange));
}

/** The same as a generator that yields between images, so that the caller can stay responsive. */
export function* bestRecordedSteps(
  planes: readonly RecordedPlane[],
  truth: Plane,
  dataRange: number,
): Generator<void, RecordedBaseline> {
  const candidates = recordedCandidates(planes);
  yield;
  return yield* bestOfSteps(candidates, truth, dataRange);
}

/**
 * The best scores of several images. SSIM and detail are slow, so they are computed only for unsmoothed images and, for
 * each source, for the image with the best PSNR: if noise is the main error, light smoothing raises them as well.
 * @param images one or more
 */
export function bestOf(images: readonly RecordedCandidate[], truth: Plane, dataRange: number): RecordedBaseline {
  return runThrough(bestOfSteps(images, truth, dataRange));
}

function* bestOfSteps(
  images: readonly RecordedCandidate[],
  truth: Plane,
  dataRange: number,
): Generator<void, RecordedBaseline> {
  const scored = images.map((one) => ({ ...one, psnr: psnr(one.image, truth, dataRange) }));
  const higher = <T extends { psnr: number }>(a: T, b: T): T => (b.psnr > a.psnr ? b : a);
  const first = scored.reduce(higher);
  const sources = [...new Set(scored.map(({ source }) => source))];
  const bestOfEach = sources.map((name) => scored.filter(({ source }) => source === name).reduce(higher));
  const judged = scored.filter((one) => one.name === one.source || bestOfEach.includes(one));
  const detailOf = detailAgainst(truth);
  const values: { name: string; ssim: number; mean: number; contrast: number }[] = [];
  for (const { name, image } of judged) {
    yield;
    const { mean, contrast } = detailOf(image);
    yield;
    values.push({ name, ssim: ssim(image, truth, dataRange), mean, contrast });
  }
  const best = (key: "ssim" | "mean" | "contrast"): BestScore =>
    values
      .map((one) => ({ name: one.name, value: one[key] }))
      .reduce((a, b) => (b.value > a.value || Number.isNaN(a.value) ? b : a));
  return {
    psnr: { value: first.psnr, name: first.name },
    ssim: best("ssim"),
    detail: best("mean"),
    contrast: best("contrast"),
    image: first.image,
  };
}
