/** How faint a hallucination may be to be found in an output: planted ones against empty places. */
import type { Random } from "../array/random.ts";
import type { Plane } from "../image/image.ts";
import { checkOption, defaultThreshold, type HallucinationInput, judge, knownOf } from "./hallucinations.ts";
import { plantHallucinations } from "./planted-hallucinations.ts";
import { maximumNear } from "./spots.ts";

export interface HallucinationRocInput extends HallucinationInput {
  random: Random;
  /** Of the planted structures that the curve is for, 1 being the output's typical structure; default 1. */
  contrast?: number | undefined;
  /** At which the share that is found is measured; default 0.1 to 1.6 by factors of 2. */
  contrasts?: readonly number[] | undefined;
  /** Planted at a time, default 24; fewer where there is no room. */
  count?: number | undefined;
  /** How often, at each contrast; default 2. */
  rounds?: number | undefined;
}

export interface RocPoint {
  threshold: number;
  /** Of empty places that are taken for hallucinated, 0..1. */
  falseAlarmRate: number;
  /** Of planted structures that are found, 0..1. */
  detectionRate: number;
}

export interface HallucinationRoc {
  contrast: number;
  /** From the strictest threshold (nothing found) to the loosest (all). */
  curve: RocPoint[];
  /** Area under the curve: 0.5 is a guess, 1 never errs. */
  auc: number;
  /** How many of the planted structures are found at the map's threshold. */
  found: { contrast: number; share: number }[];
  /** Contrast at which half are found at the map's threshold; undefined where none of the contrasts was enough. */
  halfContrast: number | undefined;
}

/**
 * How well the map tells planted structures from empty places, on this very output: the faintest hallucination that it could have found.
 * @throws as {@link hallucinationMap} and {@link plantHallucinations}
 */
export function hallucinationRoc(input: HallucinationRocInput): HallucinationRoc {
  const { output, reference, fwhm = 3, threshold = defaultThreshold } = input;
  const { random, contrast = 1, contrasts = [0.1, 0.2, 0.4, 0.8, 1.6], count = 24, rounds = 2 } = input;
  checkOption("rounds", rounds, 1, 1e4);
  const known = knownOf(input);
  const aperture = Math.ceil(fwhm / 2);
  const scores = (z: Plane, places: readonly { x: number; y: number }[]) =>
    places.map(({ x, y }) => maximumNear(z, Math.round(x), Math.round(y), aperture));
  const planting = { count, fwhm, random, empty: [reference] };
  const plant = (strength: number): number[] =>
    Array.from({ length: rounds }, () => {
      const { plane, planted } = plantHallucinations(output, { ...planting, contrast: strength });
      return scores(judge(plane, known, threshold).z, planted);
    }).flat();
  const unchanged = judge(output, known, threshold).z;
  const planted = plant(contrast);
  const empty = Array.from({ length: rounds }, () =>
    // Other places than the planted ones, chosen alike.
    scores(unchanged, plantHallucinations(output, { ...planting, contrast: 0 }).planted),
  ).flat();
  const found = [...contrasts]
    .sort((a, b) => a - b)
    .map((one) => {
      const all = one === contrast ? planted : plant(one);
      return { contrast: one, share: all.filter((z) => z >= threshold).length / all.length };
    });
  return { contrast, ...rocOf(planted, empty), found, halfContrast: halfOf(found) };
}

/** Every threshold that changes something; the area counts ties half. */
function rocOf(planted: readonly number[], empty: readonly number[]): { curve: RocPoint[]; auc: number } {
  const thresholds = [...new Set([...planted, ...empty])].sort((a, b) => b - a);
  const share = (all: readonly number[], threshold: number) => all.filter((z) => z >= threshold).length / all.length;
  const curve = [Number.POSITIVE_INFINITY, ...thresholds].map((threshold) => ({
    threshold,
    falseAlarmRate: share(empty, threshold),
    detectionRate: share(planted, threshold),
  }));
  let auc = 0;
  for (let i = 1; i < curve.length; i++) {
    const [a, b] = [curve[i - 1], curve[i]];
    auc += ((b.falseAlarmRate - a.falseAlarmRate) * (a.detectionRate + b.detectionRate)) / 2;
  }
  return { curve, auc };
}

/** Where the straight lines through the shares, from nothing at contrast 0, first reach a half. */
function halfOf(found: readonly { contrast: number; share: number }[]): number | undefined {
  let before = { contrast: 0, share: 0 };
  for (const one of found) {
    if (one.share >= 0.5) {
      const part = (0.5 - before.share) / (one.share - before.share);
      return before.contrast + part * (one.contrast - before.contrast);
    }
    before = one;
  }
  return undefined;
}
