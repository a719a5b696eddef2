/**
 * Measures how faint a hallucination can be and still be found in an output, by comparing planted structures with empty
 * places.
 */
import type { Random } from "../array/random.ts";
import type { Plane } from "../image/image.ts";
import { checkOption, defaultThreshold, type HallucinationInput, judge, knownOf } from "./hallucinations.ts";
import { plantHallucinations } from "./planted-hallucinations.ts";
import { maximumNear } from "./spots.ts";

export interface HallucinationRocInput extends HallucinationInput {
  random: Random;
  /**
   * Contrast of the planted structures that the curve is measured with; 1 is that of a typical structure of the output.
   * Default 1.
   */
  contrast?: number | undefined;
  /** Contrasts at which the share that is found is measured; default 0.1 to 1.6 by factors of 2. */
  contrasts?: readonly number[] | undefined;
  /** Number of structures planted at a time, fewer where there is no room; default 24. */
  count?: number | undefined;
  /** Number of plantings at each contrast; default 2. */
  rounds?: number | undefined;
}

export interface RocPoint {
  threshold: number;
  /** Share of empty places that are reported as hallucinated, 0..1. */
  falseAlarmRate: number;
  /** Share of planted structures that are found, 0..1. */
  detectionRate: number;
}

export interface HallucinationRoc {
  contrast: number;
  /** From the highest threshold, where nothing is found, to the lowest. */
  curve: RocPoint[];
  /** Area under the curve: 0.5 is guessing, 1 is perfect. */
  auc: number;
  /** Share of the planted structures that is found at the threshold of the map, for each contrast. */
  found: { contrast: number; share: number }[];
  /**
   * Contrast at which half of them are found at the threshold of the map; undefined where no contrast was sufficient.
   */
  halfContrast: number | undefined;
}

/**
 * Measures how well the hallucination map distinguishes planted structures from empty places, on this output.
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
    // These are other places than the planted ones, chosen in the same way.
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

/** The curve over all thresholds that occur, and the area under it; ties count half. */
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

/** The contrast at which the share, interpolated linearly from 0 at contrast 0, first reaches one half. */
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
