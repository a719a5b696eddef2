import { mean } from "./statistics.ts";

/** The mean of the values that are known and finite; undefined where there are none. */
export function meanOfKnown(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined && Number.isFinite(value)) as number[];
  return known.length === 0 ? undefined : mean(known);
}
