/**
 * On which side of focus a single plane lies, and how confident a model is of it. A perfect objective blurs equally on
 * both sides, so that one plane does not show the side; an aberrated objective blurs differently. A model that has
 * learnt the difference refocuses more sharply in the true direction than in the other.
 */
import { mean } from "../../array/statistics.ts";
import { createFocusMeter, type FocusMeter } from "../../classical/focus/focus-map.ts";
import type { Plane } from "../../image/image.ts";
import type { DirectionCalibration } from "../networks/deep-z.ts";

/** The evidence from one region. */
export interface DirectionReading {
  /** Centre, pixels. */
  x: number;
  y: number;
  /** Logarithm of the sharpness of the outputs at positive distances over that at negative distances. */
  statistic: number;
}

/** Edge of a region, pixels; they overlap by half. */
export const directionTile = 48;

/** Regions below this share of the energy of the sharpest region are ignored. */
const faint = 0.02;

/** The distances that are tested in both directions: half and all of the range that was trained on both sides, um. */
export function directionDistances([low, high]: readonly [number, number]): number[] {
  const reach = Math.min(-low, high);
  return reach > 0 ? [reach / 2, reach] : [];
}

/** Collects the outputs of a model for a plane at positive and negative {@link directionDistances}. */
export interface DirectionMeter {
  add(output: Plane, direction: 1 | -1): void;
  /** Regions with structure; those of empty background are left out. */
  result(): DirectionReading[];
}

export function createDirectionMeter(size: { height: number; width: number }): DirectionMeter {
  const tile = Math.min(directionTile, size.height, size.width);
  const meters = new Map<1 | -1, FocusMeter>();
  return {
    add(output, direction) {
      const meter = meters.get(direction) ?? createFocusMeter(size, { tile });
      meters.set(direction, meter);
      meter.add(output);
    },
    result() {
      const [up, down] = ([1, -1] as const).map((direction) => meters.get(direction)?.result());
      if (!up || !down) return [];
      const sum = (curve: readonly number[]): number => curve.reduce((a, b) => a + Math.max(0, b), 0);
      const all = up.regions.flatMap((row, j) =>
        row.map(({ curve }, i) => ({ x: up.x[i], y: up.y[j], up: sum(curve), down: sum(down.regions[j][i].curve) })),
      );
      const most = Math.max(...all.map((region) => region.up + region.down));
      return all
        .filter((region) => region.up > 0 && region.down > 0 && region.up + region.down >= faint * most)
        .map(({ x, y, up: above, down: below }) => ({ x, y, statistic: Math.log(above / below) }));
    },
  };
}

/** The probability that the focus lies at a positive distance. */
export const probabilityUp = (statistic: number, { gain, bias }: DirectionCalibration): number =>
  1 / (1 + Math.exp(-(gain * statistic + bias)));

/**
 * Mean over regions of the probability of the likelier direction: 0.5 is a guess, 1 is certain; 0.5 without regions.
 */
export function directionConfidence(readings: readonly DirectionReading[], calibration: DirectionCalibration): number {
  if (readings.length === 0) return 0.5;
  const sure = readings.map(({ statistic }) => probabilityUp(statistic, calibration));
  return mean(sure.map((p) => Math.max(p, 1 - p)));
}

/** A region whose direction is known. `group` identifies the field that it belongs to. */
export interface DirectionExample {
  statistic: number;
  up: boolean;
  group: number;
}

/** Minimum number of examples of each direction for a calibration. */
const minExamples = 12;

/**
 * The logistic function that turns the statistic into a probability (Platt 1999). Both directions have the same total
 * weight, and the gain has a small ridge penalty (that of one example at a statistic of 1). `accuracy` is
 * cross-validated: each half of the fields is predicted by a fit to the other half.
 * @returns undefined where there are too few examples, or all from one field
 */
export function calibrateDirection(examples: readonly DirectionExample[]): DirectionCalibration | undefined {
  const ups = examples.filter(({ up }) => up).length;
  const groups = [...new Set(examples.map(({ group }) => group))];
  if (Math.min(ups, examples.length - ups) < minExamples || groups.length < 2) return undefined;
  let right = 0;
  for (const half of [0, 1]) {
    const inside = (example: DirectionExample): boolean => groups.indexOf(example.group) % 2 === half;
    const { gain, bias } = fitLogistic(examples.filter((example) => !inside(example)));
    const others = examples.filter(inside);
    right += others.filter(({ statistic, up }) => gain * statistic + bias > 0 === up).length;
  }
  return { ...fitLogistic(examples), regions: examples.length, accuracy: right / examples.length };
}

/** Newton's method; the ridge keeps the gain finite where the statistic separates the directions perfectly. */
function fitLogistic(examples: readonly DirectionExample[]): { gain: number; bias: number } {
  const ups = examples.filter(({ up }) => up).length;
  const weights = {
    up: examples.length / (2 * Math.max(1, ups)),
    down: examples.length / (2 * Math.max(1, examples.length - ups)),
  };
  let [gain, bias] = [0, 0];
  for (let round = 0; round < 50; round++) {
    let [ga, gb, haa, hab, hbb] = [-gain, 0, 1, 0, 1e-6];
    for (const { statistic: s, up } of examples) {
      const weight = up ? weights.up : weights.down;
      const p = 1 / (1 + Math.exp(-(gain * s + bias)));
      const off = weight * ((up ? 1 : 0) - p);
      const bend = weight * p * (1 - p);
      ga += off * s;
      gb += off;
      haa += bend * s * s;
      hab += bend * s;
      hbb += bend;
    }
    const determinant = haa * hbb - hab * hab;
    const [da, db] = [(hbb * ga - hab * gb) / determinant, (haa * gb - hab * ga) / determinant];
    // Steps are limited, since a whole Newton step could overshoot.
    const damping = Math.min(1, 5 / Math.max(Math.abs(da), Math.abs(db), 1e-12));
    gain += damping * da;
    bias += damping * db;
    if (Math.abs(da) + Math.abs(db) < 1e-9) break;
  }
  return { gain, bias };
}
