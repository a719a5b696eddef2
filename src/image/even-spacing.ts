/** Finds whether rising numbers are evenly spaced, and which of them are missing. */

export interface Spacing {
  /** Distance between neighbours; undefined if they are not evenly spaced, even when gaps are allowed. */
  step?: number;
  /** Numbers that are missing between the first and the last, at most `maxMissing`. */
  missing: number[];
  /** How many are missing. */
  missingCount: number;
}

const maxMissing = 1000;

/**
 * Numbers are evenly spaced if every distance is a multiple of the smallest one and at least half of the distances
 * equal it: 1 2 3 5 is even with a gap, 1 2 4 8 is not. Rounding is allowed for: 0.33 0.67 1 is even.
 * @param values rising, no two alike
 */
export function spacingOf(values: readonly number[]): Spacing {
  if (values.length < 2) return { missing: [], missingCount: 0 };
  const distances = values.slice(1).map((value, i) => value - values[i]);
  const smallest = distances.reduce((a, b) => Math.min(a, b));
  const lastDigit = 10 ** -values.reduce((digits, value) => Math.max(digits, decimals(value)), 0);
  const steps = distances.map((distance) => Math.round(distance / smallest));
  // A rounded distance is off by less than its last digit, which must not be mistaken for a step.
  const tolerance = Math.min(1.01 * lastDigit, 0.1 * smallest);
  const uneven = distances.some((distance, i) => Math.abs(distance - steps[i] * smallest) > tolerance * steps[i]);
  if (uneven || 2 * steps.filter((n) => n === 1).length < steps.length) return { missing: [], missingCount: 0 };
  const count = steps.reduce((a, b) => a + b, 0);
  const step = tidy((values[values.length - 1] - values[0]) / count);
  const missing: number[] = [];
  for (let i = 0; i < steps.length && missing.length < maxMissing; i++) {
    for (let k = 1; k < steps[i] && missing.length < maxMissing; k++) missing.push(tidy(values[i] + k * step));
  }
  return { step, missing, missingCount: count - steps.length };
}

function decimals(value: number): number {
  return String(value).split(".")[1]?.length ?? 0;
}

/** 0.30000000000000004 is meant as 0.3. */
function tidy(value: number): number {
  return Number(value.toPrecision(9));
}
