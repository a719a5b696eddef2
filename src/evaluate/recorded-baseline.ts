/** The best of what a user already has before any model: the recorded planes, lightly smoothed, or what lies between them. */
import { gaussianFilter } from "../array/filters.ts";
import { ParfocalError } from "../errors.ts";
import type { Plane } from "../image/image.ts";
import { detailAgainst } from "./detail.ts";
import { psnr } from "./metrics.ts";
import { ssim } from "./ssim.ts";

/** A plane that a model was given. */
export interface RecordedPlane {
  plane: Plane;
  /** z(wanted) - z(plane), um; 0 where the plane itself is wanted, or for a section of it. */
  distance: number;
}

/** One image that needs no model. */
export interface RecordedCandidate {
  /** Such as "input plane 1, smoothed by 1.5 px" or "interpolation". */
  name: string;
  image: Plane;
}

/** Standard deviations of the light smoothing, pixels: from hardly any to about the width of what defocus leaves. */
const smoothings = [0.7, 1.5, 3] as const;

/**
 * Every recorded plane as it is and smoothed by 0.7, 1.5 and 3 pixels; of several planes also their interpolation by distance, as it is and
 * smoothed: linear between the two nearest planes on both sides of the one wanted, and weighted by 1 / distance where all lie on
 * one side.
 * @param planes one or more, of one size
 */
export function recordedCandidates(planes: readonly RecordedPlane[]): RecordedCandidate[] {
  if (planes.length === 0) {
    const detail = "no recorded plane was given to compare with";
    throw new ParfocalError("image.unfit", `Recorded baseline: ${detail}.`, { detail });
  }
  const named = planes.map(({ plane }, i) => ({
    name: planes.length === 1 ? "input" : `input plane ${i + 1}`,
    image: plane,
  }));
  if (planes.length > 1) named.push({ name: "interpolation", image: interpolate(planes) });
  return named.flatMap(({ name, image }) => [
    { name, image },
    ...smoothings.map((sigma) => ({ name: `${name}, smoothed by ${sigma} px`, image: gaussianFilter(image, sigma) })),
  ]);
}

/** A plane between recorded ones, by their distances from it; a recorded plane itself where one has distance 0. */
export function interpolate(planes: readonly RecordedPlane[]): Plane {
  const { height, width } = planes[0].plane;
  const nearest = [...planes].sort((a, b) => Math.abs(a.distance) - Math.abs(b.distance));
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

/** A score of the best recorded baseline, and which image has it. */
export interface BestScore {
  value: number;
  name: string;
}

export interface RecordedBaseline {
  psnr: BestScore;
  ssim: BestScore;
  /** Mean correlation of three bands of detail, see {@link detailAgainst}. */
  detail: BestScore;
  /** The image with the best PSNR. */
  image: Plane;
}

/**
 * The best recorded baseline: for each score, the best that any of the {@link recordedCandidates} reaches. The choice is made with the
 * ground truth at hand, which no user can do, so that it is never too easy to beat. SSIM and detail are computed of the images that are not
 * smoothed and of the one with the best PSNR.
 * @param dataRange of PSNR and SSIM, in the units of the planes
 * @throws image.unfit for planes of different sizes or smaller than 11 x 11
 */
export function bestRecorded(planes: readonly RecordedPlane[], truth: Plane, dataRange: number): RecordedBaseline {
  const candidates = recordedCandidates(planes).map((one) => ({ ...one, psnr: psnr(one.image, truth, dataRange) }));
  const first = candidates.reduce((a, b) => (b.psnr > a.psnr ? b : a));
  const judged = candidates.filter((one) => one === first || !one.name.includes("smoothed"));
  const detailOf = detailAgainst(truth);
  const best = (scoreOf: (image: Plane) => number): BestScore => {
    const scored = judged.map(({ name, image }) => ({ name, value: scoreOf(image) }));
    return scored.reduce((a, b) => (b.value > a.value || Number.isNaN(a.value) ? b : a));
  };
  return {
    psnr: { value: first.psnr, name: first.name },
    ssim: best((image) => ssim(image, truth, dataRange)),
    detail: best((image) => detailOf(image).mean),
    image: first.image,
  };
}
